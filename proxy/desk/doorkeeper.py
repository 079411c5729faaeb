"""The doorkeeper of the desk: what failed is a finding for the supervisors, and a metric."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from ledger.accounts import doorkeeper, sittings
from ledger.accounts.attempts import Clock, Failures
from ledger.accounts.doorkeeper import Login
from proxy.desk.officers import Account, Roster
from proxy.record.recorder import Finding
from proxy.telemetry.labels import DeskLogin
from proxy.telemetry.metrics import Metrics

Sitting = sittings.Sitting[Account]
RULE: Final = "desk-login-refused"
_COUNTED: Final = {
    Login.LET_IN: DeskLogin.LET_IN,
    Login.REFUSED: DeskLogin.REFUSED,
    Login.LOCKED: DeskLogin.LOCKED,
}


class Findings(Protocol):
    """What is needed of `proxy.record.recorder.Recorder`."""

    def finding(self, finding: Finding) -> None: ...


class Doorkeeper(doorkeeper.Doorkeeper[Account]):
    """Of one desk. Belongs to the loop that made it."""

    def __init__(
        self,
        roster: Roster,
        recorder: Findings,
        metrics: Metrics,
        *,
        clock: Clock = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        def told(failures: Failures) -> None:
            content = failures.content()
            found = Finding(RULE, failures.count, failures.since, time.time(), content)
            recorder.finding(found)

        def counted(login: Login) -> None:
            metrics.desk_login(_COUNTED[login])

        super().__init__(roster, told=told, counted=counted, clock=clock, pause=pause)
