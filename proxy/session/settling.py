"""Statements that change how the next text is to be read, and when that is known.

The server reports a new client_encoding just before ReadyForQuery, and takes a new search_path back
if the segment fails, so the next text waits for the end of the segment. Within the same segment it
cannot: the client may not send Sync before it has sent that text. Then the statement itself must
be answered, and the text must be one that reads the same in every encoding there is.
"""

from __future__ import annotations

from proxy.session.operation import Kind, Operation


class Settling:
    """Told of every message that is sent; asked before any text is judged."""

    def __init__(self) -> None:
        self._awaited: Operation | None = None

    def sent(self, operation: Operation) -> None:
        """A message went to the server."""
        match operation.kind:
            case Kind.EXECUTE:
                if _settles(operation):
                    self._awaited = operation
            case Kind.QUERY | Kind.SYNC:
                if _settles(operation) or self._within_segment:
                    self._awaited = operation
            case Kind.PARSE | Kind.BIND | Kind.DESCRIBE | Kind.CLOSE | Kind.FUNCTION_CALL:
                pass

    @property
    def awaited(self) -> Operation | None:
        """What has to be answered before the next text may be judged."""
        awaited = self._awaited
        return awaited if awaited is not None and not awaited.answered else None

    @property
    def needs_flush(self) -> bool:
        """The awaited answer stays with the server until it is asked for."""
        return self._within_segment and self.awaited is not None

    @property
    def encoding_unknown(self) -> bool:
        """The server may read the next text in an encoding that it has not told yet."""
        return self._within_segment

    @property
    def _within_segment(self) -> bool:
        return self._awaited is not None and self._awaited.kind is Kind.EXECUTE


def _settles(operation: Operation) -> bool:
    return operation.plan is not None and operation.plan.settle
