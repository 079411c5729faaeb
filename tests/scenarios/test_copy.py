"""COPY ... TO STDOUT through the real service: what D' would give, in every format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from tests.drivers import raw
from tests.scenarios.pair import Pair, running_pair
from tests.world import HOST, PASSWORD, PostgresWorld

pytestmark = pytest.mark.database

EXTRA = """
ALTER TABLE base.charge ADD twice int GENERATED ALWAYS AS (term_months * 2) STORED;
CREATE SCHEMA other;
CREATE TABLE other.seal_notice (LIKE base.seal_notice);
GRANT ALL ON SCHEMA other TO PUBLIC;
GRANT ALL ON other.seal_notice TO PUBLIC;
"""


@pytest.fixture(scope="module")
def worlds(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(postgres, tmp_path_factory.mktemp("copy"), EXTRA) as pair:
        yield pair


def copied(connection: psycopg.Connection, sql: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(sql.encode()) as copy:
        return b"".join(map(bytes, copy))


@pytest.mark.parametrize(
    "sql",
    [
        "COPY person TO STDOUT",
        "COPY base.person (name, person_id) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE *)",
        "COPY charge TO STDOUT CSV HEADER",
        "COPY case_file TO STDOUT",
        "COPY (SELECT * FROM case_person WHERE role = 'WITNESS') TO STDOUT (DELIMITER '|')",
        "COPY (SELECT count(*) FROM sentence) TO STDOUT",
        "COPY seal_notice TO STDOUT",
    ],
)
@pytest.mark.requirement("Q37")
def test_the_lines_are_those_of_a_database_without_sealed_rows(worlds: Pair, sql: str) -> None:
    with worlds.ours() as ours, worlds.theirs() as theirs:
        assert Counter(copied(ours, sql).splitlines()) == Counter(copied(theirs, sql).splitlines())


def test_binary_is_as_the_server_sends_it(worlds: Pair) -> None:
    sql = "COPY (SELECT * FROM person ORDER BY person_id) TO STDOUT (FORMAT binary)"
    with worlds.ours() as ours, worlds.theirs() as theirs:
        assert copied(ours, sql) == copied(theirs, sql)


def test_a_copy_left_in_the_middle_leaves_the_session_usable(worlds: Pair) -> None:
    many = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 200000)) TO STDOUT"
    with worlds.ours() as ours:
        with ours.cursor() as cursor, cursor.copy(many) as copy:
            assert bytes(copy.read())
            ours.cancel()
            with pytest.raises(psycopg.errors.QueryCanceled):
                while copy.read():
                    pass
        assert ours.execute("SELECT 1").fetchone() == (1,)


def test_an_error_in_the_middle_says_nothing_of_the_row(worlds: Pair) -> None:
    with worlds.ours() as ours:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as raised:
            copied(ours, "COPY (SELECT name::int FROM person) TO STDOUT")
        assert raised.value.diag.message_detail is None
        assert raised.value.diag.context is None
        assert '"' not in str(raised.value)
        assert ours.execute("SELECT 1").fetchone() == (1,)


async def test_a_driver_that_copies_by_itself(worlds: Pair, tmp_path: Path) -> None:
    site = worlds.service.site
    connection = await asyncpg.connect(
        host=HOST, port=site.port, user="desk", password=PASSWORD, database=site.database.name
    )
    target = tmp_path / "out.csv"
    done = await connection.copy_from_table(
        "person", schema_name="base", output=target, format="csv"
    )
    await connection.close()
    with worlds.theirs() as theirs:
        expected = copied(theirs, "COPY person TO STDOUT CSV")
    assert Counter(target.read_bytes().splitlines()) == Counter(expected.splitlines())
    assert done == f"COPY {len(expected.splitlines())}"


def test_the_ledger_says_what_was_copied_and_how_much(worlds: Pair) -> None:
    with worlds.ours() as ours:
        rows_count = len(copied(ours, "COPY person (person_id) TO STDOUT").splitlines())
    headers = [entry["header"] for entry in worlds.service.site.entries("decision")]
    copies = [h for h in headers if h["statement_class"] == "copy"]
    assert {"strip", "pass", "refuse"} >= {h["verdict"] for h in copies} >= {"strip"}
    outcomes = [entry["header"] for entry in worlds.service.site.entries("outcome")]
    assert rows_count in {outcome["rows_count"] for outcome in outcomes}


@pytest.mark.parametrize("sql", ["COPY person FROM '/tmp/x'", "COPY person TO '/tmp/x'"])
@pytest.mark.requirement("Q37")
def test_the_other_ways_are_refused_and_the_session_goes_on(worlds: Pair, sql: str) -> None:
    with worlds.ours() as ours:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ours.execute(sql.encode())
        assert ours.execute("SELECT 1").fetchone() == (1,)


def test_a_portal_bound_under_another_path_is_judged_by_the_path_it_runs_under(
    worlds: Pair,
) -> None:
    """The server looks for the table when it runs the COPY, not when it is bound."""
    site = worlds.service.site
    with raw.RawClient(HOST, site.port) as client:
        client.start(user="desk", database=site.database.name)
        client.send(raw.query("SET search_path = other"))
        client.until("Z")
        client.send(
            raw.parse("COPY seal_notice TO STDOUT", "s"),
            raw.bind("s", "p"),
            raw.parse("SET search_path = base"),
            raw.bind(),
            raw.execute(),
            raw.execute("p"),
            raw.SYNC,
        )
        answers = client.until("Z")
    assert raw.tags(answers) == "1212CEZ"
    assert answers[-2].fields["H"] == "rule stale-statement"


@pytest.mark.requirement("C5", "Q37")
def test_a_platform_copies_nothing_protected(worlds: Pair) -> None:
    with (
        worlds.service.site.connect("bgcheck") as platform,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="第10条"),
    ):
        copied(platform, "COPY base.person TO STDOUT")
