"""Random expressions over whatever columns are in sight, of a wanted kind.

An expression may fail, and many are made to fail on values that only sealed rows hold; none depends
on the order of rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.noninterference.statement import Place
from tests.noninterference.tables import EDGES

KINDS = ("int", "text", "date", "num", "bool")
SQL_TYPES = {"int": "bigint", "num": "numeric", "text": "text", "date": "date", "bool": "boolean"}
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "=", "=", "!=")
PATTERNS = (
    "'%示%'", "'隐秘%'", "'_'", "'%1'", "'1%'", r"'%\\'", r"'%\'", r"'隐秘%\'", "'%'", "''",
    r"'隐秘\'",
)  # fmt: skip
REGEXES = (
    "'^隐'", "'[0-9]+'", "'^.{2}$'", "'('", "'隐秘('", "'[隐'", "'(隐)(秘)?'", "'x*'", "'示|隐'",
    "'*'",
)  # fmt: skip
DATE_FORMATS = ("'YYYY-MM'", "'YYYYMMDD'", "'DD'", "'Q'", "'YYYY'")


@dataclass(frozen=True, slots=True)
class Seen:
    """A column in sight: how it is written, its kind, and values it may hold."""

    text: str
    kind: str
    pool: tuple[str, ...]


@dataclass(slots=True)
class Scope:
    """What an expression may name. ``rows`` are aliases that stand for whole rows."""

    columns: list[Seen] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    outer: Scope | None = None


class Expressions:
    """``plain`` is the share of conditions that are made of leakproof comparisons only."""

    def __init__(self, random_: random.Random) -> None:
        self.random = random_
        self.places: list[Place] = []
        self.subqueries_left = 3
        self.plain = 0.5

    # -- values -------------------------------------------------------------------------------

    def place(self, pool: Sequence[str], cast: str = "") -> str:
        """Where one of the values goes."""
        self.places.append(Place(tuple(pool), cast))
        return f"\x02{len(self.places) - 1}\x03"

    def literal(self, kind: str) -> str:
        """A constant that has its type whatever stands beside it."""
        if kind == "date":
            return "DATE " + self.random.choice(EDGES["date"])
        if kind == "text" or self.random.random() < 0.3:
            return f"({self.place(EDGES[kind], '')}::{SQL_TYPES[kind]})"
        return self.place(EDGES[kind], "::" + SQL_TYPES[kind])

    def small(self) -> str:
        return self.place(("0", "1", "2", "3", "5"), "::int")

    def column(self, kind: str, scope: Scope) -> Seen | None:
        """One of the columns of a kind; now and then one of an outer query's."""
        if scope.outer is not None and self.random.random() < 0.25:
            found = self.column(kind, scope.outer)
            if found is not None:
                return found
        columns = [column for column in scope.columns if column.kind == kind]
        return self.random.choice(columns) if columns else None

    def value(self, kind: str, scope: Scope, depth: int) -> str:
        """An expression of a kind."""
        column = self.column(kind, scope)
        if depth <= 0 or self.random.random() < 0.45:
            return column.text if column is not None else self.literal(kind)
        if self.random.random() < 0.22:
            return self._of_any_kind(kind, scope, depth - 1)
        made = getattr(self, f"_{kind}")(scope, depth - 1)
        assert isinstance(made, str)
        return made

    def _of_any_kind(self, kind: str, scope: Scope, depth: int) -> str:
        def one() -> str:
            return self.value(kind, scope, depth)

        choices: list[Callable[[], str]] = [
            lambda: f"CASE WHEN {self.condition(scope, depth)} THEN {one()} ELSE {one()} END",
            lambda: f"CASE {self.value('int', scope, 0)} WHEN {self.small()} THEN {one()} END",
            lambda: f"COALESCE({one()}, {one()})",
            lambda: f"NULLIF({one()}, {one()})",
            lambda: f"(ARRAY[{one()}, {one()}])[{self.small()}]",
        ]
        if kind != "bool":
            choices.append(lambda: f"GREATEST({one()}, {one()})")
            choices.append(lambda: f"LEAST({one()}, {one()})")
            choices.append(lambda: self.scalar_subquery(kind, scope, depth) or one())
        return self.random.choice(choices)()

    def scalar_subquery(self, kind: str, scope: Scope, depth: int) -> str | None:
        """To be overridden: ``(SELECT ...)`` of one column and at most one row, or None."""
        raise NotImplementedError

    def _int(self, scope: Scope, depth: int) -> str:
        def one() -> str:
            return self.value("int", scope, depth)

        def a_text() -> str:
            return self.value("text", scope, depth)

        def day() -> str:
            return self.value("date", scope, depth)

        arithmetic = self.random.choice(("+", "-", "*", "/", "%", "/"))
        bits = self.random.choice(("&", "|", "#"))
        return self.random.choice(
            (
                lambda: f"({one()} {arithmetic} {one()})",
                lambda: f"(1000 / {one()})",
                lambda: f"({one()} {bits} {one()})",
                lambda: f"length({a_text()})",
                lambda: f"abs({one()})",
                lambda: f"({a_text()})::bigint",
                lambda: f"CAST({a_text()} AS integer)",
                lambda: f"position({a_text()} in {a_text()})",
                lambda: f"extract(year FROM {day()})::int",
                lambda: f"date_part('day', {day()})::int",
                lambda: f"ascii({a_text()})",
                lambda: f"sign({one()})::int",
                lambda: f"mod({one()}, {one()})",
                lambda: f"({self.value('bool', scope, depth)})::int",
                lambda: f"array_length(ARRAY[{one()}, {one()}], 1)",
                lambda: f"(({a_text()})::json->>'n')::int",
                lambda: f"({day()} - {day()})",
                lambda: f"width_bucket({one()}, 0, 500, 5)",
                lambda: f"round({self.value('num', scope, depth)})::bigint",
                lambda: f"cardinality(string_to_array({a_text()}, '示'))",
            )
        )()

    def _num(self, scope: Scope, depth: int) -> str:
        def one() -> str:
            return self.value("num", scope, depth)

        arithmetic = self.random.choice(("+", "-", "*", "/", "%"))
        return self.random.choice(
            (
                lambda: f"({one()} {arithmetic} {one()})",
                lambda: f"({self.value('int', scope, depth)})::numeric",
                lambda: f"({self.value('text', scope, depth)})::numeric",
                lambda: f"round({one()}, 2)",
                lambda: f"sqrt({one()})",
                lambda: f"ln({one()})",
                lambda: f"power({one()}, 2)",
                lambda: f"trunc({one()})",
                lambda: f"to_number({self.value('text', scope, depth)}, '999999')",
            )
        )()

    def _text(self, scope: Scope, depth: int) -> str:
        def one() -> str:
            return self.value("text", scope, depth)

        row = self.random.choice(scope.rows) if scope.rows else None
        choices: list[Callable[[], str]] = [
            lambda: f"({one()} || {one()})",
            lambda: f"{self.random.choice(('lower', 'upper', 'reverse', 'btrim', 'md5'))}({one()})",
            lambda: f"substr({one()}, {self.small()}, {self.small()})",
            lambda: f"substring({one()} from {self.random.choice(REGEXES)})",
            lambda: f"left({one()}, {self.small()})",
            lambda: f"replace({one()}, '示', {one()})",
            lambda: f"({self.value('int', scope, depth)})::text",
            lambda: f"({self.value('date', scope, depth)})::varchar(10)",
            lambda: f"to_char({self.value('date', scope, depth)}, {self._format()})",
            lambda: f"concat({one()}, {self.value('int', scope, depth)})",
            lambda: f"regexp_replace({one()}, {self.random.choice(REGEXES)}, '#')",
            lambda: f"split_part({one()}, '示', {self.small()})",
            lambda: f"array_to_string(ARRAY[{one()}, {one()}], ',')",
            lambda: f"lpad({one()}, {self.small()}, '*')",
            lambda: f"(({one()})::jsonb->>'t')",
            lambda: f"({one()})::json::text",
            lambda: f"json_build_object('a', {one()}, 'b', {self.value('int', scope, 0)})::text",
            lambda: f"chr({self.value('int', scope, depth)}::int)",
        ]
        if row is not None:
            choices += [
                lambda: f"row_to_json({row})::text",
                lambda: f"({row})::text",
                lambda: f"to_jsonb({row})::text",
                lambda: f"concat({row})",
            ]
        return self.random.choice(choices)()

    def _format(self) -> str:
        return self.random.choice(DATE_FORMATS)

    def _date(self, scope: Scope, depth: int) -> str:
        def one() -> str:
            return self.value("date", scope, depth)

        number = f"({self.value('int', scope, depth)})::int"
        return self.random.choice(
            (
                lambda: f"({one()} + {number})",
                lambda: f"({one()} - {self.small()})",
                lambda: f"({self.value('text', scope, depth)})::date",
                lambda: f"({one()} + interval '1 month')::date",
                lambda: f"make_date(2000 + {number}, 2, 29)",
                lambda: f"date_trunc('year', {one()})::date",
                lambda: f"to_date({self.value('text', scope, depth)}, 'YYYYMMDD')",
            )
        )()

    def _bool(self, scope: Scope, depth: int) -> str:
        return f"({self.condition(scope, depth)})"

    # -- conditions ---------------------------------------------------------------------------

    def condition(self, scope: Scope, depth: int) -> str:
        """Of the plain sort or of any."""
        if self.random.random() < self.plain:
            return self._plain(scope, depth)
        return self._any(scope, depth)

    def _plain(self, scope: Scope, depth: int) -> str:
        """Comparisons of columns with constants and with each other."""
        if depth > 0 and self.random.random() < 0.3:
            glue = self.random.choice((" AND ", " OR "))
            parts = [self._plain(scope, depth - 1) for _ in range(self.random.randint(2, 3))]
            return "(" + glue.join(parts) + ")"
        if depth > 0 and self.random.random() < 0.1:
            return f"NOT ({self._plain(scope, depth - 1)})"
        kind = self.random.choice(("int", "int", "text", "text", "date", "bool"))
        column = self.column(kind, scope)
        if column is None:
            return self.random.choice(("true", "1 = 1", "false"))
        left, pool = column.text, column.pool
        other = self.column(kind, scope)
        comparison = self.random.choice(COMPARISONS)
        choices: list[Callable[[], str]] = [
            lambda: f"{left} {comparison} {self.place(pool)}",
            lambda: f"{left} {comparison} {self.place(pool)}",
            lambda: f"{self.place(pool)} {comparison} {left}",
            lambda: f"{left} IN ({self.place(pool)}, {self.place(pool)}, {self.place(pool)})",
            lambda: f"{left} NOT IN ({self.place(pool)}, {self.place(pool)})",
            lambda: f"{left} BETWEEN {self.place(pool)} AND {self.place(pool)}",
            lambda: f"{left} IS NULL",
            lambda: f"{left} IS NOT NULL",
            lambda: f"{left} IS DISTINCT FROM {self.place(pool)}",
            lambda: self.exists(scope, depth) or f"{left} IS NOT NULL",
            lambda: self.membership(column, scope, depth) or f"{left} IS NOT NULL",
        ]
        if other is not None:
            choices.append(lambda: f"{left} {comparison} {other.text}")
        if kind == "bool":
            choices += [lambda: left, lambda: f"{left} IS NOT TRUE", lambda: f"NOT {left}"]
        return self.random.choice(choices)()

    def exists(self, scope: Scope, depth: int) -> str | None:
        """To be overridden: ``[NOT] EXISTS (SELECT ...)``, or None."""
        raise NotImplementedError

    def membership(self, column: Seen, scope: Scope, depth: int) -> str | None:
        """To be overridden: ``column [NOT] IN (SELECT ...)`` and its kin, or None."""
        raise NotImplementedError

    def _any(self, scope: Scope, depth: int) -> str:
        def one(kind: str) -> str:
            return self.value(kind, scope, depth - 1)

        kind = self.random.choice(KINDS)
        comparison = self.random.choice(COMPARISONS)
        negated = self.random.choice(("", "NOT "))
        like = self.random.choice(("LIKE", "LIKE", "NOT LIKE", "ILIKE"))
        regex = self.random.choice(("~", "~*", "!~"))
        choices: list[Callable[[], str]] = [
            lambda: f"{one(kind)} {comparison} {one(kind)}",
            lambda: f"{one(kind)} {comparison} {one(kind)}",
            lambda: f"{one('text')} {like} {self.place(PATTERNS, '::text')}",
            lambda: f"{one('text')} {like} {one('text')}",
            lambda: f"{one('text')} {regex} {self.random.choice(REGEXES)}",
            lambda: f"{one('text')} {regex} {one('text')}",
            lambda: f"{one('text')} SIMILAR TO '(示|隐)%'",
            lambda: f"{one(kind)} BETWEEN {one(kind)} AND {one(kind)}",
            lambda: f"({one('int')}, {one('text')}) {comparison} ({one('int')}, {one('text')})",
            lambda: f"{one('int')} = ANY (ARRAY[{one('int')}, {one('int')}])",
            lambda: f"{one('text')} <> ALL (string_to_array({one('text')}, '示'))",
            lambda: f"{negated}({self.condition(scope, depth - 1)})",
            lambda: f"({one(kind)} IS {negated}NULL)",
            lambda: f"({one('text')})::jsonb IS NOT NULL",
            lambda: f"({one('text')})::date IS NOT NULL",
            lambda: f"({one('text')})::int IS NULL",
            lambda: f"({one('text')})::xml IS NOT NULL",
            lambda: f"starts_with({one('text')}, '隐')",
            lambda: (
                f"({one('date')}, {one('date')}) OVERLAPS (DATE '2022-01-01', DATE '2023-01-01')"
            ),
            lambda: f"int4range(0, ({one('int')})::int) @> {self.small()}",
            lambda: self.exists(scope, depth) or "true",
        ]
        if scope.rows:
            row = self.random.choice(scope.rows)
            choices += [
                lambda: f"{row} IS NOT NULL",
                lambda: f"({row})::text {like} {self.place(PATTERNS, '::text')}",
                lambda: f"to_jsonb({row}) ? 'name'",
            ]
        if depth > 0:
            glue = self.random.choice((" AND ", " OR "))
            choices += [
                lambda: f"({self.condition(scope, depth - 1)}{glue}{self._any(scope, depth - 1)})"
            ] * 3
        return self.random.choice(choices)()
