"""The soak notices what it is there to notice."""

import asyncpg
import psycopg
import pytest
from psycopg import errors

from tests.bench.load.soak.book import Book, Wrong, is_lost
from tests.bench.load.soak.census import Census, Look
from tests.bench.load.soak.truth import QUESTIONS, Truth
from tests.scenarios.service import Site
from tests.world import Database

TRUTH = Truth({(0, 7): [(70, "CONVICT", "2020-01-01")], (1, 7): []})


@pytest.fixture
def book(postgres, tmp_path) -> Book:
    database = postgres.database()
    database.run("DROP TABLE IF EXISTS soaked")
    database.run("CREATE TABLE soaked (client bigint, key bigint, value bigint)")
    return Book(1, Site(tmp_path, database, 0, 0), TRUTH, 1)


def stored(book: Book, rows: dict[int, int]) -> None:
    database: Database = book.site.database
    database.run("DELETE FROM soaked")
    for key, value in rows.items():
        database.run(f"INSERT INTO soaked VALUES ({book.number}, {key}, {value})")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(5, 70, "CONVICT", "2020-01-02")],
        [(6, 70, "CONVICT", "2020-01-01")],
        [(5, 70, "CONVICT", "2020-01-01")] * 2,
    ],
    ids=["missing", "another value", "another's mark", "twice"],
)
def test_a_wrong_answer_is_seen(rows):
    assert TRUTH.holds((0, 7), 5, [(5, 70, "CONVICT", "2020-01-01")])
    assert not TRUTH.holds((0, 7), 5, rows)


def test_a_sealed_row_is_seen():
    assert TRUTH.holds((1, 7), 5, [])
    assert not TRUTH.holds((1, 7), 5, [(5, "somebody", "2010-01-01")])


def test_every_question_is_marked():
    assert all(text.startswith("SELECT {mark}::bigint") for text in QUESTIONS)


def test_marks_are_never_used_twice(book):
    assert len({book.mark() for _ in range(100)}) == 100


@pytest.mark.parametrize("happened", [False, True])
def test_a_write_that_was_not_answered_may_have_happened_or_not(book, happened):
    book.rows, book.connected = {1: 10}, True
    book.intend({2: 20})
    stored(book, {1: 10, 2: 20} if happened else {1: 10})
    book.settle()
    assert (2 in book.rows) is happened


@pytest.mark.parametrize("found", [{}, {1: 11}, {1: 10, 3: 30}], ids=["lost", "changed", "half"])
def test_a_write_that_was_acknowledged_must_be_there(book, found):
    book.rows, book.connected = {1: 10}, True
    stored(book, found)
    with pytest.raises(Wrong):
        book.settle()


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (errors.AdminShutdown(), True),
        (errors.CannotConnectNow(), True),
        (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (ConnectionResetError(), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.InternalClientError("cannot switch to state 15; another operation"), True),
        (asyncpg.ProtocolError("unexpected message"), False),
        (errors.InternalError_(), False),
        (errors.InsufficientPrivilege(), False),
        (errors.UndefinedTable(), False),
        (errors.QueryCanceled(), False),
        (psycopg.DataError("invalid data"), False),
        (Wrong("a row"), False),
    ],
)
def test_only_an_end_of_the_connection_excuses(error, lost):
    assert is_lost(error) is lost


def test_growth_is_that_of_whoever_lived_longest():
    census = Census()
    census.looks[1] = [Look(n, 1000 + n, 10) for n in range(20)]
    census.looks[2] = [Look(n, 9000, 10) for n in range(5)]
    assert census.growth_bytes(0.5) == (9, 9)
