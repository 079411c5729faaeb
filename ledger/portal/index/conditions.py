"""A query as SQL for one log's index. What was asked for reaches SQL as parameters alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, TypeAlias

from ledger.fields import EntryKind
from ledger.portal.index.headline import (
    KIND_CODES,
    REFERENCES,
    ROLE_CODES,
    STAMPS,
    time_ms_of,
)
from ledger.portal.index.model import Flaw, Named, Query
from ledger.portal.index.schema import BUNDLE_ENTRIES, COLUMNS, INDEXED, known_word

Value: TypeAlias = str | int | bytes

_WORDS: Final = (
    *("principal", "verdict", "rule", "statement_class"),
    *("attribution", "event", "session", "error"),
)
"""Words that a query may name, each a column."""
_DOCUMENTS: Final = ("permit", "certificate", "opinion", "order")
_FREQUENT: Final = frozenset({EntryKind.DECISION, EntryKind.OUTCOME})
SELECT: Final = f"SELECT {', '.join(f'entry.{column}' for column in COLUMNS)}"


class NothingFits(Exception):
    """No entry of this log could: a word that it never had, or kinds that exclude each other."""


class Condition:
    """What must hold of a row; `statement` selects those, from the largest number down.

    It has the parameters `low` and `high` beside its own: `high` is not included.
    """

    def __init__(self, connection: sqlite3.Connection, query: Query) -> None:
        """Raises `NothingFits`, and `FormatError` for a date that there is not."""
        self._connection = connection
        self.values: dict[str, Value] = {}
        self.low = 0
        self.high: int | None = None
        self._columns: dict[str, set[Value]] = {}  # any of these
        self._numbers: list[str] = []  # statements that select numbers
        self._terms: list[str] = []
        self._kinds: frozenset[EntryKind] | None = query.kinds or None
        self._take_words(query)
        self._take_named(query)
        self._take_flags(query)
        self._take_kinds()
        self._take_times(query)
        self.statement = self._statement()

    def _take_words(self, query: Query) -> None:
        for name in _WORDS:
            if (word := getattr(query, name)) is not None:
                self._columns[name] = {self._number_of(word)}
        for name in _DOCUMENTS:
            if (word := getattr(query, name)) is not None:
                place = self._places([self._number_of(word)])
                self._among("reference", f"word IN ({place})")
                self._limit_kinds(REFERENCES[name])

    def _take_named(self, query: Query) -> None:
        for named in query.named:
            pseudonyms = [bytes.fromhex(text) for text in named.pseudonyms]
            if named.role in STAMPS:
                known: set[Value] = {
                    number for each in pseudonyms if (number := known_word(self._connection, each))
                }
                before = self._columns.get(named.role.value, known)
                self._columns[named.role.value] = known & before
                if not known & before:
                    raise NothingFits
            else:
                self._among_subjects(named, pseudonyms)

    def _among_subjects(self, named: Named, pseudonyms: Iterable[bytes]) -> None:
        role = self._places([ROLE_CODES[named.role]])
        places = self._places(pseudonyms)
        self._among("subject", f"pseudonym IN ({places}) AND role = {role}")

    def _take_flags(self, query: Query) -> None:
        if query.cut:
            self._columns["cut"] = {1}
        if query.refused or query.verdict == "refuse":
            self._columns["refused"] = {1}
        if query.without_case:
            self._columns["caseless"] = {1}
        if query.flawed:
            self._columns["flaw"] = {flaw.value for flaw in Flaw}

    def _limit_kinds(self, kinds: frozenset[EntryKind]) -> None:
        self._kinds = kinds if self._kinds is None else self._kinds & kinds

    def _take_kinds(self) -> None:
        if self._kinds is None:
            return
        if not self._kinds:
            raise NothingFits
        codes: set[Value] = {KIND_CODES[kind] for kind in self._kinds}
        self._columns["kind" if self._kinds & _FREQUENT else "rare"] = codes

    def _take_times(self, query: Query) -> None:
        """Also the numbers between which such times occur, as far as bundles of entries tell."""
        if query.since is not None:
            self.values["since"] = time_ms_of(query.since)
            self._terms.append("entry.time_ms >= :since")
            first = self._bundle("high_ms >= :since ORDER BY bundle")
            if first is None:
                raise NothingFits
            self.low = first * BUNDLE_ENTRIES
        if query.until is not None:
            self.values["until"] = time_ms_of(query.until)
            self._terms.append("entry.time_ms < :until")
            last = self._bundle("low_ms < :until ORDER BY bundle DESC")
            if last is None:
                raise NothingFits
            self.high = (last + 1) * BUNDLE_ENTRIES

    def _bundle(self, where: str) -> int | None:
        text = f"SELECT bundle FROM span WHERE {where} LIMIT 1"
        found = self._connection.execute(text, self.values).fetchone()
        return None if found is None else found[0]

    def _among(self, table: str, where: str) -> None:
        bounds = "number >= :low AND number < :high"
        self._numbers.append(f"SELECT number FROM {table} WHERE {where} AND {bounds}")

    def _number_of(self, word: str) -> int:
        number = known_word(self._connection, word)
        if number is None:
            raise NothingFits
        return number

    def _places(self, values: Iterable[Value]) -> str:
        """Names of new parameters with these values, for a list in SQL."""
        names = []
        for value in values:
            names.append(f"v{len(self.values)}")
            self.values[names[-1]] = value
        return ", ".join(f":{name}" for name in names)

    def _statement(self) -> str:
        along = next((column for column in INDEXED if column in self._columns), None)
        if self._numbers:
            along = None
        terms = list(self._terms)
        for column, wanted in self._columns.items():
            # A plus keeps SQLite from going along that column's index.
            name = f"entry.{column}" if column == along else f"+entry.{column}"
            terms.append(f"{name} IN ({self._places(sorted(wanted, key=str))})")
        terms += [f"entry.number IN ({text})" for text in self._numbers[1:]]
        if self._numbers:
            # CROSS JOIN is SQLite's word for: in this order.
            first = f"(SELECT DISTINCT number FROM ({self._numbers[0]})) AS found"
            source = f"{first} CROSS JOIN entry"
            terms.append("entry.number = found.number")
        else:
            source = "entry"
            terms += ["entry.number >= :low", "entry.number < :high"]
        return f"{SELECT} FROM {source} WHERE {' AND '.join(terms)} ORDER BY entry.number DESC"
