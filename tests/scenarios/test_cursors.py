"""Cursors and PREPARE written as SQL, through the real service: filtered where they are declared,
answered for again where they are run, and gone when the server says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import asyncpg
import psycopg
import pytest

from tests.scenarios.pair import Pair, running_pair
from tests.world import HOST, PASSWORD, PostgresWorld

pytestmark = pytest.mark.database

SQL_OF_THE_SITE = """
CREATE VIEW base.accused_now AS
SELECT p.name, c.case_no FROM base.case_person cp
JOIN base.person p USING (person_id) JOIN base.case_file c USING (case_id)
WHERE cp.role = 'SUSPECT';
GRANT SELECT ON base.accused_now TO PUBLIC;
CREATE SCHEMA other;
CREATE TABLE other.person (name text);
GRANT USAGE ON SCHEMA other TO PUBLIC;
GRANT SELECT ON other.person TO PUBLIC;
"""


@pytest.fixture(scope="module")
def worlds(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(postgres, tmp_path_factory.mktemp("cursors"), SQL_OF_THE_SITE) as pair:
        yield pair


def played(connection: psycopg.Connection, script: str) -> list[object]:
    """The rows or the SQLSTATE of each statement, one line each, one message each."""
    answers: list[object] = []
    for sql in filter(None, map(str.strip, script.splitlines())):
        try:
            cursor = connection.execute(sql.encode())
            answers.append(Counter(cursor) if cursor.description else cursor.statusmessage)
        except psycopg.Error as error:
            answers.append(error.sqlstate)
    return answers


ALIKE = {
    "all at once": """
        BEGIN
        DECLARE c CURSOR FOR SELECT * FROM case_person
        FETCH ALL FROM c
        CLOSE c
        COMMIT
    """,
    "piece by piece, to and fro": """
        BEGIN
        DECLARE c SCROLL CURSOR FOR SELECT person_id, name FROM person ORDER BY person_id
        FETCH 3 FROM c
        MOVE 2 IN c
        FETCH PRIOR FROM c
        FETCH ABSOLUTE 1 FROM c
        FETCH BACKWARD ALL FROM c
        MOVE ALL IN c
        FETCH LAST FROM c
        COMMIT
    """,
    "binary and quoted": """
        BEGIN
        DECLARE "My C" BINARY INSENSITIVE CURSOR FOR TABLE charge
        FETCH 5 FROM "My C"
        FETCH 5 FROM my
        ROLLBACK
    """,
    "held": """
        BEGIN
        DECLARE h CURSOR WITH HOLD FOR SELECT name FROM person WHERE length(name) > 1
        COMMIT
        FETCH ALL FROM h
        MOVE FIRST IN h
        CLOSE h
        FETCH ALL FROM h
    """,
    "held by itself": """
        DECLARE h CURSOR WITH HOLD FOR SELECT count(*) FROM sentence
        BEGIN
        FETCH 1 FROM h
        ROLLBACK
        FETCH 1 FROM h
        CLOSE ALL
    """,
    "not held after all": """
        BEGIN
        DECLARE h CURSOR WITH HOLD FOR SELECT name FROM person
        ROLLBACK
        FETCH ALL FROM h
    """,
    "nothing held by an aborted transaction": """
        BEGIN
        DECLARE h CURSOR WITH HOLD FOR SELECT name FROM person
        SELECT 1 / 0
        COMMIT
        FETCH ALL FROM h
    """,
    "savepoints": """
        BEGIN
        DECLARE before CURSOR FOR SELECT name FROM person ORDER BY person_id
        SAVEPOINT s
        DECLARE inside CURSOR FOR SELECT name FROM person ORDER BY person_id
        FETCH 2 FROM before
        FETCH 2 FROM inside
        ROLLBACK TO s
        FETCH 2 FROM before
        SAVEPOINT t
        DECLARE released CURSOR FOR SELECT name FROM person ORDER BY person_id
        RELEASE t
        FETCH 1 FROM released
        FETCH 1 FROM inside
        ROLLBACK TO s
        FETCH 2 FROM before
        COMMIT
    """,
    "a name again": """
        BEGIN
        DECLARE c CURSOR FOR SELECT 1
        CLOSE c
        DECLARE c CURSOR FOR SELECT name FROM person
        FETCH ALL FROM c
        DECLARE c CURSOR FOR SELECT 1
        ROLLBACK
    """,
    "through a view": """
        BEGIN
        DECLARE c CURSOR FOR SELECT * FROM accused_now
        FETCH ALL FROM c
        COMMIT
        PREPARE v AS SELECT * FROM accused_now WHERE length(name) > 1
        EXECUTE v
    """,
    "a write of its own": """
        BEGIN
        PREPARE w (int) AS UPDATE person SET name = 'x' WHERE person_id = $1 RETURNING person_id
        EXECUTE w (1)
        EXECUTE w (2 + 1)
        ROLLBACK
        DEALLOCATE w
        EXECUTE w (1)
    """,
    "prepared": """
        PREPARE p (text) AS SELECT name FROM person WHERE name <> $1
        EXECUTE p ('x')
        EXECUTE p (lower('Y'))
        EXECUTE p
        PREPARE p AS SELECT 1
        DEALLOCATE ALL
        EXECUTE p ('x')
    """,
    "several in a message": """
        BEGIN; DECLARE c CURSOR FOR SELECT name FROM person ORDER BY person_id; MOVE 2 IN c
        FETCH 1 FROM c
        FETCH 1 FROM c; COMMIT
        FETCH 1 FROM c
    """,
}


@pytest.mark.parametrize("script", ALIKE.values(), ids=ALIKE)
@pytest.mark.requirement("Q38", "Q39")
def test_it_is_as_where_no_sealed_row_is(worlds: Pair, script: str) -> None:
    with worlds.ours() as ours, worlds.theirs() as theirs:
        assert played(ours, script) == played(theirs, script)


REFUSED = {
    "a cursor over what is refused": (
        "unvetted-function",
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT pg_read_file('x')",
    ),
    "an argument that is refused": (
        "unvetted-function",
        "PREPARE p (text) AS SELECT name FROM person WHERE name <> $1",
        "EXECUTE p (pg_read_file('x'))",
    ),
    "PREPARE beside others": ("prepare-alone", "PREPARE p AS SELECT 1; SELECT 1"),
    "a name that the server may read otherwise": (
        "name-not-ascii",
        "BEGIN",
        'DECLARE "光" CURSOR FOR SELECT 1',
    ),
    "the place of a cursor": (
        "unsupported-syntax",
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT * FROM person FOR UPDATE",
        "UPDATE person SET name = 'x' WHERE CURRENT OF c",
    ),
    "a table from a statement": (
        "unsupported-statement",
        "PREPARE p AS SELECT name FROM person",
        "CREATE TEMP TABLE t AS EXECUTE p",
    ),
    "the plan of a statement": (
        "explain-form",
        "PREPARE p AS SELECT name FROM person",
        "EXPLAIN EXECUTE p",
    ),
    "a cursor that went away in the same text": (
        "unknown-portal",
        "BEGIN",
        "DECLARE c CURSOR FOR SELECT name FROM person",
        "CLOSE c; SELECT 1; FETCH c",
    ),
    "a statement of a statement": (
        "not-understood",
        "PREPARE p AS SELECT 1",
        "PREPARE q AS EXECUTE p",
    ),
    "a meaning that the search path took away": (
        "unknown-relation",
        "PREPARE p AS SELECT count(*) FROM person",
        "SET search_path = public",
        "EXECUTE p",
    ),
    "a search path that makes a protected table of another": (
        "stale-statement",
        "SET search_path = other",
        "PREPARE p AS SELECT name FROM person",
        "EXECUTE p",
        "SET search_path = base",
        "EXECUTE p",
    ),
}


@pytest.mark.parametrize("statements", REFUSED.values(), ids=REFUSED)
def test_what_is_not_served_is_refused_and_the_session_goes_on(
    worlds: Pair, statements: tuple[str, ...]
) -> None:
    rule, *before, last = statements
    with worlds.ours() as ours:
        for sql in before:
            ours.execute(sql.encode())
        with pytest.raises(psycopg.Error) as refused:
            ours.execute(last.encode())
        assert (refused.value.diag.message_hint or "").split(",")[0] == f"rule {rule}"
        ours.execute("ROLLBACK")
        assert ours.execute("SELECT 1").fetchone() == (1,)


def test_a_driver_reads_through_its_cursor(worlds: Pair) -> None:
    sql = "SELECT person_id, name FROM person ORDER BY person_id"
    with worlds.ours(autocommit=False) as ours, worlds.theirs() as theirs:
        with ours.cursor("named") as cursor:
            cursor.itersize = 7
            rows = list(cursor.execute(sql))
        assert rows == theirs.execute(sql).fetchall()
        with ours.cursor("scrolled", scrollable=True) as cursor:
            cursor.execute(sql)
            cursor.scroll(3)
            assert cursor.fetchone() == rows[3]
            cursor.scroll(0, mode="absolute")
            assert cursor.fetchmany(2) == rows[:2]


def test_a_driver_keeps_its_cursor_while_savepoints_come_and_go(worlds: Pair) -> None:
    with worlds.ours(autocommit=False) as ours, ours.cursor("outer") as cursor:
        cursor.execute("SELECT person_id FROM person ORDER BY person_id")
        cursor.itersize = 1
        read = 0
        for (number,) in cursor:
            read += 1
            with pytest.raises(psycopg.Error), ours.transaction():
                ours.execute("SELECT 1 / ($1 - $1)".replace("$1", "%s"), (number, number))
        assert ours.execute("SELECT count(*) FROM person").fetchone() == (read,)


def test_a_pipeline_of_cursors(worlds: Pair) -> None:
    with worlds.ours(autocommit=False) as ours, worlds.theirs(autocommit=False) as theirs:
        got = []
        for connection in (ours, theirs):
            with connection.pipeline():
                connection.execute("DECLARE c CURSOR FOR SELECT name FROM person ORDER BY 1")
                first = connection.execute("FETCH 2 FROM c")
                connection.execute("CLOSE c")
                connection.execute("DECLARE c CURSOR FOR SELECT count(*) FROM case_person")
                second = connection.execute("FETCH ALL FROM c")
            got.append((first.fetchall(), second.fetchall()))
        assert got[0] == got[1]


async def test_a_driver_that_uses_portals(worlds: Pair) -> None:
    site = worlds.service.site
    connection = await asyncpg.connect(
        host=HOST, port=site.port, user="desk", password=PASSWORD, database=site.database.name
    )
    sql = "SELECT person_id FROM base.person ORDER BY person_id"
    async with connection.transaction():
        rows = [row[0] async for row in connection.cursor(sql, prefetch=3)]
    await connection.close()
    with worlds.theirs() as theirs:
        assert [(row,) for row in rows] == theirs.execute(sql).fetchall()


def test_an_error_while_fetching_says_nothing_of_the_row(worlds: Pair) -> None:
    with worlds.ours(autocommit=False) as ours:
        ours.execute("DECLARE c CURSOR FOR SELECT name::int FROM person")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as raised:
            ours.execute("FETCH ALL FROM c")
        assert raised.value.diag.message_detail is None
        assert '"' not in str(raised.value)


@pytest.mark.requirement("Q38")
def test_each_fetch_is_an_access_of_its_own(worlds: Pair) -> None:
    with worlds.ours(autocommit=False) as ours:
        ours.execute("DECLARE c CURSOR FOR SELECT name FROM person")
        ours.execute("FETCH 4 FROM c")
    site = worlds.service.site
    fetched = [e for e in site.entries("decision") if '"FETCH 4 FROM c"' in e["payload"]]
    (header,) = (entry["header"] for entry in fetched)
    assert (header["verdict"], header["statement_class"]) == ("strip", "cursor")
    assert header["relations"] == ["base.person"]
    outcomes = (entry["header"] for entry in site.entries("outcome"))
    assert [o["rows_count"] for o in outcomes if o["decision"] == fetched[0]["index"]] == [4]
