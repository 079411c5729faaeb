"""Statements that change how the next text is to be read, and when that is known.

The server reports a new client_encoding just before ReadyForQuery, and takes a new search_path back
if the segment fails, so the next text waits for the end of the segment. Within the same segment it
cannot: the client may not send Sync before it has sent that text. Then the statement itself must
be answered, and the text must be one that reads the same in every encoding there is.
"""

from __future__ import annotations

from typing import Final

from proxy.policy.decision import StatementClass
from proxy.session.operation import Kind, Operation
from proxy.session.plan import Plan

_TRANSACTIONS: Final = frozenset({StatementClass.TRANSACTION, StatementClass.MULTIPLE})


class Settling:
    """Told of every message that is sent; asked before any text is judged."""

    def __init__(self) -> None:
        self._awaited: Operation | None = None
        # The last that changes what the session says about who asks: what comes behind it is
        # recorded by that, and read as before.
        self._claiming: Operation | None = None
        # Something in this segment changed how texts are read, for as long as its transaction does.
        self._turned = False

    def sent(self, operation: Operation) -> None:
        """A message went to the server."""
        if operation.ran is not None and operation.ran.claims:
            self._claiming = operation
        match operation.kind:
            case Kind.EXECUTE:
                if _settles(operation):
                    self._awaited = operation
                self._turned = self._turned or (operation.plan is not None and operation.plan.turns)
            case Kind.QUERY | Kind.SYNC:
                if _settles(operation) or self._within_segment:
                    self._awaited = operation
                self._turned = False
            case Kind.PARSE | Kind.BIND | Kind.DESCRIBE | Kind.CLOSE | Kind.FUNCTION_CALL:
                pass

    def bars(self, plan: Plan, *, inside: bool) -> bool:
        """How texts are read would depend on how a transaction ends; `inside`: there is one.

        With a BEGIN what was changed before it in the segment is part of its transaction, and with
        a ROLLBACK it is undone in the middle of the segment.
        """
        ends = self._turned and plan.decision.statement_class in _TRANSACTIONS
        return plan.text is not None and (ends or (plan.turns and inside))

    @property
    def awaited(self) -> Operation | None:
        """What has to be answered before the next text may be judged."""
        for awaited in (self._awaited, self._claiming):
            if awaited is not None and not awaited.answered:
                return awaited
        return None

    @property
    def needs_flush(self) -> bool:
        """The awaited answer stays with the server until it is asked for."""
        awaited = self.awaited
        return awaited is not None and awaited.kind is Kind.EXECUTE

    @property
    def encoding_unknown(self) -> bool:
        """The server may read the next text in an encoding that it has not told yet."""
        return self._within_segment

    @property
    def _within_segment(self) -> bool:
        return self._awaited is not None and self._awaited.kind is Kind.EXECUTE


def _settles(operation: Operation) -> bool:
    return operation.plan is not None and operation.plan.settle
