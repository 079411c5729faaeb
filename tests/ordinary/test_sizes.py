"""Sizes are not told, and what asks for them works: NULL of the same type under the same name."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.ordinary.answers import ask
from tests.scenarios.service import Site

pytestmark = pytest.mark.database

USER, ADMINISTRATOR = "agency_app", "agency_scram"
STARTED = "SET search_path = shop, base, public"


@pytest.fixture(scope="module")
def sessions(shop: Site) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Through the proxy, and without it to the same database."""
    with shop.connect(USER) as ours, shop.database.connect(USER) as theirs:
        for connection in (ours, theirs):
            connection.execute(STARTED)
        yield ours, theirs


CALLS = [
    "pg_table_size('base.person')",
    "pg_catalog.pg_relation_size('base.person', 'main')",
    "pg_total_relation_size(('base.' || 'person')::regclass)",
    "pg_indexes_size('base.person')",
    "pg_database_size(current_database())",
    "pg_tablespace_size('pg_default')",
    "pg_size_pretty(pg_table_size('base.person'))",
    "pg_table_size('base.person')::text",
    "pg_table_size((SELECT max(oid) FROM pg_class WHERE relname = 'person'))",
    "pg_table_size(min('base.person'::regclass::oid))",
    "pg_table_size((count(*) + 'base.person'::regclass::oid::bigint - 1)::oid)",
    "pg_table_size(max('base.person'::regclass::oid) OVER ())",
    "sum(pg_table_size('base.person'))",
    "array_agg(pg_table_size('base.person')) FILTER (WHERE true)",
    "pg_stat_get_numscans('base.person'::regclass)",
]


@pytest.mark.parametrize("call", CALLS)
def test_a_size_is_null_of_its_type_under_its_name(sessions, call: str):
    ours, theirs = (ask(connection, f"SELECT {call}") for connection in sessions)
    assert ours.columns == theirs.columns
    assert ours.rows in (((None,),), (("[None]",),))
    assert theirs.rows not in (((None,),), (("[None]",),))


RAISING = [
    ("pg_tablespace_size('pg_global')", "42501"),
    ("pg_relation_size('base.person', 'no fork')", "22023"),
]


@pytest.mark.parametrize(("call", "state"), RAISING)
@pytest.mark.parametrize("form", ["SELECT {}", "VALUES ({}), (1)", "SELECT 1 WHERE {} > 1"])
def test_the_function_is_not_run(sessions, form: str, call: str, state: str):
    """It would raise."""
    ours, theirs = (ask(connection, form.format(call)) for connection in sessions)
    assert theirs.error[0] == state
    assert not ours.error
    assert not ours.rule


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_table_size('base.nothing_of_this_name')",
        "SELECT pg_table_size('base.person', 1)",
        "SELECT pg_table_size(now())",
        "SELECT relname FROM pg_class WHERE pg_table_size(oid)",
    ],
)
def test_mistakes_are_told_as_without_the_proxy(sessions, statement: str):
    ours, theirs = (ask(connection, statement) for connection in sessions)
    assert theirs.error
    assert ours == theirs


GROUPED = "SELECT pg_table_size(oid) AS n, count(*) > 1 FROM pg_class GROUP BY pg_table_size(oid)"
PREPARED = "SELECT $1::int, pg_total_relation_size($2::regclass)"


def test_it_stands_wherever_an_expression_does(sessions):
    ours, _ = sessions
    assert ask(ours, GROUPED).rows == ((None, True),)
    distinct = f"SELECT DISTINCT {CALLS[0]} FROM pg_class ORDER BY {CALLS[0]} LIMIT 1"
    assert ask(ours, distinct).rows == ((None,),)
    for _ in range(8):  # from the fifth on, the server may plan for any parameter
        assert ours.execute(PREPARED.replace("$1", "%s").replace("$2", "%s"), [1, "base.person"],
                            prepare=True).fetchall() == [(1, None)]  # fmt: skip
    with ours.cursor().copy(f"COPY (SELECT 1, {CALLS[0]}) TO STDOUT") as copy:
        assert [bytes(part) for part in copy] == [b"1\t\\N\n"]
    with ours.transaction():
        ours.execute(f"DECLARE c CURSOR FOR SELECT {CALLS[0]}")
        assert ours.execute("FETCH c").fetchall() == [(None,)]
    ours.execute(f"PREPARE asked(bigint) AS SELECT $1, {CALLS[0]}")
    assert ours.execute(f"EXECUTE asked({CALLS[0]})").fetchall() == [(None, None)]
    shape = "SELECT pg_table_size('{}'), {}"
    assert [ours.execute(shape.format(name, n)).fetchone() for n, name in
            enumerate(["base.person", "base.case_person", "shop.line"])] == [
        (None, 0), (None, 1), (None, 2),
    ]  # fmt: skip


def test_a_view_tells_no_more_than_its_definition_would(shop: Site, sessions):
    ours, theirs = sessions
    with shop.connect(ADMINISTRATOR) as administrator:
        administrator.execute(f"CREATE VIEW shop.counting AS SELECT {CALLS[0]} AS n, 1 AS m")
        administrator.execute(
            "CREATE VIEW shop.counting_too AS SELECT n + 1 AS k FROM shop.counting"
        )
        administrator.execute("GRANT SELECT ON shop.counting, shop.counting_too TO agency_app")
    assert theirs.execute("SELECT n > 0, k > 1 FROM counting, counting_too").fetchall() == [
        (True, True)
    ]
    assert ours.execute("SELECT n, m, k FROM counting, counting_too").fetchall() == [
        (None, 1, None)
    ]


REFUSED = [
    "SELECT * FROM pg_table_size('base.person')",
    "SELECT ('base.person'::regclass).pg_table_size",
    "SELECT pg_table_size(VARIADIC ARRAY['base.person'::regclass])",
    "SELECT pg_table_size('base.person') OVER ()",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_where_it_would_run_it_is_refused(sessions, statement: str):
    assert ask(sessions[0], statement).rule == "unvetted-function"
