"""How often one address may look at the public page of verification. Pure but for its clock.

A bucket for each source, which holds what it may take at once and fills again evenly. What is kept
is bounded: of more sources than that the ones that were quiet longest begin afresh.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxy.desk.attempts import network_of

KEPT_MAX: Final = 8_192
_MINUTE_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Bucket:
    left: float
    filled_at: float


class Pace:
    """``clock`` gives seconds that only grow."""

    def __init__(self, per_minute: int, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_seconds(self, source: str) -> float:
        """How long until an address may; 0: it may now, and has."""
        now, network = self._clock(), network_of(source)
        bucket = self._buckets.setdefault(network, _Bucket(self._per_minute, now))
        self._buckets.move_to_end(network)
        if len(self._buckets) > KEPT_MAX:
            self._buckets.popitem(last=False)
        per_second = self._per_minute / _MINUTE_SECONDS
        bucket.left = min(self._per_minute, bucket.left + (now - bucket.filled_at) * per_second)
        bucket.filled_at = now
        if bucket.left < 1.0:
            return (1.0 - bucket.left) / per_second
        bucket.left -= 1.0
        return 0.0
