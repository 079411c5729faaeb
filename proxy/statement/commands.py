"""What statements about the session ask for: SET, COPY, transactions, cursors, PREPARE."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.statement import temporary
from proxy.statement.facts import Facts, Verb
from proxy.statement.temporary import DropTemporaries, MakeTemporary
from proxy.statement.tree import Body, Json, body_of, items, text, typed


@dataclass(frozen=True, slots=True)
class Setting:
    """SET or RESET of one parameter; ``values`` None for RESET and SET ... TO DEFAULT.

    ``name`` is folded to lower case (parameter names are case-insensitive), ``*`` for RESET ALL.
    ``local`` is SET LOCAL. The value of SET ... FROM CURRENT is one that nothing allows.
    """

    name: str
    values: tuple[str, ...] | None
    local: bool


@dataclass(frozen=True, slots=True)
class TransactionControl:
    """``kind`` as in ``TransactionStmtKind``, without ``TRANS_STMT_``; ``savepoint`` its name."""

    kind: str
    savepoint: str = ""


@dataclass(frozen=True, slots=True)
class Discard:
    """DISCARD; ``target`` is ALL, PLANS, SEQUENCES or TEMP."""

    target: str


@dataclass(frozen=True, slots=True)
class Deallocate:
    """DEALLOCATE of one prepared statement, or of all where ``name`` is None."""

    name: str | None


@dataclass(frozen=True, slots=True)
class CloseCursor:
    """CLOSE of one cursor, or of all where ``name`` is None."""

    name: str | None


@dataclass(frozen=True, slots=True)
class CopyOut:
    """COPY ... TO STDOUT; ``options`` are the names of those given. ``selects``: it copies a
    relation or what a SELECT answers, not what a write returns."""

    options: tuple[str, ...]
    selects: bool


@dataclass(frozen=True, slots=True)
class CopyIn:
    """COPY ... FROM STDIN; ``options`` as for `CopyOut`."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declare:
    """DECLARE of a cursor; ``held`` WITH HOLD, which outlives its transaction."""

    name: str
    held: bool


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH from a cursor, or MOVE."""

    name: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """PREPARE of a statement under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Execute:
    """EXECUTE of a prepared statement."""

    name: str


@dataclass(frozen=True, slots=True)
class Explain:
    """EXPLAIN; ``options`` are the names of those given. ``selects``: of a SELECT, which may be
    run."""

    options: tuple[str, ...]
    selects: bool


Command = (
    CopyOut
    | CopyIn
    | Setting
    | TransactionControl
    | Discard
    | Deallocate
    | CloseCursor
    | Declare
    | Fetch
    | Prepare
    | Execute
    | Explain
    | MakeTemporary
    | DropTemporaries
)

_HOLD = 0x0020
"""``CURSOR_OPT_HOLD`` (parsenodes.h)."""


def command(facts: Facts) -> Command | None:
    """The command of a session or transaction statement; None for any other."""
    body = facts.body
    match facts.verb:
        case Verb.SET:
            return _setting(body)
        case Verb.TRANSACTION:
            kind = text(body, "kind").removeprefix("TRANS_STMT_")
            return TransactionControl(kind, text(body, "savepoint_name"))
        case Verb.DISCARD:
            return Discard(text(body, "target").removeprefix("DISCARD_"))
        case Verb.DEALLOCATE:
            return Deallocate(None if body.get("isall") else text(body, "name"))
        case Verb.COPY:
            return _copy(body)
        case Verb.CLOSE:
            return CloseCursor(text(body, "portalname") or None)
        case Verb.DECLARE:
            options = body.get("options")
            held = not isinstance(options, int) or bool(options & _HOLD)
            return Declare(text(body, "portalname"), held)
        case Verb.FETCH:
            return Fetch(text(body, "portalname"))
        case Verb.PREPARE:
            return Prepare(text(body, "name"))
        case Verb.EXECUTE:
            return Execute(text(body, "name"))
        case Verb.EXPLAIN:
            return Explain(*_inner(body))
        case Verb.TEMPORARY:
            return temporary.changes(facts.kind, body)
        case _:
            return None


def _copy(body: Body) -> CopyOut | CopyIn:
    options, selects = _inner(body)
    return CopyIn(options) if body.get("is_from") else CopyOut(options, selects)


def _inner(body: Body) -> tuple[tuple[str, ...], bool]:
    """The options of a COPY or EXPLAIN, and whether a SELECT, or no query, is in it."""
    options = (body_of(option, "DefElem") for option in items(body, "options"))
    query = typed(body.get("query"))
    return (
        tuple(text(option or {}, "defname") for option in options),
        query is None or query[0] == Verb.SELECT.value,
    )


def _setting(body: Body) -> Setting:
    kind = text(body, "kind")
    name = text(body, "name").lower()
    local = bool(body.get("is_local"))
    match kind:
        case "VAR_RESET_ALL":
            return Setting("*", None, local)
        case "VAR_SET_VALUE":
            return Setting(name, tuple(map(_value, items(body, "args"))), local)
        case "VAR_SET_CURRENT":
            return Setting(name, (_NO_VALUE,), local)
        case "VAR_SET_MULTI":
            # SET TRANSACTION and SET SESSION CHARACTERISTICS carry options, not values.
            return Setting(f"{name} *", (), local)
        case _:
            return Setting(name, None, local)


_NO_VALUE = "\0"
"""Stands for a value that is not spelt out; no rule allows it."""


def _value(argument: Json) -> str:
    """A constant as the server will store it; anything else reads as a text nothing allows."""
    node = typed(argument)
    if node is None or node[0] != "A_Const":
        return _NO_VALUE
    for key, inner in (("sval", "sval"), ("ival", "ival"), ("fval", "fval")):
        holder = node[1].get(key)
        if isinstance(holder, dict):
            return str(holder.get(inner, "0" if key == "ival" else ""))
    return _NO_VALUE
