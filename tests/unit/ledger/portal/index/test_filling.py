import sqlite3
from pathlib import Path

import pytest

from ledger.fields import EntryKind
from ledger.portal.index import filling
from ledger.portal.index.filling import CHINA_HOURS, Filling, read_meta, write_meta
from ledger.portal.index.headline import (
    COUNTS,
    FLAWED_CODE,
    KIND_CODES,
    ROLE_CODES,
    WORDS,
    Headline,
    flawed,
)
from ledger.portal.index.index import CHINA_MINUTES
from ledger.portal.index.model import Flaw, Role
from ledger.portal.index.schema import create

HOUR_MS = 3_600_000
CASE = bytes([ROLE_CODES[Role.CASE]]) + b"c" * 16
PERSON = bytes([ROLE_CODES[Role.PERSON]]) + b"p" * 16


@pytest.fixture
def connection(tmp_path: Path):
    opened = create(tmp_path / "index")
    yield opened
    opened.close()


def decision(number: int, time_ms: int = 0, *, named: bytes = b"", **words: str) -> Headline:
    code = KIND_CODES[EntryKind.DECISION]
    return Headline(number, time_ms, code, words=tuple(words.get(n) for n in WORDS), named=named)


def outcome(number: int, rows_count: int) -> Headline:
    counts = tuple(rows_count if name == "rows_count" else None for name in COUNTS)
    return Headline(number, 0, KIND_CODES[EntryKind.OUTCOME], counts=counts)


def select(connection: sqlite3.Connection, text: str) -> list[tuple[object, ...]]:
    return connection.execute(text).fetchall()


def test_a_word_is_kept_once(connection, monkeypatch):
    monkeypatch.setattr(filling, "KNOWN_WORDS_MAX", 1)
    Filling(connection).add([decision(n, rule="bulk", principal="a") for n in range(5)])
    Filling(connection).add([decision(9, rule="a", principal="bulk")])
    assert sorted(select(connection, "SELECT value FROM word")) == [("a",), ("bulk",)]
    text = "SELECT count(*) FROM entry JOIN word ON word.id = rule WHERE value = 'bulk'"
    assert select(connection, text) == [(5,)]


def test_a_pseudonym_is_no_word_that_looks_like_it(connection):
    stamp = Headline(0, 0, KIND_CODES[EntryKind.DECISION], stamps=("61" * 16, None, None))
    Filling(connection).add([stamp, decision(1, session="a" * 16)])
    assert {type(value) for (value,) in select(connection, "SELECT value FROM word")} == {
        str,
        bytes,
    }


def test_sums_are_of_all_batches(connection):
    each = Filling(connection)
    each.add([decision(0, HOUR_MS - 1, rule="bulk"), decision(1, HOUR_MS), outcome(2, 7)])
    each.add([decision(3, HOUR_MS + 5), outcome(4, 1), decision(5, -1)])
    found = select(
        connection,
        "SELECT hour, kind, sum(entries_count), sum(rows_count) FROM tally_hour GROUP BY 1, 2",
    )
    decided, came = KIND_CODES[EntryKind.DECISION], KIND_CODES[EntryKind.OUTCOME]
    assert sorted(found) == [
        (-1, decided, 1, 0),
        (0, decided, 1, 0),
        (0, came, 2, 8),
        (1, decided, 2, 0),
    ]
    assert select(connection, "SELECT * FROM span") == [(0, -1, HOUR_MS + 5)]


def test_days_are_those_by_which_the_pages_count(connection):
    assert CHINA_HOURS * 60 == CHINA_MINUTES
    midnight = 16 * HOUR_MS  # of China
    Filling(connection).add(
        [decision(0, midnight - 1), decision(1, midnight), decision(2, 2 * midnight)]
    )
    found = select(connection, "SELECT day, sum(entries_count) FROM tally_day GROUP BY 1")
    assert found == [(0, 1), (1, 2)]


def test_a_person_named_twice_is_one(connection):
    Filling(connection).add([decision(4, named=CASE + PERSON + PERSON)])
    codes = {(b"c" * 16, 4, ROLE_CODES[Role.CASE]), (b"p" * 16, 4, ROLE_CODES[Role.PERSON])}
    assert set(select(connection, "SELECT * FROM subject")) == codes
    assert select(connection, "SELECT caseless FROM entry") == [(None,)]


def test_a_decision_without_a_case_is_marked_and_an_outcome_is_not(connection):
    Filling(connection).add([decision(0, named=PERSON), outcome(1, 0)])
    assert select(connection, "SELECT caseless FROM entry") == [(1,), (None,)]


def test_a_flawed_entry_has_the_time_of_the_one_before(connection):
    Filling(connection).add([flawed(0, Flaw.MISSING), decision(1, 50), flawed(2, Flaw.MALFORMED)])
    Filling(connection).add([flawed(3, Flaw.MISPLACED)])
    text = "SELECT number, time_ms, kind, flaw FROM entry"
    assert select(connection, text) == [
        (0, None, FLAWED_CODE, "missing"),
        (1, 50, KIND_CODES[EntryKind.DECISION], None),
        (2, 50, FLAWED_CODE, "malformed"),
        (3, 50, FLAWED_CODE, "misplaced"),
    ]
    Filling(connection).add([decision(0, 40)])
    assert select(connection, "SELECT time_ms, flaw FROM entry LIMIT 1") == [(40, None)]
    assert select(connection, "SELECT sum(entries_count) FROM tally_day") == [(2,)]


def test_what_is_known_of_the_log_is_the_same_again(connection):
    write_meta(connection, {"size": 3, "keys": ["公"], "last": None})
    write_meta(connection, {"size": 4})
    assert read_meta(connection) == {"size": 4, "keys": ["公"], "last": None}
    connection.execute("INSERT INTO meta VALUES ('x', 'no json')")
    with pytest.raises(ValueError, match="Expecting"):
        read_meta(connection)
