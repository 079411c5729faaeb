"""Random INSERT, UPDATE and DELETE; the oracle rolls them back."""

from __future__ import annotations

from tests.noninterference.expressions import Scope, Seen
from tests.noninterference.grammar import Grammar
from tests.noninterference.statement import Statement
from tests.noninterference.tables import EDGES, Table

NEW_KEYS = tuple(str(number) for number in range(900001, 900040))


class Writes(Grammar):
    """What a write sets depends on the changed row alone: with FROM, several rows may match."""

    def statement(self) -> Statement:
        table = self.random.choice(self.tables.tables)
        way = self.random.choice((self._insert, self._update, self._update, self._delete))
        return Statement(way(table), tuple(self.places), writes=True)

    def _insert(self, table: Table) -> str:
        chosen = [c for c in table.columns if c.name != table.key and self.chance(0.9)]
        names = ", ".join((table.key, *(column.name for column in chosen)))
        key = NEW_KEYS if table.key != "org_code" else tuple(f"'{n}'" for n in NEW_KEYS)
        if self.chance(0.35):
            scope, item = Scope(), self._table(table.name)
            self._enter(scope, item)
            values = ", ".join(f"{item.alias}.{column.name}" for column in chosen)
            new = f"{item.alias}.{table.key}"
            new = f"{new} + 900000" if table.key != "org_code" else f"reverse({new})"
            source = f"SELECT {new}{', ' if values else ''}{values} FROM {item.text}"
            source += f" WHERE {self.condition(scope, 1)}"
        else:
            source = "VALUES (" + ", ".join(
                (self.place(key), *(self.place((*c.pool[:20], "NULL")) for c in chosen))
            ) + ")"  # fmt: skip
        alias = self._alias()
        text = f"INSERT INTO {table.name} AS {alias} ({names}) {source}"
        return text + self._returning(alias, table)

    def _update(self, table: Table) -> str:
        scope, alias = self._target(table)
        settable = [c for c in table.columns if not c.name.endswith("_id") and c.name != table.key]
        sets = []
        for column in self.random.sample(settable, min(len(settable), self.random.randint(1, 2))):
            if self.chance(0.6):
                sets.append(f"{column.name} = {self.place((*EDGES[column.kind], 'NULL'))}")
            else:
                sets.append(f"{column.name} = {self.value(column.kind, scope, 1)}")
        returned = self._returning(alias, table)
        text = f"UPDATE {table.name} AS {alias} SET {', '.join(sets)}"
        where = self._where(scope, alias, table, "FROM")
        return text + where + returned

    def _delete(self, table: Table) -> str:
        scope, alias = self._target(table)
        returned = self._returning(alias, table)
        return (
            f"DELETE FROM {table.name} {alias}{self._where(scope, alias, table, 'USING')}{returned}"
        )

    def _target(self, table: Table) -> tuple[Scope, str]:
        alias = self._alias()
        columns = [Seen(f"{alias}.{c.name}", c.kind, c.pool) for c in table.columns]
        return Scope(columns), alias

    def _where(self, scope: Scope, alias: str, table: Table, word: str) -> str:
        beside = ""
        if self.chance(0.2):
            ways = [join for join in self.tables.joins if join[0] == table.name]
            if ways:
                _, column, other, theirs = self.random.choice(ways)
                item = self._table(other)
                self._enter(scope, item)
                beside = f" {word} {item.text}"
                tied = f"{alias}.{column} = {item.alias}.{theirs}"
                return f"{beside} WHERE {tied} AND {self.condition(scope, 1)}"
        return f" WHERE {self.condition(scope, 2)}" if self.chance(0.9) else ""

    def _returning(self, alias: str, table: Table) -> str:
        if self.chance(0.4):
            return ""
        own = Scope([Seen(f"{alias}.{c.name}", c.kind, c.pool) for c in table.columns])
        if self.chance(0.3):
            return f" RETURNING {alias}.*"
        return f" RETURNING {alias}.{table.key}, {self.value('text', own, 1)}"
