"""How long clients are waited for: one look at all sessions of a worker, and no timer for any.

A look that finds something begins to count, and one that finds it unchanged after the time for it
ends the session. So it ends at the earliest when its time has come, and a quarter of it later at
most (five seconds later, where the times are long).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from proxy.policy.decision import Decision
from proxy.server.relay import Relay
from proxy.session.refusals import IDLE_IN_TRANSACTION, IDLE_SESSION, SLOW_CLIENT
from proxy.session.session import Rest

_LOOKS: Final = 4
_LOOK_SECONDS_MIN: Final = 0.05
_LOOK_SECONDS_MAX: Final = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until a session ends whose client does nothing, or takes nothing of what waits for
    it; None: never."""

    idle_seconds: float | None = None
    in_transaction_seconds: float | None = None
    slow_seconds: float | None = None

    @property
    def look_seconds(self) -> float | None:
        """How often to look; None where there is nothing to look for."""
        limits = (self.idle_seconds, self.in_transaction_seconds, self.slow_seconds)
        given = [limit for limit in limits if limit is not None]
        if not given:
            return None
        return min(max(min(given) / _LOOKS, _LOOK_SECONDS_MIN), _LOOK_SECONDS_MAX)

    def with_rest(self, rest: Rest) -> float | None:
        """The limit for a session that waits for its client."""
        return self.idle_seconds if rest is Rest.BETWEEN else self.in_transaction_seconds


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a session was doing, and since when at least: equal sights are the same waiting."""

    sight: tuple[Decision, int]
    since: float


class Watch:
    """Ends the sessions that `patience` does not wait for any more. The clock is passed in."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._seen: dict[Relay, _Seen] = {}

    def look(self, relays: Iterable[Relay], now: float) -> None:
        """Look at all sessions there are."""
        before, self._seen = self._seen, {}
        for relay in relays:
            found = self._found(relay)
            if found is None:
                continue
            seconds_max, sight = found
            seen = before.get(relay)
            if seen is None or seen.sight != sight:
                seen = _Seen(sight, now)
            if now - seen.since >= seconds_max:
                relay.expire(sight[0])
            else:
                self._seen[relay] = seen

    def _found(self, relay: Relay) -> tuple[float, tuple[Decision, int]] | None:
        patience, taken_bytes = self._patience, relay.untaken
        if taken_bytes is not None and patience.slow_seconds is not None:
            return patience.slow_seconds, (SLOW_CLIENT, taken_bytes)
        rest = relay.rests
        seconds_max = None if rest is None else patience.with_rest(rest)
        if seconds_max is None:
            return None
        decision = IDLE_SESSION if rest is Rest.BETWEEN else IDLE_IN_TRANSACTION
        return seconds_max, (decision, relay.steps_count)

    async def keep_looking(self, relays: Callable[[], Iterable[Relay]]) -> None:
        """Until cancelled, or at once where nothing is looked for."""
        interval_seconds = self._patience.look_seconds
        if interval_seconds is None:
            return
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(interval_seconds)
            self.look(list(relays()), loop.time())
