"""Logs officers in: their passwords, how often they may be tried, and who sits at the desk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from proxy.desk.attempts import Attempts, Clock, Failures
from proxy.desk.officers import Account, Roster, officer_name
from proxy.desk.sittings import Sitting, Sittings, Way
from proxy.errors import FengcunError
from proxy.record.recorder import Finding
from proxy.telemetry.labels import DeskLogin
from proxy.telemetry.metrics import Metrics

RULE: Final = "desk-login-refused"
DELAY_SECONDS: Final = 1.0
_AT_ONCE_MAX: Final = 2
_WAITING_MAX: Final = 32
_SUM_UP_SECONDS: Final = 60.0


class Findings(Protocol):
    """What is needed of `proxy.record.recorder.Recorder`."""

    def finding(self, finding: Finding) -> None: ...


class NotLoggedIn(FengcunError):
    """Name or password is wrong; which of them is not said."""


class TooManyAttempts(FengcunError):
    """``retry_seconds``: not before then."""

    def __init__(self, retry_seconds: float) -> None:
        self.retry_seconds = retry_seconds
        super().__init__("too many attempts")


class Doorkeeper:
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
        self._roster = roster
        self._recorder = recorder
        self._metrics = metrics
        self._attempts = Attempts(clock)
        self._sittings = Sittings(clock)
        self._pause = pause
        self._places = asyncio.Semaphore(_AT_ONCE_MAX)
        self._waiting_count = 0
        self._failures = Failures()
        self._timer: asyncio.TimerHandle | None = None

    async def check(self, name: str, password: str, source: str) -> Account:
        """Whose password this is. Raises `NotLoggedIn` and `TooManyAttempts`; both for names that
        are nobody's, too, and after the same time."""
        if self._waiting_count >= _WAITING_MAX:
            raise TooManyAttempts(1.0)
        self._waiting_count += 1
        try:
            async with self._places:
                account = await self._tried(name, password, source)
        finally:
            self._waiting_count -= 1
        if account is None:
            await self._pause(DELAY_SECONDS)
            raise NotLoggedIn("officer or password is wrong")
        self._metrics.desk_login(DeskLogin.LET_IN)
        return account

    async def _tried(self, name: str, password: str, source: str) -> Account | None:
        try:
            name = officer_name(name)
        except ValueError:
            name = "?"
        if (left := self._attempts.locked_seconds(name, source)) > 0:
            self._metrics.desk_login(DeskLogin.LOCKED)
            raise TooManyAttempts(left)
        await asyncio.to_thread(self._roster.look)
        account = self._roster.accounts.get(name)
        kept = self._roster.nobody if account is None else account.password
        fits = await asyncio.to_thread(kept.fits, password)
        if account is not None and fits:
            self._attempts.succeeded(name, source)
            return account
        self._attempts.failed(name, source)
        self._metrics.desk_login(DeskLogin.REFUSED)
        self._note(None if account is None else name, source)
        return None

    async def find(self, token: str, way: Way) -> Sitting | None:
        """Whose token this is; None where it is nobody's any more."""
        await asyncio.to_thread(self._roster.look)
        return self._sittings.find(token, way, self._roster.accounts)

    def begin(self, account: Account, way: Way) -> tuple[str, Sitting]:
        """A token for who was checked."""
        return self._sittings.begin(account, way)

    def end(self, token: str) -> None:
        """Log out."""
        self._sittings.end(token)

    def close(self) -> None:
        """The last of what the ledger is told."""
        if self._timer is not None:
            self._timer.cancel()
        self._sum_up()

    def _note(self, officer: str | None, source: str) -> None:
        self._failures.add(officer, source, time.time())
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SUM_UP_SECONDS, self._sum_up)

    def _sum_up(self) -> None:
        self._timer = None
        failures, self._failures = self._failures, Failures()
        if failures.count:
            found = Finding(RULE, failures.count, failures.since, time.time(), failures.content())
            self._recorder.finding(found)
