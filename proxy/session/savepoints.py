"""The savepoints of a transaction, and what of a session stood when each was set. Pure.

A name may be set again: the older one of that name is hidden behind the newer (xact.c).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from proxy.statement.commands import TransactionControl

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


class FollowsTransaction(ABC, Generic[T]):
    """Something of a session that a transaction can take back. ``T`` is what has to be remembered
    of it to go back to a savepoint."""

    def __init__(self) -> None:
        super().__init__()
        self._savepoints: Savepoints[T] = Savepoints()

    def follow(self, control: TransactionControl, *, failed: bool) -> None:
        """A statement about the transaction was executed; `failed`: in one that had failed."""
        match control.kind:
            case "SAVEPOINT":
                self._savepoints.set(control.savepoint, self._stands())
            case "RELEASE" | "ROLLBACK_TO":
                self._leave(control)
            case kind:
                self.end_transaction(committed=kind == "COMMIT" and not failed)

    def _leave(self, control: TransactionControl) -> None:
        try:
            if control.kind == "RELEASE":
                self._savepoints.release(control.savepoint)
            else:
                self._go_back(self._savepoints.roll_back(control.savepoint))
        except Forgotten:
            self._forget()

    @abstractmethod
    def end_transaction(self, *, committed: bool) -> None:
        """COMMIT, ROLLBACK, or the end of what ran outside a transaction block."""

    @abstractmethod
    def _stands(self) -> T:
        """What to come back to."""

    @abstractmethod
    def _go_back(self, stood: T) -> None:
        """As it was then."""

    @abstractmethod
    def _forget(self) -> None:
        """What is there now cannot be told: whatever costs an answer, never a row."""
