"""Views of protected relations, through the real service, against a database without sealed rows.

``views.sql`` holds views as agencies have them; what a query of one answers must be what it
answers where the sealed rows are deleted, or a refusal that says why.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import AGENCY
from tests.scenarios.service import Service, running_service
from tests.world import SQL, Database, PostgresWorld

pytestmark = pytest.mark.database

VIEWS = Path(__file__).with_name("views.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Worlds:
    """The service in front of D, and D' where sealed rows are deleted."""

    service: Service
    full: Database
    pruned: Database

    def ours(self, sql: str) -> tuple[list[Any], Counter[Any]]:
        with self.service.site.connect("desk") as connection:
            return answer(connection, sql)

    def theirs(self, sql: str) -> tuple[list[Any], Counter[Any]]:
        with self.pruned.connect("desk") as connection:
            return answer(connection, sql)


def answer(connection: psycopg.Connection, sql: str) -> tuple[list[Any], Counter[Any]]:
    connection.execute("SET search_path = base, public")
    cursor = connection.execute(sql.encode())
    columns = cursor.description or ()
    described = [(c.name, c.type_code if c.type_code < 16384 else 2249) for c in columns]
    return described, Counter(map(repr, cursor.fetchall()))


@pytest.fixture(scope="module")
def worlds(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    full, pruned = postgres.create_database(AGENCY), postgres.create_database(AGENCY)
    pruned.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
    for database in (full, pruned):
        database.run(VIEWS)
    with running_service(full, tmp_path_factory.mktemp("views")) as service:
        yield Worlds(service, full, pruned)


STRIPPED = (
    "SELECT * FROM overview",
    "SELECT count(*) FROM base.overview",
    "SELECT base.overview.name, overview.case_no FROM base.overview WHERE overview.name LIKE '%'",
    "TABLE suspects",
    "SELECT number, who FROM ONLY suspects AS s (n, who), LATERAL (SELECT s.n AS number) AS l",
    "SELECT v::text FROM evens v ORDER BY v.person_id LIMIT 5",
    "SELECT to_json(w) FROM evens w WHERE w.person_id > 0 AND length(id_no) > 1",
    "SELECT * FROM per_kind",
    "SELECT case_kind, cases FROM per_kind WHERE cases > 1 ORDER BY cases DESC",
    "SELECT a.name FROM anybody a JOIN overview USING (name)",
    "SELECT * FROM with_counts NATURAL JOIN (SELECT case_no FROM overview) AS o",
    "SELECT name FROM barred WHERE length(name) > 0",
    "SELECT (SELECT max(v.name) FROM overview v WHERE v.case_id = c.case_id) FROM case_file c",
    "WITH overview AS (SELECT * FROM base.overview) SELECT count(*), max(name) FROM overview",
    "SELECT name FROM overview WHERE person_id IN (SELECT person_id FROM evens)",
    "SELECT s.who, o.name FROM suspects s LEFT JOIN overview o ON o.case_no = s.number",
    "SELECT name FROM overview WHERE gender = '1' AND role = 'CONVICT'",
    "SELECT DISTINCT ON (case_id) case_id, name FROM overview ORDER BY case_id, person_id",
    "SELECT person_id FROM known FOR SHARE",
    "SELECT o.name, a.letter FROM overview o CROSS JOIN codes_again a",
)


@pytest.mark.parametrize("sql", STRIPPED)
def test_a_view_shows_what_it_would_without_the_sealed_rows(worlds: Worlds, sql: str):
    ours = worlds.ours(sql)
    assert ours == worlds.theirs(sql)
    if "per_kind" not in sql and "count" not in sql:
        assert ours[1], "the comparison of nothing with nothing shows nothing"


@pytest.mark.parametrize("view", ["overview", "suspects", "evens", "per_kind", "with_counts"])
def test_without_the_service_the_view_shows_more(worlds: Worlds, view: str):
    with worlds.full.connect("desk") as connection:
        assert answer(connection, f"SELECT * FROM {view}") != worlds.theirs(f"SELECT * FROM {view}")


@pytest.mark.parametrize("sql", ["SELECT * FROM codes", "SELECT large FROM codes_again"])
def test_a_view_of_nothing_protected_passes_as_it_is(worlds: Worlds, sql: str):
    assert worlds.ours(sql) == worlds.theirs(sql)
    last = json.loads(worlds.service.site.entries("decision")[-1]["payload"])
    assert (last["text"], last.get("sent")) == (sql, None), last


REFUSED = {
    "SELECT * FROM by_catalogue": "unvetted-view",
    "SELECT * FROM peeking": "unvetted-function",
    "SELECT * FROM peeking_at_nothing": "unvetted-function",
    "SELECT * FROM kept": "unvetted-view",
    "SELECT * FROM over_kept": "unvetted-view",
    "SELECT * FROM evens TABLESAMPLE system (100)": "unvetted-view",
    "INSERT INTO evens (person_id, name) VALUES (999999, 'x')": "unvetted-view",
    "UPDATE evens SET name = name": "unvetted-view",
    "DELETE FROM evens": "unvetted-view",
    "INSERT INTO codes VALUES (1)": "unvetted-view",
    "SELECT ctid FROM evens": "system-column",
    "SELECT name FROM evens FOR UPDATE": "locking-protected",
    "SELECT w.peek FROM evens w": "unvetted-function",
}


@pytest.mark.parametrize(("sql", "rule"), REFUSED.items())
def test_a_view_that_cannot_be_narrowed_is_refused_with_the_reason(
    worlds: Worlds, sql: str, rule: str
):
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
        worlds.ours(sql)
    assert rule in (refusal.value.diag.message_hint or "")


def test_a_platform_gets_nothing_through_a_view(worlds: Worlds):
    with (
        worlds.service.site.connect("bgcheck") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="第10条"),
    ):
        connection.execute("SELECT * FROM base.overview")


def test_literals_of_the_client_stay_in_their_places(worlds: Worlds):
    """The plan of a shape serves other literals: on both sides of the view's name."""
    for number in (1, 2, 3):
        sql = (
            f"SELECT {number} AS n, 'a{number}' AS t, name FROM overview WHERE person_id > {number}"
        )
        assert worlds.ours(sql) == worlds.theirs(sql)


CODES = "CREATE OR REPLACE VIEW base.codes AS SELECT 1 AS one, 'x'::text AS letter"
PEOPLE = (
    "CREATE OR REPLACE VIEW base.codes AS SELECT 1 AS one, name::text AS letter FROM base.person"
)


def test_a_view_that_begins_to_read_sealed_records_stops_passing(worlds: Worlds):
    """A prepared statement that passed passes no more, and a view of the view, too."""
    with worlds.service.site.connect("desk") as connection, worlds.pruned.connect("desk") as pruned:
        cursor = connection.cursor()
        for _ in range(3):
            cursor.execute("SELECT * FROM base.codes_again", prepare=True)
        worlds.pruned.run(PEOPLE)
        worlds.full.run(PEOPLE)
        try:
            expected = pruned.execute("SELECT * FROM base.codes_again").fetchall()
            await_refresh(worlds)
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="prepare the statement"):
                cursor.execute("SELECT * FROM base.codes_again", prepare=True)
            connection.rollback()
            shown = connection.execute("SELECT * FROM base.codes_again", prepare=False).fetchall()
        finally:
            worlds.pruned.run(CODES)
            worlds.full.run(CODES)
    assert Counter(shown) == Counter(expected)
    assert len(shown) > 1


def await_refresh(worlds: Worlds) -> None:
    """Until the service has seen a change made now: a relation it did not know."""
    name = f"seen_{time.monotonic_ns()}"
    worlds.full.run(f"CREATE TABLE base.{name} (n int); GRANT SELECT ON base.{name} TO desk")
    deadline = time.monotonic() + 30
    with worlds.service.site.connect("desk") as connection:
        while time.monotonic() < deadline:
            try:
                connection.execute(f"SELECT * FROM base.{name}".encode())
            except psycopg.errors.InsufficientPrivilege:
                connection.rollback()
                time.sleep(0.1)
            else:
                return
    pytest.fail("the service did not look at the catalogue")
