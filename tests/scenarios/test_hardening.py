"""What `fengcun harden` prints, run on a real database: the barrier agrees with the proxy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.conftest import AGENCY
from tests.scenarios.service import Site, install, running_service, started
from tests.world import HOST, PASSWORD, SQL, Database, PostgresWorld

pytestmark = pytest.mark.database

GOLDEN = json.loads((SQL / "golden.json").read_text(encoding="utf-8"))
CLIENTS = ("desk", "agency_app")  # agency_app owns the tables
EXTRA = """
CREATE TABLE base.undeclared (id int, person_id bigint REFERENCES base.person);
INSERT INTO base.undeclared SELECT 1, person_id FROM base.person;
CREATE VIEW base.people AS SELECT person_id, name FROM base.person;
CREATE VIEW base.agencies AS SELECT 1 AS n;
CREATE MATERIALIZED VIEW base.counted AS SELECT count(*) AS n FROM base.person;
CREATE TABLE base.already (person_id bigint, kept boolean);
GRANT SELECT ON ALL TABLES IN SCHEMA base TO desk, bgcheck, agency_app;
ALTER TABLE base.undeclared OWNER TO agency_app;
ALTER TABLE base.charge ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON base.charge USING (charge_id <> 1);
"""
OWN_POLICY_HIDES = ("charge", "(1,")
"""From everybody but the owner, whom the script binds, too."""


@dataclass(frozen=True, slots=True)
class Hardened:
    """The same rows twice: behind the proxy alone, and with the script run."""

    soft: Site
    site: Site
    script: str

    def around(self, user: str) -> psycopg.Connection:
        """A session with the hardened database itself, not from the proxy's address."""
        database = self.site.database
        return psycopg.connect(
            host=str(database.socket_directory), port=database.port, dbname=database.name,
            user=user, password=PASSWORD, autocommit=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def hardened(
    postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hardened]:
    soft, hard = postgres.create_database(AGENCY), postgres.create_database(AGENCY)
    for database in (soft, hard):
        database.run(EXTRA)
    home = tmp_path_factory.mktemp("hard")
    site = install(hard, home)
    script = site.must("harden", "--config", site.config, "--proxy", HOST)
    hard.run(script)
    with running_service(soft, tmp_path_factory.mktemp("soft")) as first, started(site) as second:
        yield Hardened(first.site, second.site, script)
        assert second.stop() == 0
    for database in (soft, hard):
        postgres.drop_database(database)
    with postgres.create_database().connect() as connection:
        connection.execute("DROP ROLE fengcun_guard")


def protected(connection: psycopg.Connection) -> dict[str, list[str]]:
    """The columns of each table of the agency that is not masked, by table."""
    masked = {("case_file", "label"), ("document", "title"), ("document", "content")}
    masked |= {("victim", c) for c in ("name", "id_no", "birth_date", "address", "school",
                                       "guardian_phone")}  # fmt: skip
    rows = connection.execute("""
        SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = 'base' AND table_name IN (
          SELECT tablename FROM pg_tables WHERE schemaname = 'base')""").fetchall()
    out: dict[str, list[str]] = {}
    for table, column in rows:
        if (table, column) not in masked and table not in ("undeclared", "already"):
            out.setdefault(table, []).append(column)
    return out


def rows(connection: psycopg.Connection, table: str, columns: list[str]) -> Counter[str]:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("SELECT {} FROM base.{}").format(names, sql.Identifier(table))
    return Counter(map(repr, connection.execute(query)))


@pytest.mark.parametrize("user", CLIENTS)
def test_around_the_proxy_the_rows_are_those_the_proxy_shows(hardened: Hardened, user: str):
    with hardened.around(user) as around, hardened.soft.connect(user) as through:
        with hardened.site.database.connect() as superuser:
            tables, total = protected(superuser), 0
            for table, columns in tables.items():
                found, expected = (
                    Counter(row for row in rows(connection, table, columns).elements()
                            if (table, row[:3]) != OWN_POLICY_HIDES)
                    for connection in (around, through)
                )  # fmt: skip
                assert found == expected, table
                total += len(rows(superuser, table, columns)) - len(found)
        assert len(tables) > 10
        assert total > 20, "something has to be hidden for this to mean anything"


@pytest.mark.parametrize("user", CLIENTS)
@pytest.mark.parametrize("query", GOLDEN, ids=[query["key"] for query in GOLDEN])
def test_through_the_proxy_nothing_changes(hardened: Hardened, query, user: str):
    answers = []
    for site in (hardened.soft, hardened.site):
        with site.connect(user) as connection:
            answers.append(connection.execute(query["sql"].encode()).fetchall())
    soft, hard = answers
    assert (
        soft == hard if query["ordered"] else Counter(map(repr, soft)) == Counter(map(repr, hard))
    )


@pytest.mark.parametrize("user", CLIENTS)
@pytest.mark.requirement("Q33")
def test_around_the_proxy_only_shown_rows_are_changed(hardened: Hardened, user: str):
    with hardened.around(user) as connection, hardened.site.database.connect() as superuser:
        connection.autocommit = False
        shown = connection.execute("SELECT count(*) FROM base.case_person").fetchone()
        everybody = superuser.execute("SELECT count(*) FROM base.case_person").fetchone()
        assert shown is not None
        assert everybody is not None
        assert 0 < shown[0] < everybody[0]
        done = connection.execute("UPDATE base.case_person SET role = role")
        assert done.rowcount == shown[0]
        connection.rollback()
        done = connection.execute("DELETE FROM base.coercive_measure")
        kept = superuser.execute("SELECT count(*) FROM base.coercive_measure").fetchone()
        assert kept is not None
        assert done.rowcount <= kept[0]
        connection.rollback()


def test_a_platform_sees_no_row_around_the_proxy(hardened: Hardened):
    with hardened.around("bgcheck") as connection, hardened.site.database.connect() as superuser:
        tables = protected(superuser)
        sealed = [table for table in tables if table in ("person", "case_person", "case_file")]
        assert len(sealed) == 3
        for table in sealed:
            assert not rows(connection, table, tables[table])


def test_the_guard_answers_nobody(hardened: Hardened):
    question = "SELECT fengcun_guard.shows(NULL::base.sentence)"
    with hardened.around("desk") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema fengcun_guard"):
            connection.execute(question)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="schema fengcun_guard"):
            connection.execute(
                "CREATE TEMP VIEW v AS SELECT fengcun_guard.shows(s) FROM base.sentence s"
            )
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="vetted")
    with hardened.site.connect("desk") as connection, refused:
        connection.execute(question)


@pytest.mark.parametrize("user", CLIENTS)
def test_views_and_what_is_not_declared_show_no_more(hardened: Hardened, user: str):
    with hardened.around(user) as connection:
        people = connection.execute("SELECT person_id FROM base.people").fetchall()
        shown = connection.execute("SELECT person_id FROM base.person").fetchall()
        assert sorted(people) == sorted(shown)
        assert connection.execute("SELECT n FROM base.agencies").fetchall() == [(1,)]
        assert not connection.execute("SELECT * FROM base.undeclared").fetchall()
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="counted")
    with hardened.around("desk") as connection, refused:
        connection.execute("SELECT * FROM base.counted")


def test_the_script_is_the_same_each_time_and_can_be_run_again(hardened: Hardened):
    site = hardened.site
    again = site.must("harden", "--config", site.config, "--proxy", HOST)
    site.database.run(again)
    third = site.must("harden", "--config", site.config, "--proxy", HOST)
    assert again == third
    # What is left to do after the first run is the same but for what it did once.
    assert {*again.splitlines()} <= {*hardened.script.splitlines()}


def test_pg_hba_lines_name_every_login_and_the_proxy_alone(hardened: Hardened):
    lines = [line for line in hardened.script.splitlines() if line.startswith("--   host")]
    database = hardened.site.database.name
    assert lines[-1].split()[1:] == ["host", f'"{database}"', "all", "all", "reject"]
    logins = {line.split()[3]: line.split()[4] for line in lines[:-1]}
    assert logins == dict.fromkeys(
        (
            '"agency_app"',
            '"bgcheck"',
            '"certificate"',
            '"desk"',
            '"handler_app"',
            '"postgres"',
            '"statistics"',
        ),
        f"{HOST}/32",
    )


def test_undone_it_is_as_it_was(postgres: PostgresWorld, tmp_path: Path, hardened: Hardened):
    database = postgres.create_database(AGENCY)
    database.run(EXTRA)
    before = standing(database)
    site = install(database, tmp_path)
    undo = site.must("harden", "--config", site.config, "--proxy", HOST, "--undo")
    database.run(site.must("harden", "--config", site.config, "--proxy", HOST))
    assert standing(database) != before
    assert site.must("harden", "--config", site.config, "--proxy", HOST, "--undo") == undo
    database.run(undo)
    assert standing(database) == before
    postgres.drop_database(database)


def standing(database: Database) -> list[object]:
    with database.connect() as connection:
        return [
            connection.execute(query.encode()).fetchall()
            for query in (
                "SELECT polname, polrelid::regclass::text FROM pg_policy ORDER BY 1, 2",
                "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class ORDER BY oid",
                "SELECT nspname FROM pg_namespace ORDER BY 1",
                "SELECT proname FROM pg_proc WHERE oid >= 16384 ORDER BY 1",
                "SELECT relname FROM pg_class WHERE relacl::text ~ 'fengcun' ORDER BY 1",
            )
        ]


def test_an_address_that_is_none_is_told(hardened: Hardened):
    done = hardened.site.run("harden", "--config", hardened.site.config, "--proxy", "proxy.example")
    assert done.returncode == 2
    assert "--proxy" in done.stderr
    assert "10.0.0.10" in done.stderr
