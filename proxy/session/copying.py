"""COPY ... FROM STDIN: whether the client's next message is rows or a statement.

The server reads the same bytes in two ways, and which of them is for it alone to say. So nothing is
taken behind such a text before it has answered with CopyInResponse or an error, which it sends out
at once (copyfromparse.c, elog.c). While it takes rows it is sent rows and their end, and nothing
that it would ignore there but act upon if it had failed meanwhile (PostgreSQL documentation,
"COPY Operations", about Flush and Sync). At any other time it ignores rows, so they may be dropped.
"""

from __future__ import annotations

from typing import Final

from proxy.errors import ProtocolViolation
from proxy.session.operation import Copying, Operation
from proxy.wire.postgres import frontend
from proxy.wire.postgres.framer import Frame

ROWS: Final = frozenset({frontend.COPY_DATA, frontend.COPY_DONE, frontend.COPY_FAIL})


class Rows:
    """Told of every message that is sent; asked before any is taken."""

    def __init__(self) -> None:
        self._operation: Operation | None = None

    def sent(self, operation: Operation) -> None:
        """A message went to the server."""
        if operation.copying is not None:
            self._operation = operation

    @property
    def undecided(self) -> bool:
        """The server has yet to say whether it takes rows, or more for the next statement."""
        operation = self._operation
        several = operation is not None and operation.several
        return self._is(Copying.ASKED) or (several and self._is(Copying.ENDED))

    @property
    def wanted(self) -> bool:
        """The server takes rows."""
        return self._is(Copying.TAKING)

    def passed(self, frame: Frame) -> bytes:
        """What the server is sent of a message while it takes rows.

        Raises `ProtocolViolation` for what is neither rows nor the end of them.
        """
        assert self._operation is not None
        match frame.tag:
            case frontend.COPY_DATA:
                return frame.raw
            case frontend.COPY_DONE:
                frontend.require_empty(frame.raw)
            case frontend.COPY_FAIL:
                frontend.require_copy_fail(frame.raw)
            case frontend.SYNC | frontend.FLUSH:
                frontend.require_empty(frame.raw)
                return b""
            case tag:
                raise ProtocolViolation(f"unexpected message type 0x{tag:02x} during COPY")
        self._operation.copying = Copying.ENDED
        return frame.raw

    def _is(self, copying: Copying) -> bool:
        operation = self._operation
        if operation is None or operation.failed or operation.answered:
            return False
        return operation.copying is copying
