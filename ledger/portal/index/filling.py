"""Writes headlines into the tables of one log's index."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from ledger.fields import EntryKind
from ledger.portal.index.headline import (
    COUNTS,
    FLAWED_CODE,
    KIND_CODES,
    PSEUDONYM_BYTES,
    ROLE_CODES,
    WORDS,
    Headline,
)
from ledger.portal.index.model import Role
from ledger.portal.index.schema import BUNDLE_ENTRIES, COLUMNS, known_word

KNOWN_WORDS_MAX: Final = 400_000
HOUR_MS: Final = 3_600_000
CHINA_HOURS: Final = 8
"""By which the days of `tally_day` are ahead of those of UTC."""
DAY_HOURS: Final = 24
_NAMED_BYTES: Final = 1 + PSEUDONYM_BYTES
_FREQUENT: Final = frozenset({KIND_CODES[EntryKind.DECISION], KIND_CODES[EntryKind.OUTCOME]})
_DECISION: Final = KIND_CODES[EntryKind.DECISION]
_CASE: Final = ROLE_CODES[Role.CASE]
_COUNTED: Final = tuple(WORDS.index(name) for name in ("principal", "verdict", "rule", "event"))
_ROWS: Final = COUNTS.index("rows_count")
# A flawed entry that could be read since takes the place of what was written for it.
_INSERT: Final = (
    f"INSERT OR REPLACE INTO entry ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
)
_ADD_TALLY: Final = """
INSERT INTO {} VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET entries_count = entries_count + excluded.entries_count,
    rows_count = rows_count + excluded.rows_count
"""
_ADD_SPAN: Final = """
INSERT INTO span VALUES (?, ?, ?)
ON CONFLICT DO UPDATE SET low_ms = min(low_ms, excluded.low_ms),
    high_ms = max(high_ms, excluded.high_ms)
"""

Value = str | int | bytes | None


class Filling:
    """Of one connection. The caller begins and ends the transactions."""

    def __init__(self, connection: sqlite3.Connection, subjects: str = "subject") -> None:
        """`subjects`: the table for pseudonyms, another one while an index is first built."""
        self._connection = connection
        self._add_subject = f"INSERT OR IGNORE INTO {subjects} VALUES (?, ?, ?)"
        self._known: dict[str | bytes, int] = {}
        self._last_ms: int | None = None

    def add(self, headlines: Iterable[Headline]) -> None:
        """The next ones, in order; or ones that take the place of what was there."""
        entries: list[tuple[Value, ...]] = []
        subjects: list[tuple[bytes, int, int]] = []
        references: list[tuple[int, int]] = []
        tally: dict[tuple[int, ...], list[int]] = defaultdict(lambda: [0, 0])
        spans: dict[int, list[int]] = {}
        word = self._word
        for each in headlines:
            number = each.number
            if each.time_ms is None:
                entries.append(self._flawed_row(each))
                if self._last_ms is not None:
                    _widen(spans, number // BUNDLE_ENTRIES, self._last_ms)
                continue
            time_ms = self._last_ms = each.time_ms
            words = [None if text is None else word(text) for text in each.words]
            stamps = [None if text is None else word(bytes.fromhex(text)) for text in each.stamps]
            named, refers = each.named, None
            has_case = False
            for at in range(0, len(named), _NAMED_BYTES):
                role = named[at]
                has_case = has_case or role == _CASE
                subjects.append((named[at + 1 : at + _NAMED_BYTES], number, role))
            if each.references:
                refers = word(" ".join(each.references))
                references += [(word(text), number) for text in each.references]
            caseless = each.kind == _DECISION and not has_case
            entries.append(
                (
                    *(number, time_ms, each.kind, None),
                    *words,
                    *stamps,
                    *each.counts,
                    refers,
                    named or None,
                    each.cut or None,
                    each.refused or None,
                    None if each.kind in _FREQUENT else each.kind,
                    caseless or None,
                )
            )
            hour, key = time_ms // HOUR_MS, [words[at] or 0 for at in _COUNTED]
            counted = tally[(hour, each.kind, *key)]
            counted[0] += 1
            counted[1] += each.counts[_ROWS] or 0
            _widen(spans, number // BUNDLE_ENTRIES, time_ms)
        run = self._connection.executemany
        run(_INSERT, entries)
        run(self._add_subject, subjects)
        run("INSERT OR IGNORE INTO reference VALUES (?, ?)", references)
        run(_ADD_TALLY.format("tally_hour"), [(*key, *sums) for key, sums in tally.items()])
        days = [((key[0] + CHINA_HOURS) // DAY_HOURS, *key[1:]) for key in tally]
        run(
            _ADD_TALLY.format("tally_day"),
            [(*key, *sums) for key, sums in zip(days, tally.values(), strict=True)],
        )
        run(_ADD_SPAN, [(bundle, *ends) for bundle, ends in spans.items()])

    def _flawed_row(self, each: Headline) -> tuple[Value, ...]:
        if self._last_ms is None:
            before = "SELECT time_ms FROM entry WHERE number < ? ORDER BY number DESC LIMIT 1"
            found = self._connection.execute(before, (each.number,)).fetchone()
            self._last_ms = found[0] if found else None
        start = (each.number, self._last_ms, FLAWED_CODE, each.flaw)
        return (*start, *(None,) * (len(COLUMNS) - len(start)))

    def _word(self, value: str | bytes) -> int:
        """Its number in the dictionary, where it is put if it is new."""
        known = self._known.get(value)
        if known is not None:
            return known
        number = known_word(self._connection, value)
        if number is None:
            text = "INSERT INTO word (value) VALUES (?) RETURNING id"
            number = int(self._connection.execute(text, (value,)).fetchone()[0])
        if len(self._known) >= KNOWN_WORDS_MAX:
            self._known.clear()
        self._known[value] = number
        return number


def _widen(spans: dict[int, list[int]], bundle: int, time_ms: int) -> None:
    span = spans.get(bundle)
    if span is None:
        spans[bundle] = [time_ms, time_ms]
    elif time_ms < span[0]:
        span[0] = time_ms
    elif time_ms > span[1]:
        span[1] = time_ms


def write_meta(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO meta VALUES (?, ?)",
        [(name, json.dumps(value, ensure_ascii=False)) for name, value in values.items()],
    )


def read_meta(connection: sqlite3.Connection) -> dict[str, object]:
    """Raises `sqlite3.Error` or `ValueError` for a file that is not an index."""
    return {name: json.loads(value) for name, value in connection.execute("SELECT * FROM meta")}
