"""The temporary tables that a session may have, by name.

Where the proxy cannot tell whether one is there, it counts as there: its name is then sent with its
schema, and if it is not there after all, the server says so. The other mistake would let a name
that was judged as a lasting table's mean a temporary one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from proxy.session.plan import Effect
from proxy.session.savepoints import Forgotten, Savepoints
from proxy.statement.commands import TransactionControl
from proxy.statement.temporary import DropTemporaries, MakeTemporary

TEMPORARIES_MAX: Final = 1_000
"""Each is part of what every statement of the session is judged by."""


class Temporaries:
    """``names`` as the next statement finds them, if nothing before it fails; the same object as
    long as they are the same."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        # What a ROLLBACK brings back, and what a COMMIT takes away.
        self._before: frozenset[str] = frozenset()
        self._dropped_at_end: frozenset[str] = frozenset()
        # The names, and those that a COMMIT takes away.
        self._savepoints: Savepoints[tuple[frozenset[str], frozenset[str]]] = Savepoints()

    @property
    def full(self) -> bool:
        """There may be no more."""
        return len(self.names) >= TEMPORARIES_MAX

    def make(self, change: MakeTemporary) -> None:
        """The server has made one."""
        self.names |= {change.name}
        if change.dropped_at_end:
            self._dropped_at_end |= {change.name}
        else:
            self._dropped_at_end -= {change.name}

    def failed(self, effects: Collection[Effect]) -> None:
        """A text of several statements failed, nobody knows at which: a COMMIT in it may have kept
        what it made before."""
        made = {each.name for each in effects if isinstance(each, MakeTemporary)}
        if made and any(_commits(each) for each in effects):
            self.names |= made
            self._before |= made
            self._dropped_at_end -= made

    def drop(self, change: DropTemporaries) -> None:
        """The server has dropped some, or all."""
        self.names = self.names - {*change.names} if change.names is not None else frozenset()

    def follow(self, control: TransactionControl, *, failed: bool) -> None:
        """A statement about the transaction was executed; `failed`: in one that had failed."""
        match control.kind:
            case "SAVEPOINT":
                self._savepoints.set(control.savepoint, (self.names, self._dropped_at_end))
            case "RELEASE" | "ROLLBACK_TO":
                self._leave(control)
            case kind:
                self.end_transaction(committed=kind == "COMMIT" and not failed)

    def _leave(self, control: TransactionControl) -> None:
        try:
            if control.kind == "RELEASE":
                self._savepoints.release(control.savepoint)
            else:
                self.names, self._dropped_at_end = self._savepoints.roll_back(control.savepoint)
        except Forgotten:
            self.names = self.names.union(self._before, *(names for names, _ in self._savepoints))
            self._dropped_at_end = frozenset()

    def end_transaction(self, *, committed: bool) -> None:
        """COMMIT, ROLLBACK, or the end of what ran outside a transaction block."""
        if not committed:
            self.names = self._before
        elif self._dropped_at_end:
            self.names = self.names - self._dropped_at_end
        self._before = self.names
        self._dropped_at_end = frozenset()
        self._savepoints.clear()


def _commits(effect: Effect) -> bool:
    return isinstance(effect, TransactionControl) and effect.kind == "COMMIT"
