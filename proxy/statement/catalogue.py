"""What the live database contains, as far as judging a statement needs it. Pure values.

``proxy.upstream.introspect`` builds a `Catalogue`; everything that resolves a name reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from proxy.names import QualifiedName, SearchPath


class RelationKind(Enum):
    """``pg_class.relkind``, the kinds that a FROM clause or a DML target can name."""

    TABLE = "r"
    PARTITIONED = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"
    SEQUENCE = "S"
    INDEX = "i"
    PARTITIONED_INDEX = "I"
    COMPOSITE = "c"
    TOAST = "t"


class TypeKind(Enum):
    """``pg_type.typtype``."""

    BASE = "b"
    COMPOSITE = "c"
    DOMAIN = "d"
    ENUM = "e"
    PSEUDO = "p"
    RANGE = "r"
    MULTIRANGE = "m"


class Event(Enum):
    """A write, as triggers and rules name it."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Column:
    """A live (not dropped) user column; ``type_oid`` and ``type_name`` as in ``pg_type``.

    ``type_text`` is ``format_type(atttypid, atttypmod)``, such as ``character varying(60)``;
    ``generated``: GENERATED ALWAYS AS an expression.
    """

    name: str
    type_oid: int
    type_name: QualifiedName
    not_null: bool
    type_text: str = ""
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """One row of ``pg_class`` with what hangs on it.

    ``parents``/``children`` are inheritance and partitioning (``pg_inherits``), direct ones.
    ``references`` are the targets of its foreign keys, ``reads`` what a view's query names.
    ``indexes`` are the columns of each index that serves every row, in order. ``own_code``
    are the writes that run code of the site's own: triggers, rules, and the functions of defaults,
    generated columns, checks, indexes and partition keys. ``has_own_casts``: a column is
    of a type to or from which a user function casts. ``definition`` is a view's query as
    ``pg_get_viewdef`` prints it where no search_path is set.
    """

    name: QualifiedName
    oid: int
    kind: RelationKind
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    parents: tuple[QualifiedName, ...] = ()
    children: tuple[QualifiedName, ...] = ()
    references: tuple[QualifiedName, ...] = ()
    reads: tuple[QualifiedName, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    own_code: frozenset[Event] = frozenset()
    has_own_casts: bool = False
    definition: str = ""

    def column(self, name: str) -> Column | None:
        """The column of that (folded) name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class OperatorSignature:
    """An operator by name and operand type OIDs; ``left_oid`` is 0 for prefix operators."""

    name: str
    left_oid: int
    right_oid: int


@dataclass(frozen=True, slots=True, order=True)
class UserFunction:
    """One function, procedure or aggregate of the site's own, a name with its argument types.

    ``signature`` is as ``schema.name(type, type)``, each part quoted where the server would.
    ``digest`` is ``sha256:`` and hex, over what it is and what its body names
    (`proxy.upstream.functions`): it changes with what a call does.
    """

    name: QualifiedName
    signature: str
    digest: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A snapshot of one database. ``version`` is a digest of everything in it (hex SHA-256).

    ``user_*`` hold the objects that came neither with the server nor with one of its own
    extensions, whatever their schema. ``builtin_functions`` are the names of those that did and
    that SQL can call; ``extension_functions`` those of them that are in a schema of the site's own.
    ``builtin_types`` are the names of all types that are not ``user_types``. A user type that has
    one with code of its own inside, such as a composite with a domain in it, counts as BASE.
    ``has_own_casts``: a user function casts some type.
    ``leakproof`` are the operators of ``pg_catalog`` whose function is marked leakproof.
    ``misread`` are the codecs of the client encodings that the server reads otherwise than we do.
    """

    database: str
    version: str
    relations: Mapping[QualifiedName, Relation]
    user_functions: frozenset[UserFunction] = frozenset()
    user_operators: frozenset[QualifiedName] = frozenset()
    builtin_functions: frozenset[str] = frozenset()
    extension_functions: frozenset[QualifiedName] = frozenset()
    user_types: Mapping[QualifiedName, TypeKind] = field(default_factory=dict)
    builtin_types: frozenset[str] = frozenset()
    has_own_casts: bool = False
    leakproof: frozenset[OperatorSignature] = frozenset()
    schemas: frozenset[str] = frozenset()
    misread: frozenset[str] = frozenset()
    _functions: Mapping[str, tuple[UserFunction, ...]] = field(init=False, repr=False)
    _operators: frozenset[str] = field(init=False, repr=False)
    _types: Mapping[str, tuple[TypeKind, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Every statement asks for these by name alone."""
        functions: dict[str, tuple[UserFunction, ...]] = {}
        for function in sorted(self.user_functions):
            called = function.name.name
            functions[called] = (*functions.get(called, ()), function)
        types: dict[str, tuple[TypeKind, ...]] = {}
        for name, kind in self.user_types.items():
            types[name.name] = (*types.get(name.name, ()), kind)
        object.__setattr__(self, "_functions", functions)
        object.__setattr__(self, "_operators", frozenset(q.name for q in self.user_operators))
        object.__setattr__(self, "_types", types)

    def resolve(self, schema: str | None, name: str, search_path: SearchPath) -> Relation | None:
        """The relation the server would find (``RangeVarGetRelid``), or None.

        Unqualified names are looked for in ``search_path`` in order; the caller gives the
        effective path with ``pg_catalog`` where the server searches it.
        """
        if schema is not None:
            return self.relations.get(QualifiedName(schema, name))
        for candidate in search_path:
            relation = self.relations.get(QualifiedName(candidate, name))
            if relation is not None:
                return relation
        return None

    def functions_named(self, name: str) -> tuple[UserFunction, ...]:
        """User functions of that name, in any schema, overload by overload."""
        return self._functions.get(name, ())

    def types_named(self, name: str) -> tuple[TypeKind, ...]:
        """The kinds of the user types of that name, in any schema."""
        return self._types.get(name, ())

    def has_operator_named(self, name: str) -> bool:
        """Whether a user operator has that name, in any schema."""
        return name in self._operators
