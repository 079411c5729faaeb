"""The temporary tables that a session may have, by name.

Where the proxy cannot tell whether one is there, it counts as there: its name is then sent with its
schema, and if it is not there after all, the server says so. The other mistake would let a name
that was judged as a lasting table's mean a temporary one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from proxy.session.plan import Effect
from proxy.session.savepoints import FollowsTransaction
from proxy.statement.commands import TransactionControl
from proxy.statement.temporary import DropTemporaries, MakeTemporary

TEMPORARIES_MAX: Final = 1_000
"""Each is part of what every statement of the session is judged by."""

# The names, and those of them that a COMMIT takes away.
_Names = tuple[frozenset[str], frozenset[str]]


class Temporaries(FollowsTransaction[_Names]):
    """``names`` as the next statement finds them, if nothing before it fails; the same object as
    long as they are the same."""

    def __init__(self) -> None:
        super().__init__()
        self.names: frozenset[str] = frozenset()
        # What a ROLLBACK brings back, and what a COMMIT takes away.
        self._before: frozenset[str] = frozenset()
        self._dropped_at_end: frozenset[str] = frozenset()

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

    def end_transaction(self, *, committed: bool) -> None:
        """COMMIT, ROLLBACK, or the end of what ran outside a transaction block."""
        if not committed:
            self.names = self._before
        elif self._dropped_at_end:
            self.names = self.names - self._dropped_at_end
        self._before = self.names
        self._dropped_at_end = frozenset()
        self._savepoints.clear()

    def _stands(self) -> _Names:
        return self.names, self._dropped_at_end

    def _go_back(self, stood: _Names) -> None:
        self.names, self._dropped_at_end = stood

    def _forget(self) -> None:
        self.names = self.names.union(self._before, *(names for names, _ in self._savepoints))
        self._dropped_at_end = frozenset()


def _commits(effect: Effect) -> bool:
    return isinstance(effect, TransactionControl) and effect.kind == "COMMIT"
