"""How often somebody may try a password, and what the ledger is told of it.

Counted by officer and source together, by source, and by officer: the first stops somebody who
tries at one desk, the second somebody who tries many names, the third many sources. An officer
whom strangers shut out so can be let in again by a restart. Pure but for its clock, which is
handed in; what is kept is bounded.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

LOCK_SECONDS: Final = 900.0
PAIR_MAX: Final = 5
SOURCE_MAX: Final = 25
OFFICER_MAX: Final = 50
_KEPT_MAX: Final = 8_192
_NAMED_MAX: Final = 32

Clock = Callable[[], float]


@dataclass(slots=True)
class _Count:
    failures: int
    last: float


class Attempts:
    """Failures of late. `clock` gives seconds that only grow."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str | None, str | None], _Count] = OrderedDict()

    def locked_seconds(self, name: str, source: str) -> float:
        """How long nobody of this name may try from there; 0: they may."""
        now = self._clock()
        left = 0.0
        for key, failures_max in _keys(name, source):
            count = self._counts.get(key)
            if count is not None and count.failures >= failures_max:
                left = max(left, count.last + LOCK_SECONDS - now)
        return left

    def failed(self, name: str, source: str) -> None:
        """A password was wrong."""
        now = self._clock()
        for key, _ in _keys(name, source):
            count = self._counts.get(key)
            if count is None or now - count.last >= LOCK_SECONDS:
                self._counts[key] = _Count(1, now)
            else:
                count.failures += 1
                count.last = now
            self._counts.move_to_end(key)
        while len(self._counts) > _KEPT_MAX:
            self._counts.popitem(last=False)

    def succeeded(self, name: str, source: str) -> None:
        """It was right. What the source did with other names stays."""
        for key, _ in _keys(name, source)[:1]:
            self._counts.pop(key, None)


def _keys(name: str, source: str) -> list[tuple[tuple[str | None, str | None], int]]:
    network = network_of(source)
    return [
        ((name, network), PAIR_MAX),
        ((None, network), SOURCE_MAX),
        ((name, None), OFFICER_MAX),
    ]


def network_of(source: str) -> str:
    """What counts as one source: an address, or the /64 that one host of IPv6 has."""
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or f"{address.exploded[:19]}::/64")
    return str(address)


@dataclass(slots=True)
class Failures:
    """What is summed up in one finding: how many, of whom, from where."""

    since: float = 0.0
    count: int = 0
    officers: Counter[str] | None = None
    sources: Counter[str] | None = None

    def add(self, officer: str | None, source: str, now: float) -> None:
        """`officer` None for a name that is nobody's: what people type there may be a password."""
        if not self.count:
            self.since, self.officers, self.sources = now, Counter(), Counter()
        self.count += 1
        for counter, name in ((self.officers, officer or "?"), (self.sources, source)):
            if counter is not None:
                known = name in counter or len(counter) < _NAMED_MAX
                counter[name if known else "other"] += 1

    def content(self) -> dict[str, object]:
        """For the supervisors."""
        return {"officers": dict(self.officers or {}), "sources": dict(self.sources or {})}
