"""Whose records a statement asks for: the values that its conditions demand of columns, and the
equalities by which one relation's rows lead to another's.

A condition counts where every row that is used has to pass it: in WHERE, or in the ON of a join
for the sides that it limits, alone or beside others by AND. It is a bare column that equals a
plain constant or parameter, is IN a list of them, = ANY of an array, or equals a column of a
VALUES list; an OR of such about one column is a list, too. Whatever is written otherwise names
nobody. Nothing here is a barrier: a mistake counts people wrongly and shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxy.statement.catalogue import Column
from proxy.statement.choices import Condition, Joined
from proxy.statement.facts import Link, Naming, Place
from proxy.statement.scope import Item, Level, find_column
from proxy.statement.survey import Survey
from proxy.statement.tree import Body, Json, body_of, items, location, nodes, strings, text
from proxy.statement.tree import field as part

_CASTS: Final = frozenset(("text", "varchar", "bpchar", "int2", "int4", "int8"))
_ARRAY_CASTS: Final = frozenset(("text", "varchar", "int2", "int4", "int8"))
_VALUES_ONLY: Final = frozenset(("valuesLists", "limitOption", "op"))

_Values = Mapping[tuple[str, str], tuple[Place, ...]]
"""The columns of the VALUES lists of a clause, by alias and name; only those of plain values."""


@dataclass(slots=True)
class Subjects:
    """Of one statement, by the number of the reference."""

    named: dict[int, list[Naming]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Limits:
    """A condition that holds for every row used of ``numbers``, by the names at ``level``."""

    expression: Json
    level: Level
    numbers: frozenset[int]
    values: _Values


@dataclass(frozen=True, slots=True)
class _At:
    number: int
    column: Column


def subjects_of(survey: Survey, kind: str, body: Body) -> Subjects:
    """What a statement names, after its survey."""
    return _Finder(survey, kind, body).find()


class _Finder:
    def __init__(self, survey: Survey, kind: str, body: Body) -> None:
        self._survey = survey
        self._out = Subjects()
        self._levels = {
            id(each.expression): each.level
            for each in survey.choices
            if isinstance(each, Condition)
        }
        self._bodies: list[Body] = []
        # What is used twice, or beside its neighbours, is not limited by a condition on one use.
        self._direct_only = False
        for name, inner in nodes({kind: body}):
            if "whereClause" in inner:
                self._bodies.append(inner)
            if name == "CommonTableExpr" or "over" in inner:
                self._direct_only = True

    def find(self) -> Subjects:
        """Named rows first, then links."""
        for body in self._bodies:
            where = body.get("whereClause")
            level = self._levels.get(id(where))
            if where is not None and level is not None:
                numbers = self._limited(body, level.items)
                self._read(_Limits(where, level, numbers, _values_lists(body)))
        for join in self._survey.joins:
            self._join(join)
        return self._out

    def _limited(self, clause: Body, sides: list[Item] | tuple[Item, ...]) -> frozenset[int]:
        """The references whose rows these FROM items are made of, one by one."""
        own = {r.number for r in self._survey.references if r.clause.body is clause}
        single = {number for item in sides if len(item.sources) == 1 for number in item.sources}
        return frozenset(single & own if self._direct_only else single)

    def _join(self, join: Joined) -> None:
        sides: tuple[Item, ...] = {
            "JOIN_LEFT": join.right,
            "JOIN_RIGHT": join.left,
            "JOIN_FULL": (),
        }.get(join.kind, (*join.left, *join.right))
        numbers = self._limited(join.clause.body, sides)
        level = self._levels.get(id(join.on))
        if level is not None:
            values = _values_lists(join.clause.body)
            self._read(_Limits(join.on, level, numbers, values))
        for name in join.using:
            left, right = _only(join.left, name), _only(join.right, name)
            if left is not None and right is not None:
                self._link(left, right, numbers)

    def _read(self, limits: _Limits) -> None:
        for conjunct in _parts(limits.expression, "AND_EXPR"):
            named = self._naming(conjunct, limits)
            if named is not None:
                at, places = named
                naming = Naming(at.column.name, at.column.type_oid, places)
                self._out.named.setdefault(at.number, []).append(naming)
                continue
            self._links_in(conjunct, limits)

    # -- names ----------------------------------------------------------------------------------

    def _naming(self, expression: Json, limits: _Limits) -> tuple[_At, tuple[Place, ...]] | None:
        arms = list(_parts(expression, "OR_EXPR"))
        found = [self._comparison(arm, limits) for arm in arms]
        first = found[0]
        if first is None or first[0].number not in limits.numbers:
            return None
        places: list[Place] = []
        for one in found:
            if one is None or one[0] != first[0]:
                return None
            places += one[1]
        return first[0], tuple(places)

    def _comparison(
        self, expression: Json, limits: _Limits
    ) -> tuple[_At, tuple[Place, ...]] | None:
        body = body_of(expression, "A_Expr")
        if body is None or strings(items(body, "name")) != ["="]:
            return None
        left, right = body.get("lexpr"), body.get("rexpr")
        match text(body, "kind"):
            case "AEXPR_OP":
                for column, value in ((left, right), (right, left)):
                    at, places = self._at(column, limits.level), _places(value, limits.values)
                    if at is not None and places is not None:
                        return at, places
                return None
            case "AEXPR_IN":
                listed = [_place(v) for v in items(body_of(right, "List") or {}, "items")]
            case "AEXPR_OP_ANY":
                listed = _elements(right)
            case _:
                return None
        at = self._at(left, limits.level)
        if at is None or not listed or not all(listed):
            return None
        return at, tuple(place for place in listed if place is not None)

    def _at(self, value: Json, level: Level) -> _At | None:
        reference = body_of(value, "ColumnRef")
        if reference is None:
            return None
        found = find_column(reference, level)
        if found.column is None or len(found.sources) != 1:
            return None
        (number,) = found.sources
        return _At(number, found.column)

    # -- links ----------------------------------------------------------------------------------

    def _links_in(self, expression: Json, limits: _Limits) -> None:
        link = body_of(expression, "SubLink")
        if link is not None:
            if text(link, "subLinkType") == "ANY_SUBLINK" and not items(link, "operName"):
                self._subquery_link(link.get("testexpr"), link, limits)
            return
        body = body_of(expression, "A_Expr")
        if body is None or text(body, "kind") != "AEXPR_OP":
            return
        if strings(items(body, "name")) != ["="]:
            return
        left, right = body.get("lexpr"), body.get("rexpr")
        one, other = self._at(left, limits.level), self._at(right, limits.level)
        if one is not None and other is not None:
            self._link(one, other, limits.numbers)
        for column, value in ((left, right), (right, left)):
            inner = body_of(value, "SubLink")
            if inner is not None and text(inner, "subLinkType") == "EXPR_SUBLINK":
                self._subquery_link(column, inner, limits)

    def _subquery_link(self, column: Json, link: Body, limits: _Limits) -> None:
        subquery = self._survey.subqueries.get(id(link))
        at = self._at(column, limits.level)
        if subquery is None or at is None or not subquery.columns:
            return
        (*names,) = subquery.columns.values()
        if len(names) != 1 or names[0] is None or len(subquery.sources) != 1:
            return
        (number,) = subquery.sources
        if at.number in limits.numbers:
            self._add(at, _At(number, names[0]))

    def _link(self, one: _At, other: _At, numbers: frozenset[int]) -> None:
        if one.number in numbers:
            self._add(one, other)
        if other.number in numbers:
            self._add(other, one)

    def _add(self, one: _At, other: _At) -> None:
        if one.number != other.number:
            self._out.links.append(
                Link(one.number, one.column.name, other.number, other.column.name)
            )


def _parts(expression: Json, junction: str) -> Iterator[Json]:
    body = body_of(expression, "BoolExpr")
    if body is None or text(body, "boolop") != junction:
        yield expression
        return
    for inner in items(body, "args"):
        yield from _parts(inner, junction)


def _only(side: tuple[Item, ...], name: str) -> _At | None:
    """The one column of that name on a side of a join."""
    if any(item.columns is None for item in side):
        return None
    having = [item for item in side if item.columns is not None and name in item.columns]
    if len(having) != 1 or len(having[0].sources) != 1:
        return None
    column = (having[0].columns or {}).get(name)
    (number,) = having[0].sources
    return None if column is None else _At(number, column)


def _places(value: Json, values: _Values) -> tuple[Place, ...] | None:
    """Where the value, or each value of a column of VALUES, stands; None for anything else."""
    place = _place(value)
    if place is not None:
        return (place,)
    reference = body_of(value, "ColumnRef")
    parts = strings(items(reference, "fields")) if reference is not None else []
    return values.get((parts[0], parts[1])) if len(parts) == 2 else None


def _place(value: Json) -> Place | None:
    cast = body_of(value, "TypeCast")
    if cast is not None:
        return _place(cast.get("arg")) if _is_plain_cast(cast, _CASTS, array=False) else None
    if body_of(value, "A_Const") is not None:
        constant = body_of(value, "A_Const") or {}
        known = "sval" in constant or "ival" in constant
        return Place(literal=location(constant)) if known else None
    parameter = body_of(value, "ParamRef")
    number = parameter.get("number") if parameter is not None else None
    return Place(parameter=number) if isinstance(number, int) else None


def _elements(value: Json) -> list[Place | None]:
    """Of an array of plain values, or of an array that is one parameter."""
    array = body_of(value, "A_ArrayExpr")
    if array is not None:
        return [_place(each) for each in items(array, "elements")]
    cast = body_of(value, "TypeCast")
    if cast is not None:
        if not _is_plain_cast(cast, _ARRAY_CASTS, array=True):
            return [None]
        return _elements(cast.get("arg"))
    place = _place(value)
    if place is None:
        return [None]
    return [Place(place.literal, place.parameter, array=True)]


def _is_plain_cast(cast: Body, names: frozenset[str], *, array: bool) -> bool:
    """To a type of the server's own that keeps different values apart: without a length."""
    kind = part(cast, "typeName") or {}
    called = strings(items(kind, "names"))
    known = called[-1:] != [] and called[-1] in names and called[:-1] in ([], ["pg_catalog"])
    return known and not items(kind, "typmods") and bool(items(kind, "arrayBounds")) == array


def _values_lists(clause: Body) -> _Values:
    """The VALUES lists in a clause's FROM, column by column."""
    out: dict[tuple[str, str], tuple[Place, ...]] = {}
    waiting = [*items(clause, "fromClause"), *items(clause, "usingClause")]
    while waiting:
        item = waiting.pop()
        join = body_of(item, "JoinExpr")
        if join is not None and "alias" not in join:
            waiting += [join.get("larg"), join.get("rarg")]
        body = body_of(item, "RangeSubselect")
        select = body_of(body.get("subquery"), "SelectStmt") if body is not None else None
        alias = part(body, "alias") if body is not None else None
        if select is None or alias is None or set(select) - _VALUES_ONLY:
            continue
        rows = [items(body_of(row, "List") or {}, "items") for row in items(select, "valuesLists")]
        width = min(map(len, rows), default=0)
        given = strings(items(alias, "colnames"))
        for number in range(width):
            name = given[number] if number < len(given) else f"column{number + 1}"
            places = [_place(row[number]) for row in rows]
            if all(places):
                found = tuple(place for place in places if place is not None)
                out[text(alias, "aliasname"), name] = found
    return out
