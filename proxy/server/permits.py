"""The permits in force in one process, by a clock that does not go back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

from proxy.names import PrincipalName
from proxy.policy.permit import Permit

Clock = Callable[[], float]


class HighWater:
    """How late it is at least, in Unix seconds: as late as it ever was, and as much later as has
    passed since, whatever the clock of the machine is set to."""

    def __init__(self, wall: Clock = time.time, monotonic: Clock = time.monotonic) -> None:
        self.wall = wall
        self._monotonic = monotonic
        self._reached, self._read_at = wall(), monotonic()

    def now(self) -> float:
        """Never less than before."""
        read_at = self._monotonic()
        self._reached = max(self.wall(), self._reached + max(0.0, read_at - self._read_at))
        self._read_at = read_at
        return self._reached

    def raise_to(self, seconds: float) -> None:
        """Another process has seen it that late."""
        self._reached = max(self._reached, seconds)


class Permits:
    """All that were granted, replaced as a whole.

    A permit begins by the clock of the machine and ends by the `HighWater`: a clock that is set
    back takes something away and revives nothing.
    """

    def __init__(self, clock: HighWater | None = None) -> None:
        self.clock = clock or HighWater()
        self.used_up: frozenset[Permit] = frozenset()
        self._by_principal: dict[PrincipalName, tuple[Permit, ...]] = {}

    def replace(self, permits: Iterable[Permit]) -> None:
        """From now on these are in force, and no others. Raises ValueError where two of them have
        one number; then nothing changes."""
        found: dict[PrincipalName, list[Permit]] = {}
        numbers = set()
        for permit in sorted(permits, key=lambda each: each.number):
            if permit.number in numbers:
                raise ValueError("two permits have the same number")
            numbers.add(permit.number)
            found.setdefault(permit.principal, []).append(permit)
        self._by_principal = {name: tuple(each) for name, each in found.items()}
        self.used_up &= {each for of_one in found.values() for each in of_one}

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None:
        """These permits of a principal have no use left, and never will: see `used_up`."""
        known = self._by_principal.get(principal, ())
        self.used_up |= {each for each in known if each.number in numbers}

    def of(self, principal: PrincipalName) -> tuple[Permit, ...]:
        """Those of a principal that are in force now, by their numbers."""
        known = self._by_principal.get(principal)
        if known is None:
            return ()
        began_by, ends_after = self.clock.wall(), self.clock.now()
        return tuple(
            each for each in known if each.valid_from <= began_by and ends_after < each.valid_until
        )
