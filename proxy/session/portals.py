"""The portals and cursors of a session: which of them end when a transaction or a savepoint does.

As portalmem.c has it: what was opened since a savepoint ends when it is rolled back to, all ends
with the transaction, and only a WITH HOLD cursor that a COMMIT has kept goes on. Where the proxy
cannot tell, the name counts as gone, which costs an answer.
"""

from __future__ import annotations

from typing import Final

from proxy.session.commands import Unit
from proxy.session.names import Change, Names, Portal
from proxy.statement.commands import TransactionControl

SAVEPOINTS_MAX: Final = 1_000
"""Older ones are forgotten: whoever goes back to one of them loses the names of its portals."""


class Portals(Names[Portal]):
    """The namespace of portals, with the savepoints that are set."""

    def __init__(self) -> None:
        super().__init__()
        self._opened_count = 0
        # The records of what was bound and is gone without having been executed.
        self.unused: list[Unit] = []
        # The name of each savepoint, with how many portals had been opened before it.
        self._savepoints: list[tuple[str, int]] = []

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

    def follow(self, control: TransactionControl, *, failed: bool) -> None:
        """A statement about the transaction was executed; `failed`: in one that had failed."""
        match control.kind:
            case "SAVEPOINT":
                # An older one of the same name is hidden behind it.
                self._savepoints.append((control.savepoint, self._opened_count))
                del self._savepoints[:-SAVEPOINTS_MAX]
            case "RELEASE" | "ROLLBACK_TO":
                self._leave(control)
            case kind:
                self.end_transaction(committed=kind == "COMMIT" and not failed)

    def _leave(self, control: TransactionControl) -> None:
        """RELEASE forgets the savepoint and those behind it. ROLLBACK TO keeps it, and what was
        opened since is gone."""
        found = self._found(control.savepoint)
        if found is None:
            self.end_transaction(committed=False)
        elif control.kind == "RELEASE":
            del self._savepoints[found:]
        else:
            del self._savepoints[found + 1 :]
            opened_before = self._savepoints[found][1]
            self.drop_all(but=lambda portal: portal.kept or portal.number <= opened_before)

    def end_transaction(self, *, committed: bool) -> None:
        """COMMIT, ROLLBACK, or the end of what ran outside a transaction block."""
        self._savepoints.clear()
        self.drop_all(but=lambda portal: portal.kept or (committed and portal.held))
        for portal in self.values():
            portal.kept = True

    def _found(self, name: str) -> int | None:
        numbers = range(len(self._savepoints) - 1, -1, -1)
        return next((n for n in numbers if self._savepoints[n][0] == name), None)
