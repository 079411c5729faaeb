"""The portals and cursors of a session: which of them end when a transaction or a savepoint does.

As portalmem.c has it: what was opened since a savepoint ends when it is rolled back to, all ends
with the transaction, and only a WITH HOLD cursor that a COMMIT has kept goes on. Where the proxy
cannot tell, the name counts as gone, which costs an answer.
"""

from __future__ import annotations

from proxy.session.commands import Unit
from proxy.session.names import Change, Names, Portal
from proxy.session.savepoints import FollowsTransaction


class Portals(FollowsTransaction[int], Names[Portal]):
    """The namespace of portals. A savepoint remembers how many had been opened before it."""

    def __init__(self) -> None:
        super().__init__()
        self._opened_count = 0
        # The records of what was bound and is gone without having been executed.
        self.unused: list[Unit] = []

    def settle(self, change: Change[Portal], *, done: bool) -> None:
        """As for any name; an opened portal belongs to the savepoints that are set by now."""
        if done and change.value is not None:
            self._opened_count += 1
            change.value.number = self._opened_count
        super().settle(change, done=done)

    def drop(self, name: bytes) -> None:
        """The name went away."""
        portal = self._known.get(name)
        if portal is not None and portal.unit is not None:
            self.unused.append(portal.unit)
        super().drop(name)

    def end_transaction(self, *, committed: bool) -> None:
        """COMMIT, ROLLBACK, or the end of what ran outside a transaction block."""
        self._savepoints.clear()
        self.drop_all(but=lambda portal: portal.kept or (committed and portal.held))
        for portal in self.values():
            portal.kept = True

    def _stands(self) -> int:
        return self._opened_count

    def _go_back(self, stood: int) -> None:
        self.drop_all(but=lambda portal: portal.kept or portal.number <= stood)

    def _forget(self) -> None:
        self.end_transaction(committed=False)
