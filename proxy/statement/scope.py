"""Which names a clause can see, and what stands behind them.

PostgreSQL's ``parse_relation.c``, as far as telling columns and sources apart needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from proxy.statement.catalogue import Column
from proxy.statement.tree import Body, Json, items, outside_subqueries, strings, text
from proxy.statement.tree import field as part

Columns = Mapping[str, Column | None]
"""Output columns by name; the value is the base column a name stands for, unchanged, else None."""


@dataclass(slots=True)
class Item:
    """A FROM item: ``columns`` None where its columns are not known, ``sources`` the numbers of
    the references its rows come from (filled while walking: a recursive CTE is its own source).
    ``schema`` is that of a relation without an alias."""

    refname: str
    columns: Columns | None
    sources: set[int]
    schema: str | None = None


@dataclass(slots=True)
class Level:
    """The FROM items of one clause, and the clause around it (for correlated references)."""

    items: list[Item] = field(default_factory=list)
    outer: Level | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a column reference may lead: ``column`` only where it is a base column for sure,
    perhaps passed on by subqueries as it is."""

    sources: frozenset[int]
    column: Column | None = None


def find_column(column_ref: Body, level: Level) -> Found:
    """What a ColumnRef means at ``level``; every source it could reach where that is not sure."""
    fields = column_ref.get("fields")
    parts = strings(fields) if isinstance(fields, list) else []
    if len(parts) == 3 and parts[2] != "*":
        return _qualified(parts[0], parts[1], parts[2], level)
    if len(parts) == 2 and parts[1] != "*":
        return _qualified(None, parts[0], parts[1], level)
    if len(parts) == 1 and parts[0] != "*":
        return _unqualified(parts[0], level)
    return Found(everything(level))


def everything(level: Level | None) -> frozenset[int]:
    """All sources in sight, the clauses around included."""
    out: set[int] = set()
    while level is not None:
        for item in level.items:
            out |= item.sources
        level = level.outer
    return frozenset(out)


def sources_of(items: Iterable[Item]) -> frozenset[int]:
    """The sources of all the items together."""
    return frozenset(number for item in items for number in item.sources)


def _qualified(schema: str | None, refname: str, name: str, level: Level) -> Found:
    current: Level | None = level
    while current is not None:
        items = [
            item
            for item in current.items
            if item.refname == refname and schema in (None, item.schema)
        ]
        if len(items) == 1:
            return _in_item(items[0], name)
        if items:
            return Found(everything(level))
        current = current.outer
    return Found(everything(level))


def _unqualified(name: str, level: Level) -> Found:
    current: Level | None = level
    while current is not None:
        known = [i for i in current.items if i.columns is not None and name in i.columns]
        opaque = [i for i in current.items if i.columns is None]
        if known and not opaque:
            return _merged([_in_item(item, name) for item in known])
        if known or opaque:
            return Found(everything(level))
        current = current.outer
    return Found(everything(level))


def _merged(found: list[Found]) -> Found:
    """A column merged by JOIN ... USING stands for all of them (or the server refuses it)."""
    sources = frozenset(number for one in found for number in one.sources)
    columns = {one.column.type_oid: one.column for one in found if one.column is not None}
    if len(columns) == 1 and all(one.column is not None for one in found):
        return Found(sources, next(iter(columns.values())))
    return Found(sources)


def _in_item(item: Item, name: str) -> Found:
    column = item.columns.get(name) if item.columns is not None else None
    return Found(frozenset(item.sources), column)


def output_columns(target_list: list[Json], level: Level) -> Columns | None:
    """The output names of a SELECT list, or None where a ``*`` or a computed name is in it."""
    out: dict[str, Column | None] = {}
    for target in target_list:
        body = target.get("ResTarget") if isinstance(target, dict) else None
        if not isinstance(body, dict):
            return None
        value = body.get("val")
        reference = value.get("ColumnRef") if isinstance(value, dict) else None
        name = body.get("name")
        if isinstance(reference, dict):
            fields = reference.get("fields")
            parts = strings(fields) if isinstance(fields, list) else []
            if not parts or parts[-1] == "*":
                return None
            label = name if isinstance(name, str) else parts[-1]
            if label in out:
                return None
            out[label] = find_column(reference, level).column
        elif isinstance(name, str) and name not in out:
            out[name] = None
        else:
            return None
    return out


def renamed(columns: Columns | None, names: list[str]) -> Columns | None:
    """``columns`` under an alias list, which may name fewer of them (from the left)."""
    if not names:
        return columns
    if columns is None or len(names) > len(columns):
        return None
    old = list(columns.items())
    renamed = dict(zip(names, (column for _, column in old), strict=False))
    renamed.update(old[len(names) :])
    return renamed


def correlated(expressions: list[Json], level: Level) -> set[int]:
    """What a SELECT list takes from the clauses around it.

    The planner may pull such an expression up and evaluate it where their rows are chosen:
    ``FROM t, LATERAL (SELECT t.name::int AS n) q WHERE q.n = 0``.
    """
    if level.outer is None:
        return set()
    out: set[int] = set()
    for kind, body in outside_subqueries(expressions):
        if kind == "ColumnRef":
            names = strings(items(body, "fields"))
            out |= set() if names == ["*"] else find_column(body, level).sources
        elif kind == "SubLink":
            out |= everything(level)
    return out


def opaque_item(body: Body) -> Item:
    """A function or XMLTABLE in FROM: its columns are known only from an alias list."""
    alias = part(body, "alias")
    if alias is None:
        return Item("", None, set())
    names = strings(items(alias, "colnames"))
    return Item(text(alias, "aliasname"), dict.fromkeys(names) if names else None, set())
