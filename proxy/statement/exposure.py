"""Which references need more than a plain filter.

A filter beside the statement's own conditions is no barrier: the planner orders conditions by
cost, and one that raises, or whose operator is shown the column's statistics, tells of rows that
the filter would hide. Only operators that PostgreSQL marks leakproof, on bare columns, are known
to tell nothing (as for ``security_barrier`` views: PostgreSQL documentation, 41.5). A reference
that any other condition touches is *exposed*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import assert_never

from proxy.statement.catalogue import Catalogue, Column, OperatorSignature
from proxy.statement.choices import Condition, Equality
from proxy.statement.scope import Columns, Found, Level, everything, find_column, sources_of
from proxy.statement.survey import Survey
from proxy.statement.tree import (
    Body,
    Json,
    body_of,
    items,
    nodes,
    outside_subqueries,
    strings,
    text,
    typed,
)

BOOL, INT8, INT2, INT4, TEXT, VARCHAR = 16, 20, 21, 23, 25, 1043
_UNKNOWN = 0
"""An untyped constant or parameter: it takes the type of the other operand."""

_NAMED_TYPES = {
    "bool": BOOL, "int2": INT2, "int4": INT4, "int8": INT8, "text": TEXT, "varchar": VARCHAR,
    "bpchar": 1042, "date": 1082, "timestamp": 1114, "timestamptz": 1184, "uuid": 2950, "oid": 26,
}  # fmt: skip

_VALUE_TYPES = {
    "SVFOP_CURRENT_DATE": 1082, "SVFOP_CURRENT_TIMESTAMP": 1184, "SVFOP_LOCALTIMESTAMP": 1114,
}  # fmt: skip
"""CURRENT_DATE and its like are constants of the statement."""

_BETWEEN = {
    "AEXPR_BETWEEN": (">=", "<="),
    "AEXPR_NOT_BETWEEN": ("<", ">"),
    "AEXPR_BETWEEN_SYM": (">=", "<="),
    "AEXPR_NOT_BETWEEN_SYM": ("<", ">"),
}


@dataclass(frozen=True, slots=True)
class _Operand:
    """A bare column, constant or parameter; ``type_oid`` None: nothing that is known to be safe."""

    type_oid: int | None
    sources: frozenset[int]


_Types = Mapping[str, int]
"""Types by the names that can mean no other."""

_CONSTANT = _Operand(_UNKNOWN, frozenset())


class Exposure:
    """Of the references of one statement."""

    def __init__(self, survey: Survey, catalogue: Catalogue) -> None:
        self._survey = survey
        self._leakproof = catalogue.leakproof
        self._types = {n: oid for n, oid in _NAMED_TYPES.items() if not catalogue.types_named(n)}
        self._leaking: set[int] = set()
        """Indices of the choices that are not leakproof."""
        self._out: set[int] = set()

    def find(self) -> frozenset[int]:
        """The numbers of the references that a condition not known to be leakproof can touch.

        Inner choices first, for a subquery is no safer than what it chooses by."""
        for index, choice in reversed(list(enumerate(self._survey.choices))):
            match choice:
                case Condition():
                    told = self._condition(choice)
                case Equality():
                    told = self._equality(choice)
                case _:
                    assert_never(choice)
            if told is not None:
                self._leaking.add(index)
                self._out |= told
        return frozenset(self._out)

    # -- conditions ---------------------------------------------------------------------------

    def _condition(self, condition: Condition) -> frozenset[int] | None:
        """The references it may tell of, None where it is leakproof.

        AND, OR and NOT evaluate their parts and raise nothing themselves.
        """
        out: frozenset[int] | None = None
        stack = [condition.expression]
        while stack:
            current = stack.pop()
            conjunction = body_of(current, "BoolExpr")
            if conjunction is not None:
                stack.extend(items(conjunction, "args"))
            elif not self.leakproof_part(current, condition.level):
                out = (out or frozenset()) | _touched(current, condition.level, self._survey)
        return out

    def leakproof_part(self, expression: Json, level: Level) -> bool:
        """Whether a condition without AND, OR and NOT tells nothing. Only after `find`."""
        node = typed(expression)
        if node is None:
            return False
        kind, body = node
        match kind:
            case "A_Const" | "ParamRef":
                return True
            case "ColumnRef":
                column = find_column(body, level).column
                return column is not None and column.type_oid == BOOL
            case "NullTest" | "BooleanTest":
                argument = body_of(body.get("arg"), "ColumnRef")
                return argument is not None and find_column(argument, level).column is not None
            case "A_Expr":
                return self._operator(body, level)
            case "SubLink":
                return self._subquery(body, level)
            case _:
                return False

    def _operator(self, body: Body, level: Level) -> bool:
        kind = text(body, "kind")
        name = strings(items(body, "name"))
        left = self._operand(body.get("lexpr"), level)
        if kind in _BETWEEN:
            bounds = _list(body.get("rexpr"))
            return all(
                self._pair(sign, left, self._operand(bound, level))
                for sign, bound in zip(_BETWEEN[kind], bounds, strict=True)
            )
        if len(name) != 1:
            return False
        if kind == "AEXPR_IN":
            return all(
                self._pair(name[0], left, self._operand(element, level))
                for element in _list(body.get("rexpr"))
            )
        if kind in ("AEXPR_OP_ANY", "AEXPR_OP_ALL"):
            elements = self._elements(body.get("rexpr"), level)
            return bool(elements) and all(self._pair(name[0], left, e) for e in elements)
        if kind in ("AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"):
            sign = name[0] if kind == "AEXPR_OP" else "="
            return self._pair(sign, left, self._operand(body.get("rexpr"), level))
        return False

    def _elements(self, value: Json, level: Level) -> list[_Operand]:
        """Of an array that is a parameter, a constant or a list of constants; else none."""
        node = typed(value)
        if node is None:
            return []
        kind, body = node
        match kind:
            case "A_ArrayExpr":
                return [self._operand(element, level) for element in items(body, "elements")]
            case "TypeCast":
                return [_cast_array(body, self._types)]
            case "ParamRef" | "A_Const":
                return [_CONSTANT]
            case _:
                return []

    def _pair(self, sign: str, left: _Operand, right: _Operand) -> bool:
        if left.type_oid is None or right.type_oid is None:
            return False
        left_oid = _plain(left.type_oid or right.type_oid)
        right_oid = _plain(right.type_oid or left.type_oid)
        if left_oid == right_oid == _UNKNOWN:
            return True
        return OperatorSignature(sign, left_oid, right_oid) in self._leakproof

    def _operand(self, value: Json, level: Level) -> _Operand:
        node = typed(value)
        if node is None:
            return _Operand(None, frozenset())
        kind, body = node
        match kind:
            case "ColumnRef":
                return _of_column(find_column(body, level))
            case "ParamRef":
                return _CONSTANT
            case "A_Const":
                return _constant(body)
            case "TypeCast":
                column = body_of(body.get("arg"), "ColumnRef")
                if column is not None:
                    return _as_text(find_column(column, level), body, self._types)
                return _cast_constant(body, self._types)
            case "SQLValueFunction":
                return _Operand(_VALUE_TYPES.get(text(body, "op")), frozenset())
            case _:
                return _Operand(None, frozenset())

    # -- subqueries ---------------------------------------------------------------------------

    def _subquery(self, body: Body, level: Level) -> bool:
        """EXISTS and ``x [NOT] IN`` over a plain SELECT whose own conditions are leakproof.

        Where the planner does not make a join of it, it runs for rows that the filter would hide,
        and an error in it, be it about an open relation, tells that there is such a row.
        """
        select = body_of(body.get("subselect"), "SelectStmt")
        subquery = self._survey.subqueries.get(id(body))
        if select is None or subquery is None or subquery.derived or not _is_plain(select):
            return False
        if not self._leaking.isdisjoint(subquery.choices):
            return False
        match text(body, "subLinkType"):
            case "EXISTS_SUBLINK":
                return True
            case "ANY_SUBLINK" if not items(body, "operName"):
                inner = _only(subquery.columns)
                outer = self._operand(body.get("testexpr"), level)
                return inner is not None and self._pair(
                    "=", outer, _Operand(inner.type_oid, frozenset())
                )
            case _:
                return False

    def _equality(self, equality: Equality) -> frozenset[int] | None:
        """As `_condition`. NATURAL over columns that are not known may compare anything."""
        sides = (equality.left, equality.right)
        names: Iterable[str]
        if equality.names is not None:
            names = equality.names
        elif any(item.columns is None for side in sides for item in side):
            return sources_of(chain(*sides))
        else:
            left, right = ({n for i in side for n in (i.columns or ())} for side in sides)
            names = left & right
        out: frozenset[int] | None = None
        for name in names:
            ends = [find_column(_reference(name), Level(list(side))) for side in sides]
            if not self._pair("=", _of_column(ends[0]), _of_column(ends[1])):
                out = (out or frozenset()) | ends[0].sources | ends[1].sources
        return out


def _touched(expression: Json, level: Level, survey: Survey) -> frozenset[int]:
    """Every reference whose rows could be shown to the expression.

    An expression that names no column at all may still have effects once a row is looked at.
    """
    out: set[int] = set()
    columns_count = 0
    for kind, body in outside_subqueries(expression):
        if kind == "ColumnRef":
            columns_count += 1
            out |= find_column(body, level).sources
        elif kind == "SubLink":
            columns_count += 1
            out |= everything(level)
            subquery = survey.subqueries.get(id(body))
            out |= subquery.sources if subquery is not None else frozenset()
    return frozenset(out) if columns_count else everything(level)


def _is_plain(select: Body) -> bool:
    """Only FROM over named relations and WHERE, and a SELECT list that calls nothing."""
    if set(select) - {"targetList", "fromClause", "whereClause", "limitOption", "op"}:
        return False
    if select.get("op") != "SETOP_NONE" or select.get("limitOption") != "LIMIT_OPTION_DEFAULT":
        return False
    targets = {kind for kind, _ in nodes(select.get("targetList"))}
    return targets <= _CALLS_NOTHING and all(map(_names_relations, items(select, "fromClause")))


_CALLS_NOTHING = frozenset(
    (
        "ResTarget", "ColumnRef", "A_Star", "A_Const", "String", "Integer", "Float", "Boolean",
    )
)  # fmt: skip


def _names_relations(item: Json) -> bool:
    join = body_of(item, "JoinExpr")
    if join is not None:
        return _names_relations(join.get("larg")) and _names_relations(join.get("rarg"))
    return body_of(item, "RangeVar") is not None


def _only(columns: Columns | None) -> Column | None:
    return next(iter(columns.values())) if columns is not None and len(columns) == 1 else None


def _of_column(found: Found) -> _Operand:
    return _Operand(found.column.type_oid if found.column else None, found.sources)


def _plain(type_oid: int) -> int:
    """varchar has no operators of its own: it is compared as text."""
    return TEXT if type_oid == VARCHAR else type_oid


def _constant(body: Body) -> _Operand:
    if "ival" in body:
        return _Operand(INT4, frozenset())
    if "fval" in body or "bsval" in body:
        return _Operand(None, frozenset())
    return _Operand(BOOL, frozenset()) if "boolval" in body else _CONSTANT


def _cast_constant(cast: Body, types: _Types, *, array: bool = False) -> _Operand:
    """A constant or parameter with its type: what it cannot hold fails without a row."""
    known = _is_constant(cast.get("arg")) or (not array and _is_string({"TypeCast": cast}, types))
    return _Operand(_type_of(cast, types, array=array) if known else None, frozenset())


def _as_text(found: Found, cast: Body, types: _Types) -> _Operand:
    """``name::text`` of a varchar is the column itself: the cast is no function (pg_cast.dat)."""
    same = found.column is not None and _plain(found.column.type_oid) == TEXT
    if same and _type_of(cast, types, array=False) == TEXT:
        return _Operand(TEXT, found.sources)
    return _Operand(None, frozenset())


def _cast_array(cast: Body, types: _Types) -> _Operand:
    """``ARRAY['a'::varchar, 'b']::text[]``, which is how a view's IN is printed: constants, too."""
    array = body_of(cast.get("arg"), "A_ArrayExpr")
    if array is None:
        return _cast_constant(cast, types, array=True)
    strings_only = all(_is_string(element, types) for element in items(array, "elements"))
    known = strings_only and _type_of(cast, types, array=True) == TEXT
    return _Operand(TEXT if known else None, frozenset())


def _is_string(value: Json, types: _Types) -> bool:
    """A constant or parameter, as it is or cast between string types, which never fails.

    Other casts of casts may be evaluated for each row, and fail there.
    """
    cast = body_of(value, "TypeCast")
    if cast is None:
        return _is_constant(value)
    is_string = _plain(_type_of(cast, types, array=False) or 0) == TEXT
    return is_string and _is_string(cast.get("arg"), types)


def _is_constant(value: Json) -> bool:
    return body_of(value, "A_Const") is not None or body_of(value, "ParamRef") is not None


def _type_of(cast: Body, types: _Types, *, array: bool) -> int | None:
    """The type a cast names, where it is one of the few that are known."""
    type_name = cast.get("typeName")
    if not isinstance(type_name, dict) or array is not ("arrayBounds" in type_name):
        return None
    names = [n for n in strings(items(type_name, "names")) if n != "pg_catalog"]
    return types.get(names[0]) if len(names) == 1 else None


def _list(value: Json) -> list[Json]:
    inner = body_of(value, "List")
    if inner is not None:
        return items(inner, "items")
    return value if isinstance(value, list) else []


def _reference(name: str) -> Body:
    return {"fields": [{"String": {"sval": name}}]}
