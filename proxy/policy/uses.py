"""How often each permit was used. Pure.

A use is one recorded decision that names the permit and serves something. Uses never come back, so
a permit that has none left never has one again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a permit by its number, of ``most`` in all."""

    permit: str
    most: int


class Uses:
    """Of all permits that may be used only so often. The service has the only one, so it is exact
    for all workers together."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        """``counts``: what was recorded so far, by numbers."""
        self._counts = dict(counts or {})

    def take(self, wanted: Sequence[Use]) -> tuple[str, ...]:
        """The numbers of those that are used up. Where there are none, all are counted; else none
        is."""
        used_up = tuple(use.permit for use in wanted if self._used(use.permit) >= use.most)
        if not used_up:
            for use in wanted:
                self._counts[use.permit] = self._used(use.permit) + 1
        return used_up

    def has(self, use: Use) -> bool:
        """Whether one is left."""
        return self._used(use.permit) < use.most

    def _used(self, number: str) -> int:
        return self._counts.get(number, 0)
