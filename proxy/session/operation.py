"""The messages the server has yet to answer, and what may answer them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, assert_never

from proxy.policy.decision import Decision, StatementClass
from proxy.session.commands import Unit
from proxy.session.names import Change, Portal, Statement
from proxy.session.plan import Plan
from proxy.wire.postgres import backend


class Kind(Enum):
    """The client messages that the server answers."""

    QUERY = auto()
    PARSE = auto()
    BIND = auto()
    DESCRIBE = auto()
    CLOSE = auto()
    EXECUTE = auto()
    SYNC = auto()
    FUNCTION_CALL = auto()


ENDS_SEGMENT: Final = frozenset({Kind.QUERY, Kind.SYNC, Kind.FUNCTION_CALL})
"""The server answers these with ReadyForQuery, whatever becomes of them."""

# Which message may answer which, and whether it is the last one to do so.
ANSWERS: Final[Mapping[int, Mapping[Kind, bool]]] = MappingProxyType(
    {
        backend.PARSE_COMPLETE: {Kind.PARSE: True},
        backend.BIND_COMPLETE: {Kind.BIND: True},
        backend.CLOSE_COMPLETE: {Kind.CLOSE: True},
        backend.PARAMETER_DESCRIPTION: {Kind.DESCRIBE: False},
        backend.ROW_DESCRIPTION: {Kind.DESCRIBE: True, Kind.QUERY: False},
        backend.NO_DATA: {Kind.DESCRIBE: True},
        backend.DATA_ROW: {Kind.EXECUTE: False, Kind.QUERY: False},
        backend.COPY_IN: {Kind.EXECUTE: False, Kind.QUERY: False},
        backend.COPY_OUT: {Kind.EXECUTE: False, Kind.QUERY: False},
        backend.COPY_DONE: {Kind.EXECUTE: False, Kind.QUERY: False},
        backend.COMMAND_COMPLETE: {Kind.EXECUTE: True, Kind.QUERY: False},
        backend.EMPTY_QUERY: {Kind.EXECUTE: True, Kind.QUERY: False},
        backend.PORTAL_SUSPENDED: {Kind.EXECUTE: True},
        backend.FUNCTION_RESULT: {Kind.FUNCTION_CALL: False},
        backend.READY: dict.fromkeys(ENDS_SEGMENT, True),
    }
)


class Copying(Enum):
    """How far a COPY ... FROM STDIN has come. What follows it on the wire means something else in
    each: ASKED: that depends on whether the server takes rows. TAKING: it does. ENDED: it has
    been told that there are no more."""

    ASKED = auto()
    TAKING = auto()
    ENDED = auto()


# The server says once that it takes rows, then nothing but errors until they have ended. One that
# is done without having said so, or before the client is, does not do what was judged.
_COPY_ANSWERS: Final[Mapping[Copying | None, frozenset[int]]] = MappingProxyType(
    {
        None: frozenset(ANSWERS) - {backend.COPY_IN},
        Copying.ASKED: frozenset({backend.COPY_IN}),
        Copying.TAKING: frozenset(),
        Copying.ENDED: frozenset({backend.COMMAND_COMPLETE, backend.READY}),
    }
)

# What cannot begin or end a transaction, nor fire a deferred constraint.
_PLAIN: Final = frozenset(
    {
        StatementClass.SELECT,
        StatementClass.INSERT,
        StatementClass.UPDATE,
        StatementClass.DELETE,
        StatementClass.COPY,
        StatementClass.CURSOR,
        StatementClass.PREPARE,
        StatementClass.EXECUTE,
        StatementClass.EXPLAIN,
        StatementClass.MERGE,
        StatementClass.TEMPORARY,
        StatementClass.EMPTY,
    }
)

_DDL: Final = StatementClass.DDL
_SEVERAL: Final = StatementClass.MULTIPLE


@dataclass(slots=True, eq=False)
class Operation:
    """A message the server has yet to answer.

    `plan` is None where nothing was judged: Sync, Close and Describe. `refusal` marks a message
    whose text was replaced by one the server must reject. `opens` and `prepares` are what a text
    defines by name, `statement` and `portal` what the message itself does. `values` are the
    parameters that it runs with. `cut`: its answer went beyond what it may give, and this is what
    the client hears of the rest.
    """

    kind: Kind
    segment: int
    plan: Plan | None = None
    unit: Unit | None = None
    guarded: bool = False
    refusal: Decision | None = None
    statement: Change[Statement] | None = None
    portal: Change[Portal] | None = None
    opens: tuple[Change[Portal], ...] = ()
    prepares: tuple[Change[Statement], ...] = ()
    copying: Copying | None = None
    values: bytes | None = None
    failed: bool = False
    answered: bool = False
    cut: Decision | None = None

    @property
    def rows_max(self) -> int | None:
        """How many rows the client may get of its answer."""
        grant = None if self.plan is None or self.unit is None else self.plan.grant
        return None if grant is None else grant.rows_max

    @property
    def plain(self) -> bool:
        """It leaves the transaction as it is."""
        match self.kind:
            case Kind.QUERY | Kind.EXECUTE:
                return self.plan is not None and self.plan.decision.statement_class in _PLAIN
            case Kind.PARSE | Kind.BIND | Kind.DESCRIBE | Kind.CLOSE:
                return True
            case Kind.SYNC | Kind.FUNCTION_CALL:
                return False
            case _:
                assert_never(self.kind)

    @property
    def changes_schema(self) -> bool:
        """Running it does."""
        ran = self.ran
        return ran is not None and ran.decision.statement_class is _DDL

    @property
    def several(self) -> bool:
        """It is a text of several statements, each of which is answered."""
        return self.plan is not None and self.plan.decision.statement_class is _SEVERAL

    @property
    def ran(self) -> Plan | None:
        """What the server runs on this message."""
        return self.plan if self.kind is Kind.QUERY or self.kind is Kind.EXECUTE else None

    @property
    def turning(self) -> bool:
        """A portal that was open before it may be gone after it."""
        return not self.plain or self.kind is Kind.QUERY

    def ends_with(self, tag: int) -> bool | None:
        """Whether an answer of `tag` is the last to this; None where it is none to this."""
        if not self.failed and (self.refusal is not None or tag not in self._answers):
            return None
        return ANSWERS[tag].get(self.kind)

    @property
    def _answers(self) -> Collection[int]:
        return ANSWERS if self.copying and self.several else _COPY_ANSWERS[self.copying]


def query_operation(segment: int, plan: Plan | None) -> Operation:
    """A Query drops the unnamed statement and portal, whatever becomes of it."""
    return Operation(
        Kind.QUERY,
        segment,
        plan,
        guarded=plan is not None and plan.guarded,
        statement=Change(segment, b"", None),
        portal=Change(segment, b"", None),
    )
