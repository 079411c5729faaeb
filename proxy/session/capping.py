"""A statement whose answer may be cut off, and what comes behind it.

Whoever is told of an error takes it that the transaction has failed, and that the server skips what
was sent behind. For that to be true, nothing more is sent before the server is done with such a
statement, and if its answer was cut off the next thing sent is a text that the server rejects.
Pure.
"""

from __future__ import annotations

from proxy.session.operation import Kind, Operation


class Capping:
    """Told of every message that is sent; asked before the next one is taken."""

    def __init__(self) -> None:
        self._last: Operation | None = None

    def sent(self, operation: Operation) -> None:
        """A message went to the server."""
        if operation.kind in (Kind.QUERY, Kind.EXECUTE) and operation.rows_max is not None:
            self._last = operation

    @property
    def awaited(self) -> Operation | None:
        """What has to be answered before anything is sent."""
        return None if self._last is None or self._last.answered else self._last

    @property
    def needs_flush(self) -> bool:
        """Its answer stays with the server until it is asked for."""
        return self._last is not None and self._last.kind is Kind.EXECUTE

    def take_cut(self) -> Operation | None:
        """The statement that was answered and whose answer was cut off, once, if the server has
        not failed it by itself."""
        operation = self._last
        if operation is None or not operation.answered:
            return None
        self._last = None
        return operation if operation.cut is not None and not operation.failed else None
