"""What stands in FROM: relations, subqueries, values, and the ways to join them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.noninterference.expressions import Expressions, Scope, Seen
from tests.noninterference.tables import Tables

JOINS = ("JOIN", "JOIN", "INNER JOIN", "LEFT JOIN", "LEFT OUTER JOIN", "RIGHT JOIN", "FULL JOIN")
FROM_ITEMS_MAX = 3


@dataclass(frozen=True, slots=True)
class Item:
    """An item of FROM. ``table``: its relation where it is one; ``nullable``: an outer join."""

    text: str
    alias: str
    columns: tuple[Seen, ...]
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """``kinds`` of its output columns, which are called ``names``."""

    text: str
    kinds: tuple[str, ...]
    names: tuple[str, ...]


class Sources(Expressions):
    """One statement per object. `Grammar` says what a SELECT is."""

    def __init__(self, random_: random.Random, tables: Tables) -> None:
        super().__init__(random_)
        self.tables = tables
        self.by_name = {table.name: table for table in tables.readable}
        self._aliases_count = 0
        self._bare: set[str] = set()
        self._queries: list[Select] = []
        self._query_names: list[str] = []
        self.plain = random_.choice((1.0, 1.0, 0.8, 0.5, 0.2))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def select(self, depth: int, kinds: Sequence[str] | None, outer: Scope | None) -> Select:
        """To be overridden: a SELECT with output columns of the wanted kinds, or of any."""
        raise NotImplementedError

    def combined(self, depth: int, outer: Scope | None) -> Select:
        """To be overridden: a set operation."""
        raise NotImplementedError

    def ordered(self, count: int, *, limited: float) -> str:
        """To be overridden: ORDER BY all of `count` columns, and LIMIT in a share of cases."""
        raise NotImplementedError

    def _from(self, depth: int, scope: Scope) -> str:
        count = self.random.choice((1, 1, 1, 2, 2, FROM_ITEMS_MAX)) if depth > 0 else 1
        first = self._item(depth, scope)
        self._enter(scope, first)
        text, known = first.text, [first]
        for _ in range(count - 1):
            joined = self._joined(depth, scope, known)
            text += joined
        return text

    def _joined(self, depth: int, scope: Scope, known: list[Item]) -> str:
        way = self.random.random()
        if way < 0.12:
            item = self._lateral(depth, scope)
            self._enter(scope, item)
            known.append(item)
            return f" {self.random.choice(('CROSS JOIN', ','))} LATERAL {item.text}"
        other, pairs = self._partner(known)
        item = other
        if way < 0.22 and pairs:
            ours, column, theirs = pairs[0]
            self._enter(scope, item)
            known.append(item)
            return f", {item.text}" if self.chance(0.2) else (
                f" JOIN {item.text} ON {ours.alias}.{column} = {item.alias}.{theirs}"
            )  # fmt: skip
        if not pairs:
            self._enter(scope, item)
            return f" CROSS JOIN {item.text}"
        ours, column, theirs = pairs[0]
        join = self.random.choice(JOINS)
        if column == theirs and len(known) == 1 and self.chance(0.25):
            self._enter_merged(scope, item, column)
            known.append(item)
            return f" {join} {item.text} USING ({column})"
        self._enter(scope, item)
        known.append(item)
        on = f"{ours.alias}.{column} = {item.alias}.{theirs}"
        if join != "FULL JOIN" and self.chance(0.3):
            on += f" AND {self.condition(scope, depth - 1)}"
        return f" {join} {item.text} ON {on}"

    def _partner(self, known: list[Item]) -> tuple[Item, list[tuple[Item, str, str]]]:
        """A table that shares a key with one of those there, and how."""
        ours = self.random.choice(known)
        ways = [j for j in self.tables.joins if ours.table in (j[0], j[2])]
        if not ways:
            return self._table(self.random.choice(self.tables.readable).name), []
        left, left_column, right, right_column = self.random.choice(ways)
        if left != ours.table:
            left_column, right, right_column = right_column, left, left_column
        return self._table(right), [(ours, left_column, right_column)]

    def _enter(self, scope: Scope, item: Item) -> None:
        scope.columns += item.columns
        scope.rows.append(item.alias)

    def _enter_merged(self, scope: Scope, item: Item, column: str) -> None:
        """After USING the column is also there without a name before it."""
        self._enter(scope, item)
        pool = next((c.pool for c in item.columns if c.text.endswith("." + column)), ("1",))
        scope.columns.append(Seen(column, "int", pool))

    def _item(self, depth: int, scope: Scope) -> Item:
        way = self.random.random()
        if self._queries and way < 0.5:
            index = self.random.randrange(len(self._queries))
            made, name = self._queries[index], self._query_names[index]
            alias = self._alias()
            return Item(f"{name} AS {alias}", alias, self._outputs(alias, made))
        if depth > 1 and way < 0.62 and self.subqueries_left > 0:
            return self._derived(depth, None)
        if way < 0.66:
            return self._values()
        return self._table(self.random.choice(self.tables.readable).name)

    def _derived(self, depth: int, outer: Scope | None) -> Item:
        self.subqueries_left -= 1
        made = self.select(depth - 1, None, outer)
        if self.chance(0.15):
            made = self.combined(depth - 1, outer)
        text = made.text
        if made.kinds and self.chance(0.25):
            text = f"{text}{self.ordered(len(made.kinds), limited=0.8)}"
        alias = self._alias()
        names = made.names
        if self.chance(0.3):
            names = tuple(self._alias() for _ in names)
            return Item(
                f"({text}) AS {alias} ({', '.join(names)})", alias,
                self._outputs(alias, Select("", made.kinds, names)),
            )  # fmt: skip
        return Item(f"({text}) {alias}", alias, self._outputs(alias, made))

    def _lateral(self, depth: int, scope: Scope) -> Item:
        inner = Scope(scope.columns[:], scope.rows[:], scope.outer)
        return self._derived(max(depth, 1), inner)

    def _values(self) -> Item:
        alias, names = self._alias(), (self._alias(), self._alias())
        rows = ", ".join(f"({self.literal('int')}, {self.literal('text')})" for _ in range(2))
        made = Select("", ("int", "text"), names)
        text = f"(VALUES {rows}) AS {alias} ({', '.join(names)})"
        if self.chance(0.4):
            numbers = f"generate_series(1, {self.small()})"
            return Item(
                f"{numbers} AS {alias} ({names[0]})", alias,
                self._outputs(alias, Select("", ("int",), names[:1])),
            )  # fmt: skip
        return Item(text, alias, self._outputs(alias, made))

    def _outputs(self, alias: str, made: Select) -> tuple[Seen, ...]:
        return tuple(
            Seen(f"{alias}.{name}", kind, ("1",) if kind == "int" else ("'1'",))
            for name, kind in zip(made.names, made.kinds, strict=True)
            if kind in ("int", "text")
        )

    def _table(self, name: str) -> Item:
        """A relation under an alias, or under its own name where nobody else has it."""
        table = self.by_name[name]
        hidden = name in self._query_names
        written = f"base.{name}" if hidden or self.chance(0.2) else name
        if self.chance(0.03):
            written = f"ONLY {written}"
        if name not in self._bare and not hidden and self.chance(0.25):
            self._bare.add(name)
            alias, text = name, written
        else:
            alias = self._alias()
            text = f"{written}{self.random.choice((' AS ', ' '))}{alias}"
        columns = tuple(Seen(f"{alias}.{c.name}", c.kind, c.pool) for c in table.columns)
        return Item(text, alias, columns, name)

    def _alias(self) -> str:
        self._aliases_count += 1
        return f"a{self._aliases_count}"
