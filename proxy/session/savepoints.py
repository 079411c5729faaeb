"""The savepoints of a transaction, and what of a session stood when each was set. Pure.

A name may be set again: the older one of that name is hidden behind the newer (xact.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

SAVEPOINTS_MAX: Final = 1_000
"""Older ones are forgotten: whoever goes back to one of them is told so by `Forgotten`."""

T = TypeVar("T")


class Forgotten(Exception):
    """There may have been a savepoint of that name; what stood then is not known."""


class Savepoints(Generic[T]):
    """Each with what stood before it."""

    def __init__(self) -> None:
        self._set: list[tuple[str, T]] = []

    def __iter__(self) -> Iterator[T]:
        """What stood before each, the oldest first."""
        return (stood for _, stood in self._set)

    def set(self, name: str, stood: T) -> None:
        """SAVEPOINT."""
        self._set.append((name, stood))
        del self._set[:-SAVEPOINTS_MAX]

    def release(self, name: str) -> None:
        """RELEASE: forgets it and those behind it. Raises `Forgotten`."""
        del self._set[self._find(name) :]

    def roll_back(self, name: str) -> T:
        """ROLLBACK TO: forgets those behind it; what stood before it. Raises `Forgotten`."""
        found = self._find(name)
        del self._set[found + 1 :]
        return self._set[found][1]

    def clear(self) -> None:
        """The transaction has ended."""
        self._set.clear()

    def _find(self, name: str) -> int:
        for number in range(len(self._set) - 1, -1, -1):
            if self._set[number][0] == name:
                return number
        raise Forgotten
