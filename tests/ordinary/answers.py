"""What a statement is answered with, of which two must be equal: through the proxy and without."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg

_COUNTS = re.compile(
    r"rel(tuples|pages|allvisible|allfrozen|frozenxid|minmxid)|cardinality|pages|estimate"
    r"|last_value|index_num_scans|(?!cache_).*size",
    re.IGNORECASE,
)
"""Columns that say how much there is."""
NOTHING = {None, -1, 0, -1.0, "0", ""}
"""What they say of it through the proxy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``columns``: name and type; ``error``: what the server says; ``rule``: of a refusal."""

    columns: tuple[tuple[str, int], ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    tag: str | None = None
    error: tuple[str | None, ...] = ()
    rule: str = ""

    def counts(self) -> set[object]:
        """Everything that it says of how much there is."""
        return {row[n] for n in self._counting() for row in self.rows}

    def without_counts(self) -> Answer:
        """The rest of it."""
        left_out = self._counting()
        rows = (
            tuple(None if n in left_out else value for n, value in enumerate(row))
            for row in self.rows
        )
        return Answer(self.columns, tuple(rows), self.tag, self.error, self.rule)

    def _counting(self) -> set[int]:
        return {n for n, (name, _) in enumerate(self.columns) if _COUNTS.fullmatch(name)}


def ask(connection: psycopg.Connection, text: str) -> Answer:
    """Send one statement by the simple protocol; values stay as the server writes them."""
    try:
        cursor = connection.execute(text.encode())
    except psycopg.Error as error:
        said = error.diag
        rule = re.match("rule ([a-z-]+)", said.message_hint or "")
        if rule is not None:
            return Answer(rule=rule[1])
        return Answer(error=(said.sqlstate, said.message_primary, said.message_detail))
    described = cursor.description or ()
    columns = tuple((column.name, column.type_code) for column in described)
    rows = tuple(cursor.fetchall()) if described else ()
    return Answer(columns, _hashable(rows), cursor.statusmessage)


def _hashable(rows: tuple[tuple[object, ...], ...]) -> tuple[tuple[object, ...], ...]:
    return tuple(
        tuple(repr(value) if isinstance(value, list | dict) else value for value in row)
        for row in rows
    )
