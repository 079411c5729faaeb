"""The few SELECTs that a policy can declare as a statistic: counts by groups, and nothing else.

The list is closed, node by node and field by field, so whatever PostgreSQL adds to SELECT is no
counting until somebody has thought about it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from proxy.names import QualifiedName
from proxy.statement.tree import (
    Body,
    Json,
    body_of,
    field,
    items,
    same_but_for_locations,
    strings,
    text,
    typed,
)

_CLAUSES: Final = frozenset(
    {"targetList", "fromClause", "whereClause", "groupClause", "limitOption", "op"}
)
_RELATION: Final = frozenset(
    {"schemaname", "relname", "inh", "relpersistence", "alias", "location"}
)
_CALL: Final = frozenset({"funcname", "funcformat", "location"})
_JOIN: Final = frozenset({"jointype", "larg", "rarg", "quals"})
_SIGNS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_BEFORE: Final = frozenset({"<", "<="})
_PERIODS: Final = frozenset({"year", "quarter"})
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Read alike whatever DateStyle is."""


class NoCounting(Exception):
    """The message says what to write instead."""


@dataclass(frozen=True, slots=True, order=True)
class OwnColumn:
    """``alias.name``."""

    alias: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """A column by which is counted, or the ``period`` (year, quarter) of a date in it. ``title``:
    what the column of the result is called."""

    column: OwnColumn
    period: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Counting:
    """``relations`` by alias. ``groups`` in the order of the result, the count among them as None.
    ``counted``: the column whose different values are counted; None for rows. ``columns`` is every
    column it names, ``choosing`` those that rows are grouped or chosen by, ``periods`` those that
    have to be days."""

    relations: tuple[tuple[str, QualifiedName], ...]
    groups: tuple[Group | None, ...]
    counted: OwnColumn | None
    title: str
    columns: frozenset[OwnColumn]
    periods: frozenset[OwnColumn]
    choosing: frozenset[OwnColumn]


def counting_of(select: Body) -> Counting:
    """What a SELECT counts. Raises `NoCounting`."""
    if not set(select) <= _CLAUSES or text(select, "op") != "SETOP_NONE":
        raise NoCounting("write SELECT ... FROM ... WHERE ... GROUP BY ..., and nothing more")
    if text(select, "limitOption") != "LIMIT_OPTION_DEFAULT":
        raise NoCounting("write SELECT ... FROM ... WHERE ... GROUP BY ..., and nothing more")
    relations, joined = _sources(items(select, "fromClause"))
    groups, counted, title = _targets(items(select, "targetList"))
    _check_grouped(select)
    conditions = list(_conditions(select.get("whereClause")))
    if not any(ends for _, ends in conditions):
        raise NoCounting(
            "say where the period ends, as in c.filed_on < DATE '2026-01-01': a number that follows"
            " the days tells of each who is added"
        )
    grouped = [group for group in groups if group is not None]
    choosing = {group.column for group in grouped} | {column for column, _ in conditions}
    columns = frozenset(choosing | joined | ({counted} if counted is not None else set()))
    unknown = sorted({column.alias for column in columns} - {alias for alias, _ in relations})
    if unknown:
        raise NoCounting(f"no relation is called {unknown[0]}")
    dated = {group.column for group in grouped if group.period} | {
        c for c, ends in conditions if ends
    }
    return Counting(
        relations, groups, counted, title, columns, frozenset(dated), frozenset(choosing)
    )


# -- FROM ---------------------------------------------------------------------------------------


def _sources(clause: list[Json]) -> tuple[tuple[tuple[str, QualifiedName], ...], set[OwnColumn]]:
    if len(clause) != 1:
        raise NoCounting("name one relation in FROM, and more of them with JOIN ... ON")
    relations: dict[str, QualifiedName] = {}
    joined: set[OwnColumn] = set()
    waiting = [clause[0]]
    while waiting:
        kind, body = typed(waiting.pop()) or ("", {})
        if kind == "JoinExpr" and set(body) == _JOIN and body.get("jointype") == "JOIN_INNER":
            waiting += [body.get("rarg"), body.get("larg")]
            joined.update(_join_columns(body.get("quals")))
            continue
        alias = _alias(body) if kind == "RangeVar" and set(body) <= _RELATION else ""
        schema = text(body, "schemaname")
        if not alias or not schema or not body.get("inh") or text(body, "relpersistence") != "p":
            raise NoCounting("write each relation as schema.name AS alias, joined with JOIN ... ON")
        name = QualifiedName(schema, text(body, "relname"))
        if alias in relations or name in relations.values():
            raise NoCounting("name each relation and each alias once")
        relations[alias] = name
    return tuple(relations.items()), joined


def _alias(body: Body) -> str:
    alias = field(body, "alias") or {}
    return text(alias, "aliasname") if set(alias) == {"aliasname"} else ""


def _join_columns(condition: Json) -> Iterator[OwnColumn]:
    for each in _all_of(condition):
        body = body_of(each, "A_Expr") or {}
        left, right = _column(body.get("lexpr")), _column(body.get("rexpr"))
        equal = text(body, "kind") == "AEXPR_OP" and strings(items(body, "name")) == ["="]
        if not equal or left is None or right is None or left.alias == right.alias:
            raise NoCounting("join with equal columns alone, as in ON b.id = a.b_id AND ...")
        yield from (left, right)


# -- SELECT and GROUP BY ------------------------------------------------------------------------


def _targets(targets: list[Json]) -> tuple[tuple[Group | None, ...], OwnColumn | None, str]:
    groups: list[Group | None] = []
    counts: list[tuple[OwnColumn | None, str]] = []
    for target in targets:
        body = body_of(target, "ResTarget") or {}
        value, title = body.get("val"), text(body, "name")
        if not set(body) <= {"name", "val", "location"}:
            raise NoCounting(_COUNTED)
        found = _group(value, title)
        if found is None:
            counts.append((_counted(value), title or "count"))
        groups.append(found)
    if len(counts) != 1 or len(groups) < 2:
        raise NoCounting(_COUNTED)
    return tuple(groups), *counts[0]


_COUNTED: Final = (
    "select columns, years or quarters of dates, and one count(*) or count(DISTINCT alias.column)"
)


def _group(value: Json, title: str) -> Group | None:
    column = _column(value)
    if column is not None:
        return Group(column, None, title or column.name)
    call = body_of(value, "FuncCall") or {}
    if strings(items(call, "funcname")) != ["pg_catalog", "extract"]:
        return None
    arguments = items(call, "args")
    if set(call) != {*_CALL, "args"} or len(arguments) != 2:
        raise NoCounting(_COUNTED)
    period = text(field(body_of(arguments[0], "A_Const") or {}, "sval") or {}, "sval")
    column = _column(arguments[1])
    if column is None or period not in _PERIODS:
        raise NoCounting("count by EXTRACT(year FROM alias.column), or its quarter")
    return Group(column, period, title or "extract")


def _counted(value: Json) -> OwnColumn | None:
    call = body_of(value, "FuncCall") or {}
    if strings(items(call, "funcname")) != ["count"]:
        raise NoCounting(_COUNTED)
    if set(call) == {*_CALL, "agg_star"}:
        return None
    column = _column(items(call, "args")[0]) if len(items(call, "args")) == 1 else None
    if set(call) != {*_CALL, "args", "agg_distinct"} or column is None:
        raise NoCounting(_COUNTED)
    return column


def _check_grouped(select: Body) -> None:
    values = [(body_of(each, "ResTarget") or {}).get("val") for each in items(select, "targetList")]
    wanted = [value for value in values if _group(value, "") is not None]
    if not same_but_for_locations(wanted, items(select, "groupClause")):
        raise NoCounting("GROUP BY what is selected, in the same order and written alike")


# -- WHERE --------------------------------------------------------------------------------------


def _conditions(where: Json) -> Iterator[tuple[OwnColumn, bool]]:
    """The column of each condition, and whether it says where the period ends."""
    for each in _all_of(where) if where is not None else ():
        kind, body = typed(each) or ("", {})
        signs = strings(items(body, "name"))
        compared = body.get("arg") if kind == "NullTest" else body.get("lexpr")
        column = _column(compared)
        if column is None or not _is_plain(kind, body, signs):
            raise NoCounting(
                "conditions compare a column with constants: =, <>, <, <=, >, >=, IN, IS NULL;"
                " join them with AND"
            )
        yield column, _is_day(body.get("rexpr")) and _BEFORE.issuperset(signs)


def _is_plain(kind: str, body: Body, signs: list[str]) -> bool:
    if kind == "NullTest":
        return set(body) == {"arg", "nulltesttype", "location"}
    if kind != "A_Expr" or not set(body) <= _COMPARED or len(signs) != 1:
        return False
    if text(body, "kind") == "AEXPR_IN":
        listed = body_of(body.get("rexpr"), "List") or {}
        return set(listed) == {"items"} and all(map(_is_constant, items(listed, "items")))
    if text(body, "kind") != "AEXPR_OP" or not _SIGNS.issuperset(signs):
        return False
    return _is_constant(body.get("rexpr")) or _is_day(body.get("rexpr"))


_COMPARED: Final = frozenset(
    {"kind", "name", "lexpr", "rexpr", "location", "rexpr_list_start", "rexpr_list_end"}
)


def _is_constant(value: Json) -> bool:
    constant = body_of(value, "A_Const")
    return constant is not None and bool({"sval", "ival", "boolval"} & set(constant))


def _is_day(value: Json) -> bool:
    """``DATE '2026-01-01'``."""
    cast = body_of(value, "TypeCast") or {}
    name = field(cast, "typeName") or {}
    day = text(field(body_of(cast.get("arg"), "A_Const") or {}, "sval") or {}, "sval")
    plain = set(name) <= {"names", "typemod", "location"} and name.get("typemod") == -1
    return plain and strings(items(name, "names")) == ["date"] and bool(_DAY.fullmatch(day))


def _all_of(condition: Json) -> list[Json]:
    conjunction = body_of(condition, "BoolExpr")
    if conjunction is None or text(conjunction, "boolop") != "AND_EXPR":
        return [condition]
    return [part for each in items(conjunction, "args") for part in _all_of(each)]


def _column(value: Json) -> OwnColumn | None:
    parts = items(body_of(value, "ColumnRef") or {}, "fields")
    names = strings(parts)
    return OwnColumn(*names) if len(parts) == len(names) == 2 and names[1] != "*" else None
