"""Temporary tables through the real service and real drivers: what goes in has been filtered, and a
name is the session's own table exactly as long as the server has it."""

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
DO $$ BEGIN
  EXECUTE format('GRANT TEMP ON DATABASE %I TO PUBLIC', current_database());
END $$;
CREATE TABLE public.courts (code text PRIMARY KEY, name text);
INSERT INTO public.courts VALUES ('A', 'first'), ('B', 'second');
GRANT SELECT ON public.courts TO PUBLIC;
"""
COPY = "CREATE TEMP TABLE copy AS SELECT person_id, name FROM person WHERE length(name) > 1"


@pytest.fixture(scope="module")
def worlds(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(postgres, tmp_path_factory.mktemp("temporary"), SQL_OF_THE_SITE) as pair:
        yield pair


def test_a_copy_holds_what_may_be_seen(worlds: Pair) -> None:
    found = []
    for connection in (worlds.ours(), worlds.theirs()):
        with connection:
            made = connection.execute(COPY).statusmessage
            rows = Counter(connection.execute("SELECT * FROM copy"))
            joined = Counter(
                connection.execute(
                    "SELECT c.name, p.name FROM copy c JOIN person p USING (person_id)"
                    " WHERE p.name LIKE c.name"
                )
            )
            found.append((made, rows, joined))
    assert found[0] == found[1]
    assert found[0][1]


@pytest.mark.parametrize("prepare_threshold", [None, 0])
def test_parameters_and_prepared_statements(worlds: Pair, prepare_threshold: int | None) -> None:
    """What was prepared before the table was there is judged again."""
    for connection in (worlds.ours(), worlds.theirs()):
        with connection:
            connection.prepare_threshold = prepare_threshold
            connection.execute("CREATE TEMP TABLE scratch (n int, v text) ON COMMIT DELETE ROWS")
            with connection.transaction():
                for number in range(5):
                    connection.execute("INSERT INTO scratch VALUES (%s, %s)", (number, "x"))
                assert connection.execute("SELECT count(*) FROM scratch").fetchone() == (5,)
                with connection.cursor().copy("COPY scratch TO STDOUT") as copy:
                    assert len(list(copy.rows())) == 5
            assert connection.execute("SELECT count(*) FROM scratch").fetchone() == (0,)


def test_a_name_is_hidden_as_long_as_the_table_is_there(worlds: Pair) -> None:
    script = (
        "SELECT count(*) > 5 FROM person",
        "CREATE TEMP TABLE person (name text)",
        "SELECT count(*) > 5 FROM person",
        "SELECT count(*) > 5 FROM base.person",
        "DROP TABLE person",
        "SELECT count(*) > 5 FROM person",
    )
    with worlds.ours() as ours, worlds.theirs() as theirs:
        for connection in (ours, theirs):
            connection.prepare_threshold = None
        answers = [[c.execute(sql.encode()) for sql in script] for c in (ours, theirs)]
        rows = [[a.fetchone() if a.description else None for a in each] for each in answers]
    assert rows[0] == rows[1] == [(True,), None, (False,), (True,), None, (True,)]


def test_a_prepared_statement_that_means_something_else_now_is_prepared_again(worlds: Pair) -> None:
    sql = "SELECT count(*) FROM person"
    with worlds.ours() as ours:
        ours.execute(sql, prepare=True)
        ours.execute("CREATE TEMP TABLE person (name text)")
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            ours.execute(sql, prepare=True)
        ours.execute("DEALLOCATE ALL")
        assert ours.execute(sql, prepare=True).fetchone() == (0,)


def test_a_pipeline_that_makes_and_reads_one(worlds: Pair) -> None:
    found = []
    for connection in (worlds.ours(autocommit=False), worlds.theirs(autocommit=False)):
        with connection, connection.pipeline():
            connection.execute("CREATE TEMP TABLE person AS SELECT 1 AS n")
            first = connection.execute("SELECT * FROM person")
            connection.execute("DROP TABLE person")
            second = connection.execute("SELECT count(*) FROM person")
            found.append((first, second))
    rows = [[each.fetchall() for each in pair] for pair in found]
    assert rows[0] == rows[1]
    assert rows[0][0] == [(1,)]


def test_a_rolled_back_table_hides_nothing(worlds: Pair) -> None:
    with worlds.ours() as ours, worlds.theirs() as theirs:
        expected = theirs.execute("SELECT count(*) FROM person").fetchone()
        with pytest.raises(psycopg.errors.DivisionByZero), ours.transaction():
            ours.execute("CREATE TEMP TABLE person (name text)")
            assert ours.execute("SELECT count(*) FROM person").fetchone() == (0,)
            ours.execute("SELECT 1 / 0")
        assert ours.execute("SELECT count(*) FROM person").fetchone() == expected


async def test_another_driver_and_two_sessions(worlds: Pair) -> None:
    """One session's table is nothing to another, in spite of plans they share."""
    site = worlds.service.site
    sessions = [
        await asyncpg.connect(
            host=HOST, port=site.port, user="desk", password=PASSWORD, database=site.database.name,
            server_settings={"search_path": "base, public"},
        )
        for _ in range(2)
    ]  # fmt: skip
    try:
        counts = []
        for _ in range(2):
            await sessions[0].execute("CREATE TEMP TABLE IF NOT EXISTS person (name text)")
            counts.append([await each.fetchval("SELECT count(*) FROM person") for each in sessions])
            await sessions[0].execute("DISCARD TEMP")
            counts.append([await each.fetchval("SELECT count(*) FROM person") for each in sessions])
    finally:
        for session in sessions:
            await session.close()
    visible = counts[0][1]
    assert counts == [[0, visible], [visible, visible]] * 2
    assert visible > 0


def test_it_is_recorded_before_it_is_sent_with_what_it_reads(worlds: Pair) -> None:
    with worlds.ours() as ours:
        ours.execute("CREATE TEMP TABLE recorded AS SELECT name FROM person")
        ours.execute("SELECT count(*) FROM recorded")
    entries = worlds.service.site.entries("decision")
    made = [e["header"] for e in entries if "CREATE TEMP TABLE recorded" in e["payload"]]
    assert [(h["verdict"], h["statement_class"]) for h in made] == [("strip", "temporary")]
    assert made[0]["relations"] == ["base.person"]
    read = [e for e in entries if "FROM pg_temp.recorded" in e["payload"]]
    assert [e["header"]["rule"] for e in read] == ["temporary-relation"]


def test_plans_of_open_tables_are_shown(worlds: Pair) -> None:
    with worlds.ours() as ours, worlds.theirs() as theirs:
        for sql in ("EXPLAIN SELECT * FROM courts", "EXPLAIN (FORMAT json) TABLE courts"):
            assert ours.execute(sql).fetchall() == theirs.execute(sql).fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ours.execute("EXPLAIN SELECT * FROM person")


def test_merge_takes_what_may_be_seen(worlds: Pair) -> None:
    found = []
    for connection in (worlds.ours(), worlds.theirs()):
        with connection:
            connection.execute("CREATE TEMP TABLE target (n bigint, v text)")
            merged = connection.execute(
                "MERGE INTO target t USING person p ON t.n = p.person_id AND p.name LIKE %s"
                " WHEN NOT MATCHED THEN INSERT VALUES (p.person_id, p.name)",
                ("%",),
            )
            rows = connection.execute("SELECT * FROM target ORDER BY n").fetchall()
            found.append((merged.statusmessage, rows))
    assert found[0] == found[1]
    assert len(found[0][1]) > 5
