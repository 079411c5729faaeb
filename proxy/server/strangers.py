"""Who came and was never let in: counted at once, and summed up in the ledger.

Anybody who reaches the port can fail as often as they like, so a failure is no entry of its own:
the disk would be theirs to fill. The first ones are summed up after a second, and while it goes on
after two, four and up to sixty: one entry for each reason.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.record.recorder import Finding, Recorder
from proxy.telemetry.labels import NotLetIn
from proxy.telemetry.metrics import Metrics
from proxy.wire.postgres.parameters import ParameterRefused

RULE_PREFIX: Final = "not-let-in-"
_FIRST_SECONDS: Final = 1.0
_SECONDS_MAX: Final = 60.0
_NAMED_MAX: Final = 32
_NAME_CHARACTERS_MAX: Final = 63

_BY_LABEL: Final = {
    "channel-binding": NotLetIn.BINDING,
    "client-left": NotLetIn.LEFT,
    "encryption-required": NotLetIn.ENCRYPTION,
    "message-too-large": NotLetIn.PROTOCOL,
    "other-verifier": NotLetIn.PASSWORD,
    "policy-changed": NotLetIn.SESSION,
    "protocol": NotLetIn.PROTOCOL,
    "startup-parameter": NotLetIn.PARAMETER,
    "startup-timeout": NotLetIn.TIMEOUT,
    "tls": NotLetIn.TLS,
    "too-many-connections": NotLetIn.PLACES,
    "unknown-database": NotLetIn.UNKNOWN_DATABASE,
    "unsupported-session": NotLetIn.SESSION,
    "unusable-certificate": NotLetIn.TLS,
    "upstream": NotLetIn.UPSTREAM,
    "other-method": NotLetIn.UPSTREAM,
    "wrong-proof": NotLetIn.PASSWORD,
}
# SQLSTATE class 28: invalid authorization specification.
_NOT_AUTHORISED: Final = "28"
# What says nothing about a client (who looks whether the port is open leaves, too), and what has
# an entry of its own.
_NOT_SUMMED_UP: Final = frozenset(
    {NotLetIn.LEFT, NotLetIn.UPSTREAM, NotLetIn.PRINCIPAL, NotLetIn.PRINCIPAL_PLACES}
)


class Strangers:
    """Of one worker."""

    def __init__(self, recorder: Recorder, metrics: Metrics | None = None) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._counts: Counter[NotLetIn] = Counter()
        self._sources: dict[NotLetIn, Counter[str]] = {}
        self._users: dict[NotLetIn, Counter[str]] = {}
        self._since = 0.0
        self._seconds = _FIRST_SECONDS
        self._timer: asyncio.TimerHandle | None = None

    def failed(self, error: FengcunError, source: str, user: str = "") -> None:
        """An error of ours kept somebody out."""
        self.turned_away(_BY_LABEL.get(error.label, NotLetIn.INTERNAL), source, user)
        if self._metrics is None:
            return
        if isinstance(error, ProtocolViolation | ParameterRefused):
            self._metrics.protocol_violated(error.label)
        elif isinstance(error, UpstreamUnavailable):
            self._metrics.upstream_failed(error.label)

    def refused(self, sqlstate: str, source: str, user: str) -> None:
        """The database itself did not let somebody in."""
        password = sqlstate.startswith(_NOT_AUTHORISED)
        self.turned_away(NotLetIn.PASSWORD if password else NotLetIn.DATABASE, source, user)

    def turned_away(self, reason: NotLetIn, source: str, user: str = "") -> None:
        """Somebody was kept out. `source` is an address; neither is shown outside the ledger."""
        if self._metrics is not None:
            self._metrics.not_let_in(reason)
        if reason in _NOT_SUMMED_UP:
            return
        if not self._counts:
            self._since = time.time()
        self._counts[reason] += 1
        _count(self._sources.setdefault(reason, Counter()), source)
        _count(self._users.setdefault(reason, Counter()), user[:_NAME_CHARACTERS_MAX])
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._seconds, self._due)

    def sum_up(self) -> None:
        """Submit what was counted so far."""
        until = time.time()
        counts, self._counts = self._counts, Counter()
        sources, self._sources = self._sources, {}
        users, self._users = self._users, {}
        for reason, count in counts.items():
            content = {"sources": dict(sources[reason]), "users": dict(users[reason])}
            rule = RULE_PREFIX + reason.value
            self._recorder.finding(Finding(rule, count, self._since, until, content))

    def close(self) -> None:
        """The last of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.sum_up()

    def _due(self) -> None:
        self._timer = None
        if not self._counts:
            self._seconds = _FIRST_SECONDS
            return
        self.sum_up()
        self._seconds = min(2 * self._seconds, _SECONDS_MAX)
        # Looks once more, so that it is quick again after a quiet while.
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._due)


def _count(counter: Counter[str], name: str) -> None:
    """Beyond so many names the others are one: what is kept does not grow with them."""
    if not name:
        return
    counter[name if name in counter or len(counter) < _NAMED_MAX else "..."] += 1
