"""Random queries that reach their reader by a detour: a temporary table, a cursor, a MERGE.

Each is one text of several statements, the last of which shows the rows. Nothing of it outlives the
transaction that the oracle rolls back.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.noninterference.expressions import Scope, Seen
from tests.noninterference.grammar import Grammar
from tests.noninterference.sources import Select
from tests.noninterference.statement import Statement
from tests.noninterference.tables import EDGES


class Roundabout(Grammar):
    """A temporary table may be called like a lasting one, and then hides it."""

    def statement(self) -> Statement:
        way = self.random.choice((self._copied, self._copied, self._declared, self._merged))
        return Statement(way(), tuple(self.places), writes=True, several=True)

    def _made(self) -> Select:
        while True:
            made = self.select(self.random.choice((1, 2, 2)), None, None)
            if made.kinds:
                return made

    def _name(self) -> str:
        return self.random.choice(self.tables.tables).name if self.chance(0.3) else self._alias()

    def _copied(self) -> str:
        made, name = self._made(), self._name()
        names = ", ".join(made.names)
        if self.chance(0.2):
            first = f"SELECT * INTO TEMP {name} FROM ({made.text}) AS {self._alias()}"
        else:
            ends = self.random.choice(("", "", " ON COMMIT DROP"))
            first = f"CREATE TEMP TABLE {name} ({names}){ends} AS {made.text}"
        scope = _scope(name, dict(zip(made.names, made.kinds, strict=True)))
        if self.chance(0.3):
            return f"{first}; SELECT * FROM {name}"
        beside = ""
        if self.chance(0.3):
            other = self.random.choice([t for t in self.tables.tables if t.name != name])
            item = self._table(other.name)
            self._enter(scope, item)
            beside = f", {item.text}"
        where = self.condition(scope, 1)
        return f"{first}; SELECT {name}.* FROM {name}{beside} WHERE {where}"

    def _declared(self) -> str:
        made, name = self._made(), self._alias()
        how = self.random.choice(("", "SCROLL ", "NO SCROLL ", "BINARY ", "INSENSITIVE "))
        return f"DECLARE {name} {how}CURSOR FOR {made.text}; FETCH ALL FROM {name}"

    def _merged(self) -> str:
        name, source = self._alias(), self._table(self.random.choice(self.tables.readable).name)
        scope = _scope(name, {"k": "int", "v": "text"})
        self._enter(scope, source)
        theirs = Scope(scope.columns[2:])
        key = self.column("int", theirs)
        tied = f"{name}.k = {key.text}" if key else "false"
        condition = f" AND {self.condition(scope, 1)}" if self.chance(0.4) else ""
        matched = f" AND {self.condition(scope, 1)}" if self.chance(0.4) else ""
        missing = f" AND {self.condition(theirs, 1)}" if self.chance(0.5) else ""
        change = self.random.choice(
            (f"UPDATE SET v = {self.value('text', scope, 1)}", "DELETE", "DO NOTHING")
        )
        new = f"{key.text if key else '1'}, {self.value('text', theirs, 1)}"
        return (
            f"CREATE TEMP TABLE {name} (k bigint, v text);"
            f" INSERT INTO {name} SELECT g, 'x' FROM generate_series(1, 120) AS g;"
            f" MERGE INTO {name} USING {source.text} ON {tied}{condition}"
            f" WHEN MATCHED{matched} THEN {change}"
            f" WHEN NOT MATCHED{missing} THEN INSERT VALUES ({new}); SELECT * FROM {name}"
        )


def _scope(name: str, columns: Mapping[str, str]) -> Scope:
    return Scope([Seen(f"{name}.{column}", kind, EDGES[kind]) for column, kind in columns.items()])
