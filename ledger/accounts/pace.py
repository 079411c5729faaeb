"""How often something may be done: so many at once, and so many a minute after that."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from ledger.accounts.attempts import Clock

_KEPT_MAX: Final = 4_096


class Pace:
    """A bucket of tokens for each name. `clock` gives seconds that only grow."""

    def __init__(self, burst: int, per_minute: float, clock: Clock) -> None:
        self._burst = burst
        self._per_second = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_seconds(self, name: str) -> float:
        """0 where it may be done now, which is counted; else how long it may not be."""
        now = self._clock()
        tokens, seen = self._buckets.get(name, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - seen) * self._per_second)
        allowed = tokens >= 1
        self._buckets[name] = (tokens - 1 if allowed else tokens, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > _KEPT_MAX:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - tokens) / self._per_second
