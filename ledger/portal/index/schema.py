"""The file of one log's index: SQLite, a file for each log, so that one is made anew alone.

Words and recurring pseudonyms are numbers of a dictionary; other pseudonyms are 16 bytes. `entry`
has one row for each entry of the log, in the log's order. Every value reaches SQL as a parameter;
the text of statements is put together of the names in this package alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from ledger.portal.index.headline import COUNTS, STAMPS, WORDS

VERSION: Final = 2
"""Of the tables; an index of another version is made anew."""
BUSY_SECONDS_MAX: Final = 10.0
BUNDLE_ENTRIES: Final = 256
"""Entries that share a row of `span`."""

WORD_COLUMNS: Final = (*WORDS, *(role.value for role in STAMPS))
"""Columns that hold a number of the table `word`."""
COLUMNS: Final = (
    *("number", "time_ms", "kind", "flaw"),
    *WORD_COLUMNS,
    *COUNTS,
    *("refers", "named", "cut", "refused", "rare", "caseless"),
)

TALLIES: Final = ("hour", "day")
"""Stretches of time that entries are counted in: hours of UTC, and days of China."""


def _tally(stretch: str) -> str:
    return f"""
CREATE TABLE tally_{stretch} (
    {stretch} INTEGER, kind INTEGER, principal INTEGER, verdict INTEGER, rule INTEGER,
    event INTEGER, entries_count INTEGER NOT NULL, rows_count INTEGER NOT NULL,
    PRIMARY KEY ({stretch}, kind, principal, verdict, rule, event)
) WITHOUT ROWID;"""


TABLES: Final = f"""
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE word (id INTEGER PRIMARY KEY, value UNIQUE NOT NULL);
CREATE TABLE entry (
    number INTEGER PRIMARY KEY,
    {", ".join(COLUMNS[1:])}
);
CREATE TABLE reference (word INTEGER, number INTEGER, PRIMARY KEY (word, number)) WITHOUT ROWID;
{"".join(map(_tally, TALLIES))}
CREATE TABLE span (bundle INTEGER PRIMARY KEY, low_ms INTEGER, high_ms INTEGER);
CREATE TABLE subject (
    pseudonym BLOB, number INTEGER, role INTEGER, PRIMARY KEY (pseudonym, number, role)
) WITHOUT ROWID;
"""
"""
    word       value: a text, or the 16 bytes of a pseudonym
    entry      time_ms: of a flawed one that of the one before; refers: numbers of documents, with
               spaces between; named: a byte of its role before each pseudonym; the last four are
               1 or NULL, but `rare`: the kind, of any but decisions and outcomes
    reference  each document an entry refers to
    tally_     how many entries, and rows that they released, in an hour or on a day; 0 for no word
    span       earliest and latest time in a bundle of entries, whose times need not grow
    subject    each pseudonym an entry has, but those in columns of `entry`
"""

# In order of how few entries they leave; a search goes along the first that it has a value for.
INDEXED: Final = (
    *("session", "flaw", "cut", "error", "rare", "refused"),
    *("operator", "source", "rule", "account", "principal", "caseless"),
)
INDEXES: Final = "".join(
    f"CREATE INDEX entry_{column} ON entry ({column}) WHERE {column} IS NOT NULL;\n"
    for column in (*INDEXED, "decision")
)


def connect(path: Path) -> sqlite3.Connection:
    """To a file that is there, for one thread at a time; transactions are begun by hand.

    Raises `sqlite3.Error` where there is none, or no database.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS_MAX,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def create(path: Path) -> sqlite3.Connection:
    """A new file to be filled at once, which is worth nothing until it is closed and synced."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for setting in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("PRAGMA cache_size = -65536")
    connection.executescript(TABLES)
    return connection


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """One state of the file, whatever is written meanwhile, and nothing can be written here."""
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA query_only = 1")
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM meta").fetchone()
        yield connection


def known_word(connection: sqlite3.Connection, value: str | bytes) -> int | None:
    """Its number in the dictionary; None for one that no entry has."""
    try:
        text = "SELECT id FROM word WHERE value = ?"
        found = connection.execute(text, (value,)).fetchone()
    except UnicodeEncodeError:  # half of a character, which no log can hold
        return None
    return None if found is None else found[0]


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
