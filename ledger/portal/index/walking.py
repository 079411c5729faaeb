"""Walks through one log's index from a number down, and makes rows of what it finds."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from typing import Final, TypeAlias

from ledger.fields import EntryKind
from ledger.portal.index.conditions import SELECT, Condition, NothingFits
from ledger.portal.index.headline import (
    KIND_CODES,
    PSEUDONYM_BYTES,
    ROLE_CODES,
    STAMPS,
    time_text,
)
from ledger.portal.index.model import Flaw, Query, Role, Row
from ledger.portal.index.schema import COLUMNS, WORD_COLUMNS

STRETCH_ENTRIES: Final = 50_000
"""Entries that are looked through at once; more where that was quick."""
_QUICK_SECONDS: Final = 0.1
_GROWTH: Final = 4
_WORDS_AT_ONCE: Final = 500
_KINDS: Final = {code: kind for kind, code in KIND_CODES.items()}
_ROLES: Final = {code: role for role, code in ROLE_CODES.items()}
_PLACE: Final = {column: at for at, column in enumerate(COLUMNS)}
_WORD_PLACES: Final = [_PLACE[column] for column in (*WORD_COLUMNS, "refers")]
_NAMED_BYTES: Final = 1 + PSEUDONYM_BYTES
_PERMITTED: Final = frozenset({EntryKind.DECISION, EntryKind.PERMIT})

Raw: TypeAlias = tuple[int | str | bytes | None, ...]
"""A row of `entry`; its number and its time come first."""


class Walk:
    """What of one log a query asks for, the newest first, a stretch of the log at a time."""

    def __init__(
        self, connection: sqlite3.Connection, query: Query, start: int, deadline: float
    ) -> None:
        """From entry `start` - 1 down. `deadline` is of `time.monotonic`: after it no further
        stretch is begun, except the first."""
        self._connection = connection
        self._deadline = deadline
        self.reached = start
        """All from here to the start was looked at."""
        self.ended = False
        """There is nothing below it either."""
        self._found = self._stretches(query)

    def next(self) -> Raw | None:
        """None where there is no more, or time is over: see `ended`.

        Raises `FormatError` for a date that there is not.
        """
        return next(self._found, None)

    def close(self) -> None:
        """Before its connection is."""
        self._found.close()

    def _stretches(self, query: Query) -> Generator[Raw, None, None]:
        try:
            condition = Condition(self._connection, query)
        except NothingFits:
            self.reached, self.ended = 0, True
            return
        high = self.reached
        if condition.high is not None:
            high = min(high, condition.high)
        entries_count = STRETCH_ENTRIES
        while high > condition.low:
            low = max(condition.low, high - entries_count)
            began = time.monotonic()
            ends = {"low": low, "high": high}
            yield from self._connection.execute(condition.statement, condition.values | ends)
            self.reached = high = low
            now = time.monotonic()
            if high > condition.low and now >= self._deadline:
                return
            if now - began < _QUICK_SECONDS:
                entries_count *= _GROWTH
        self.reached, self.ended = 0, True


def one_row(connection: sqlite3.Connection, log: str, where: str, *values: int) -> Row | None:
    """`where` is of this package's own making."""
    found = connection.execute(f"{SELECT} FROM entry WHERE {where} LIMIT 1", values).fetchone()
    return None if found is None else rows_of(connection, log, [found])[0]


def rows_of(connection: sqlite3.Connection, log: str, found: Sequence[Raw]) -> list[Row]:
    """With words in place of their numbers."""
    numbers = {raw[place] for raw in found for place in _WORD_PLACES}
    words = _words(connection, sorted(number for number in numbers if isinstance(number, int)))
    return [_row(log, raw, words) for raw in found]


def _words(
    connection: sqlite3.Connection, numbers: Sequence[int]
) -> dict[int | str | bytes | None, str]:
    words: dict[int | str | bytes | None, str] = {}
    for at in range(0, len(numbers), _WORDS_AT_ONCE):
        some = numbers[at : at + _WORDS_AT_ONCE]
        text = f"SELECT id, value FROM word WHERE id IN ({', '.join('?' * len(some))})"
        for number, value in connection.execute(text, some):
            words[number] = value.hex() if isinstance(value, bytes) else value
    return words


def _row(log: str, raw: Raw, words: Mapping[int | str | bytes | None, str]) -> Row:
    value = dict(zip(COLUMNS, raw, strict=True))
    number, time_ms, flaw, code = (value[name] for name in ("number", "time_ms", "flaw", "kind"))
    assert isinstance(number, int)
    moment = time_text(time_ms) if isinstance(time_ms, int) else ""
    if flaw is not None:
        return Row(log, number, moment, None, Flaw(str(flaw)))
    kind = _KINDS[code] if isinstance(code, int) else None
    refers = words.get(value["refers"], "")
    return Row(
        log,
        number,
        moment,
        kind,
        principal=words.get(value["principal"]),
        verdict=words.get(value["verdict"]),
        rule=words.get(value["rule"]),
        article=words.get(value["article"]),
        statement_class=words.get(value["statement_class"]),
        attribution=words.get(value["attribution"]),
        event=words.get(value["event"]),
        session=words.get(value["session"]),
        error=words.get(value["error"]),
        decide_by=words.get(value["decide_by"]),
        decision=_count(value["decision"]),
        rows_count=_count(value["rows_count"]),
        released_bytes=_count(value["released_bytes"]),
        duration_ms=_count(value["duration_ms"]),
        subjects_count=_count(value["subjects_count"]),
        statements_count=_count(value["statements_count"]),
        permits=tuple(refers.split()) if kind in _PERMITTED else (),
        certificate=refers or None if kind is EntryKind.CERTIFICATE else None,
        opinion=refers or None if kind in (EntryKind.OPINION, EntryKind.REPLY) else None,
        order=refers or None if kind in (EntryKind.UNSEAL, EntryKind.ERASURE) else None,
        cut=value["cut"] is not None,
        named=_named(value, words),
    )


def _count(value: int | str | bytes | None) -> int | None:
    return value if isinstance(value, int) else None


def _named(
    value: Mapping[str, int | str | bytes | None], words: Mapping[int | str | bytes | None, str]
) -> dict[Role, tuple[str, ...]]:
    found: dict[Role, tuple[str, ...]] = {}
    for role in STAMPS:
        if (stamp := words.get(value[role.value])) is not None:
            found[role] = (stamp,)
    named = value["named"]
    if isinstance(named, bytes):
        for at in range(0, len(named), _NAMED_BYTES):
            role = _ROLES[named[at]]
            pseudonym = named[at + 1 : at + _NAMED_BYTES].hex()
            found[role] = (*found.get(role, ()), pseudonym)
    return found
