"""Random SELECTs over the agency's schema: a seed, a statement.

Every statement has one answer, whatever the plan: what depends on the order of rows is ordered by
all that it shows. So two databases that hold the same rows must answer alike.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.noninterference.expressions import KINDS, Scope, Seen
from tests.noninterference.sources import Select, Sources
from tests.noninterference.statement import Statement

SET_OPERATIONS = ("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL")


class Grammar(Sources):
    """One statement per object."""

    def statement(self) -> Statement:
        """A query of any shape."""
        with_clause = self._with() if self.chance(0.15) else ""
        depth = self.random.choice((1, 2, 2, 3))
        if self.chance(0.12):
            query, ordered = self._set_operation(depth)
        else:
            query, ordered = self._top(depth)
        return Statement(with_clause + query, tuple(self.places), ordered=ordered)

    def _top(self, depth: int) -> tuple[str, bool]:
        if self.chance(0.04):
            return self._locking(), False
        made = self.select(depth, None, None, top=True)
        return self._ordered(made)

    def _ordered(self, made: Select) -> tuple[str, bool]:
        if not made.kinds or self.chance(0.5):
            return made.text, False
        return made.text + self._order_by(len(made.kinds)) + self._limit(0.3), True

    def _order_by(self, count: int) -> str:
        numbers = list(range(1, count + 1))
        self.random.shuffle(numbers)
        ways = ("", "", " DESC", " NULLS FIRST", " DESC NULLS LAST")
        return " ORDER BY " + ", ".join(f"{n}{self.random.choice(ways)}" for n in numbers)

    def ordered(self, count: int, *, limited: float) -> str:
        return self._order_by(count) + self._limit(limited)

    def _limit(self, share: float) -> str:
        if not self.chance(share):
            return ""
        offset = f" OFFSET {self.small()}" if self.chance(0.3) else ""
        if self.chance(0.2):
            return f"{offset} FETCH FIRST {self.small()} ROWS ONLY"
        return f" LIMIT {self.small()}{offset}"

    def _set_operation(self, depth: int) -> tuple[str, bool]:
        made = self.combined(depth, None)
        return self._ordered(made)

    def combined(self, depth: int, outer: Scope | None) -> Select:
        kinds = tuple(self.random.choice(KINDS) for _ in range(self.random.randint(1, 3)))
        arms = [self.select(depth - 1, kinds, outer) for _ in range(self.random.randint(2, 3))]
        text = arms[0].text
        for arm in arms[1:]:
            text += f" {self.random.choice(SET_OPERATIONS)} {arm.text}"
        return Select(text, kinds, arms[0].names)

    def _with(self) -> str:
        parts, recursive = [], False
        for _ in range(self.random.randint(1, 2)):
            # A WITH query may be called like a table, and then hides it.
            name = self._alias()
            if self.chance(0.15):
                name = self.random.choice(self.tables.tables).name
                if name in self._query_names:
                    continue
            if self.chance(0.2):
                recursive = True
                made = self._recursive(name)
            else:
                made = self.select(2, None, None)
            if not made.kinds:
                continue
            how = self.random.choice(("", "", "MATERIALIZED ", "NOT MATERIALIZED "))
            parts.append(f"{name} ({', '.join(made.names)}) AS {how}({made.text})")
            self._queries.append(made)
            self._query_names.append(name)
        if not parts:
            return ""
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "

    def _recursive(self, name: str) -> Select:
        scope, item = Scope(), self._table("case_file")
        self._enter(scope, item)
        start = f"SELECT {item.alias}.case_id, 0 FROM {item.text} WHERE {self.condition(scope, 1)}"
        step = self._table("case_file")
        ours, theirs = self.random.choice((("parent_case_id", "a"), ("case_id", "a")))
        names = (self._alias(), self._alias())
        union = self.random.choice(("UNION", "UNION ALL"))
        return Select(
            f"{start} {union} SELECT {step.alias}.case_id, q.n + 1 FROM {step.text}"
            f" JOIN {name} AS q (a, n) ON {step.alias}.{ours} = q.{theirs} WHERE q.n < 3",
            ("int", "int"),
            names,
        )

    # -- SELECT -------------------------------------------------------------------------------

    def select(
        self,
        depth: int,
        kinds: Sequence[str] | None,
        outer: Scope | None,
        *,
        top: bool = False,
    ) -> Select:
        """A SELECT with output columns of the wanted kinds, or of any."""
        scope = Scope(outer=outer)
        items = self._from(depth, scope)
        where = f" WHERE {self.condition(scope, depth)}" if self.chance(0.75) else ""
        if top and kinds is None and self.chance(0.12):
            return Select(self._whole(scope, items, where), (), ())
        if kinds is None:
            kinds = [self.random.choice(KINDS) for _ in range(self.random.randint(1, 4))]
        shape = self.random.random()
        if shape < 0.22:
            return self._grouped(depth, kinds, scope, items + where)
        if shape < 0.30:
            return self._windowed(depth, kinds, scope, items + where)
        values = [self.value(kind, scope, depth) for kind in kinds]
        distinct = ""
        if self.chance(0.15):
            distinct = "DISTINCT "
        elif self.chance(0.04):
            return self._distinct_on(kinds, values, items + where)
        return self._spelt(f"SELECT {distinct}", kinds, values, items + where)

    def _spelt(self, head: str, kinds: Sequence[str], values: list[str], tail: str) -> Select:
        names = tuple(self._alias() for _ in values)
        targets = ", ".join(
            f"{v}{' AS ' if self.chance(0.8) else ' '}{n}"
            for v, n in zip(values, names, strict=True)
        )
        return Select(f"{head}{targets} FROM {tail}", tuple(kinds), names)

    def _whole(self, scope: Scope, items: str, where: str) -> str:
        """Stars and whole rows; they have no fixed number of columns to order by."""
        choices = ["*", "count(*)", "1"]
        for row in scope.rows:
            choices += [f"{row}.*", row, f"{row}.*, 1 AS one", f"to_json({row})"]
        return f"SELECT {self.random.choice(choices)} FROM {items}{where}"

    def _grouped(self, depth: int, kinds: Sequence[str], scope: Scope, tail: str) -> Select:
        """GROUP BY some of the outputs, aggregates for the rest."""
        keys = [self.chance(0.4) for _ in kinds]
        columns = [self.column(kind, scope) for kind in kinds]
        values, group = [], []
        for kind, is_key, column in zip(kinds, keys, columns, strict=True):
            if is_key and column is not None:
                group.append(column.text)
                values.append(column.text)
            else:
                values.append(self._aggregate(kind, scope, depth - 1))
        text = ""
        if group:
            group = list(dict.fromkeys(group))
            wrapped = ("{}", "{}", "ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())")
            text = " GROUP BY " + self.random.choice(wrapped).format(", ".join(group[:3]))
            if len(group) > 3:
                text += ", " + ", ".join(group[3:])
        if self.chance(0.3):
            left = self._aggregate("int", scope, 0)
            text += f" HAVING {left} {self.random.choice(('<', '>', '<>', '='))} {self.small()}"
        return self._spelt("SELECT ", kinds, values, tail + text)

    def _aggregate(self, kind: str, scope: Scope, depth: int) -> str:
        def one(of: str) -> str:
            return self.value(of, scope, depth)

        match kind:
            case "int":
                made = self.random.choice(
                    ("count(*)", "count({int})", "count(DISTINCT {text})", "max({int})",
                     "min({int})", "sum(({int})::int)", "bit_or({int})", "count({bool})")
                )  # fmt: skip
            case "num":
                made = self.random.choice(("avg({int})", "sum({int})::numeric", "max({num})"))
            case "text":
                made = self.random.choice(
                    ("max({text})", "min({text})", "string_agg({t}, ',' ORDER BY {t})",
                     "array_agg({t} ORDER BY {t})::text", "json_agg({t} ORDER BY {t})::text",
                     "string_agg(DISTINCT {t}, '|' ORDER BY {t})")
                )  # fmt: skip
            case "date":
                made = self.random.choice(("max({date})", "min({date})"))
            case _:
                made = self.random.choice(("bool_and({bool})", "bool_or({bool})"))
        same = one("text") + "::text"
        filled = made.replace("{t}", same)
        for of in KINDS:
            while "{" + of + "}" in filled:
                filled = filled.replace("{" + of + "}", one(of), 1)
        if self.chance(0.15) and filled.endswith(")"):
            filled += f" FILTER (WHERE {self.condition(scope, depth)})"
        return filled

    def _windowed(self, depth: int, kinds: Sequence[str], scope: Scope, tail: str) -> Select:
        """Window functions that ties do not change."""
        values = []
        for kind in kinds:
            partition = self.column(self.random.choice(KINDS), scope)
            key = self.column(self.random.choice(("int", "date")), scope)
            over = f"PARTITION BY {partition.text} " if partition and self.chance(0.6) else ""
            if key is None or kind == "bool":
                values.append(self.value(kind, scope, depth - 1))
                continue
            ordered = f"{over}ORDER BY {key.text}"
            one = self.value(kind, scope, depth - 1)
            if kind == "int":
                made = self.random.choice(
                    (f"rank() OVER ({ordered})", f"dense_rank() OVER ({ordered} DESC)",
                     f"count(*) OVER ({over})", f"sum(({one})::int) OVER ({ordered})",
                     f"max({one}) OVER ({ordered} RANGE UNBOUNDED PRECEDING)")
                )  # fmt: skip
            else:
                made = f"{self.random.choice(('min', 'max'))}({one}) OVER ({ordered})"
            values.append(made)
        return self._spelt("SELECT ", kinds, values, tail)

    def _distinct_on(self, kinds: Sequence[str], values: list[str], tail: str) -> Select:
        made = self._spelt("SELECT DISTINCT ON (1) ", kinds, values, tail)
        order = ", ".join(str(n) for n in range(1, len(kinds) + 1))
        return Select(f"({made.text} ORDER BY {order})", made.kinds, made.names)

    def _locking(self) -> str:
        item = self._table(self.random.choice(self.tables.tables).name)
        scope = Scope()
        self._enter(scope, item)
        how = self.random.choice(("FOR UPDATE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR KEY SHARE"))
        return f"SELECT 1 AS one FROM {item.text} WHERE {self.condition(scope, 1)} {how}"

    # -- subqueries in expressions ------------------------------------------------------------

    def scalar_subquery(self, kind: str, scope: Scope, depth: int) -> str | None:
        if self.subqueries_left <= 0 or kind == "bool":
            return None
        self.subqueries_left -= 1
        made = self.select(min(depth, 1), (kind,), scope)
        if self.chance(0.1):
            return f"({made.text})"
        if self.chance(0.5):
            return f"({made.text} ORDER BY 1 LIMIT 1)"
        return f"(SELECT max({made.names[0]}) FROM ({made.text}) {self._alias()})"

    def exists(self, scope: Scope, depth: int) -> str | None:
        if self.subqueries_left <= 0 or not scope.columns:
            return None
        self.subqueries_left -= 1
        negated = "NOT " if self.chance(0.3) else ""
        return f"{negated}EXISTS ({self._correlated('1', scope, depth)})"

    def _correlated(self, target: str, scope: Scope, depth: int) -> str:
        item = self._table(self.random.choice(self.tables.readable).name)
        inner = Scope(outer=scope)
        self._enter(inner, item)
        mine, theirs = self.column("int", inner), self.column("int", scope)
        tied = f"{mine.text} = {theirs.text}" if mine and theirs else "true"
        return (
            f"SELECT {target or (mine.text if mine else '1')} FROM {item.text}"
            f" WHERE {tied} AND {self.condition(inner, min(depth, 1))}"
        )

    def membership(self, column: Seen, scope: Scope, depth: int) -> str | None:
        if self.subqueries_left <= 0:
            return None
        self.subqueries_left -= 1
        item = self._table(self.random.choice(self.tables.readable).name)
        inner = Scope(outer=scope)
        self._enter(inner, item)
        own = [c for c in inner.columns if c.kind == column.kind]
        if not own:
            return None
        how = self.random.choice(("IN", "IN", "NOT IN", "= ANY", "<> ALL", "< SOME"))
        return (
            f"{column.text} {how} (SELECT {self.random.choice(own).text} FROM {item.text}"
            f" WHERE {self.condition(inner, min(depth, 1))})"
        )
