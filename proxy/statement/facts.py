"""What a statement is, as far as the law cares. Values only; nothing here decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from proxy.names import Span
from proxy.statement.calls import Call
from proxy.statement.catalogue import Relation
from proxy.statement.tree import Body


class Verb(Enum):
    """The root of a statement, as far as it is understood at all."""

    SELECT = "SelectStmt"
    INSERT = "InsertStmt"
    UPDATE = "UpdateStmt"
    DELETE = "DeleteStmt"
    COPY = "CopyStmt"
    TRANSACTION = "TransactionStmt"
    SET = "VariableSetStmt"
    SHOW = "VariableShowStmt"
    DISCARD = "DiscardStmt"
    DEALLOCATE = "DeallocateStmt"
    CLOSE = "ClosePortalStmt"
    DECLARE = "DeclareCursorStmt"
    FETCH = "FetchStmt"
    PREPARE = "PrepareStmt"
    EXECUTE = "ExecuteStmt"
    UNLISTEN = "UnlistenStmt"
    EXPLAIN = "ExplainStmt"
    MERGE = "MergeStmt"
    TEMPORARY = "temporary"
    """Makes, changes or drops tables of the session's own (`proxy.statement.temporary`)."""
    DDL = "ddl"
    """Any of `proxy.statement.definitions.KINDS`."""
    OTHER = ""


class Access(Enum):
    """What a statement does with a relation it names."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"
    STRUCTURE = "structure"
    """None of its rows: its columns are copied, or the table itself is changed."""


class SecondOpinion(Enum):
    """What sqlglot says of the relations the grammar found."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Written:
    """A relation's name as the statement spells it, folded; ``schema`` None where left out."""

    schema: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A SELECT, INSERT, UPDATE, DELETE or COPY of its own, with its node in the tree: where a
    predicate on one of its relations can be added."""

    number: int
    body: Body


@dataclass(frozen=True, slots=True)
class Key:
    """``column sign constant`` holds for every row that is used, and may be asked of any.

    ``constant`` is the byte where the constant or parameter stands.
    """

    column: str
    sign: str
    constant: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: a literal at that byte, or a parameter, perhaps an array of values."""

    literal: int | None = None
    parameter: int | None = None
    array: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """Every row that is used has one of these values in its column (`proxy.statement.subjects`)."""

    column: str
    type_oid: int
    values: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A row of ``reference`` is used only where its column equals that of a row of ``other``."""

    reference: int
    column: str
    other: int
    other_column: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One naming of a relation.

    ``relation`` is None where the catalogue has none of that name. ``refname`` is what the rest of
    the clause calls it. ``filterable``: a predicate on it may stand in the clause's WHERE (it is
    not on the nullable side of an outer join and its columns keep their names there).
    ``exposed``: an expression that could raise or tell is evaluated where its rows are chosen, so
    a plain filter would be no barrier. ``keys``: what the clause's WHERE demands of its columns.
    ``named``: what names the rows that can be used at all.
    """

    number: int
    written: Written
    relation: Relation | None
    location: int
    refname: str
    aliased: bool
    access: Access
    clause: Clause
    node: Body
    filterable: bool
    sampled: bool = False
    exposed: bool = False
    keys: tuple[Key, ...] = ()
    named: tuple[Naming, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """A function, operator or type as spelt; ``schema`` None where left out."""

    schema: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Selected:
    """``owner.name``, or ``(expression).name`` with the owner None.

    It calls a function where there is no such column.
    """

    owner: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One statement. Sets hold what occurs anywhere in it, subqueries included.

    ``column_names`` are the last parts of all column references and field selections, ``*`` and
    whole-row names included; ``selections`` those of them that may call a function
    (`proxy.statement.selections`). ``settings``: the parameters that calls of set_config name,
    lower case, the empty string for a name that is not a constant. ``calls``: each call of one of
    the ``functions``, none for DDL. ``locks``: FOR UPDATE and its kin. ``conflict``: ON CONFLICT.
    ``changed``: names of what DDL takes apart, of any schema, ``redefined`` of what it lets mean
    something else. ``kind``: the root node's.
    ``unsettled``: earlier in the text temporary tables were made or dropped and a transaction
    ended, so that nobody knows whether a name is of one. ``links``: between rows of two references.
    """

    verb: Verb
    kind: str
    span: Span
    body: Body
    unknown_syntax: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    links: tuple[Link, ...] = ()
    functions: frozenset[Called] = frozenset()
    operators: frozenset[Called] = frozenset()
    types: frozenset[Called] = frozenset()
    column_names: frozenset[str] = frozenset()
    selections: frozenset[Selected] = frozenset()
    settings: frozenset[str] = frozenset()
    calls: tuple[Call, ...] = ()
    locks: bool = False
    conflict: bool = False
    writes: bool = False
    changed: frozenset[str] = frozenset()
    redefined: frozenset[str] = frozenset()
    unsettled: bool = False
    second_opinion: SecondOpinion = SecondOpinion.SILENT
