"""An administrator changes the schema through the real service, and nobody learns more by it.

The catalogue is looked at once an hour here, so what is judged rightly is judged so because of the
change itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

from tests.conftest import AGENCY
from tests.scenarios.service import Service, Site, install, started
from tests.world import SQL, Database, PostgresWorld

pytestmark = pytest.mark.database

ADMINISTRATOR = """
[[principal]]
name = "dba"
kind = "administrator"
match = { user = "agency_scram" }
"""
EXTRA = """
CREATE VIEW base.plain AS SELECT 'synthetic'::varchar(60) AS name;
ALTER VIEW base.plain OWNER TO agency_app;
GRANT SELECT ON base.plain TO desk;
CREATE TABLE base.word (name varchar(60));
INSERT INTO base.word VALUES ('synthetic'), ('synthetic');
ALTER TABLE base.word OWNER TO agency_app;
GRANT SELECT ON base.word TO desk;
"""
SEALED = "CREATE OR REPLACE VIEW base.plain AS SELECT name FROM base.person"
NAMES = "SELECT name FROM base.plain ORDER BY name"
SEEN_AFTER_MAX_S = 10.0
REFUSED = psycopg.errors.InsufficientPrivilege


@dataclass(frozen=True, slots=True)
class World:
    service: Service
    full: Database
    pruned: Database

    @property
    def site(self) -> Site:
        return self.service.site

    def administrator(self) -> psycopg.Connection:
        return self.site.connect("agency_scram")

    def shown(self) -> list[tuple[object, ...]]:
        """The names that anybody may see."""
        with self.pruned.connect() as connection:
            return connection.execute("SELECT name FROM base.person ORDER BY name").fetchall()


@pytest.fixture
def world(postgres: PostgresWorld, tmp_path: Path) -> Iterator[World]:
    with running_world(postgres, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def unchanged(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(postgres, tmp_path_factory.mktemp("unchanged")) as made:
        yield made


@contextmanager
def running_world(postgres: PostgresWorld, home: Path) -> Iterator[World]:
    full, pruned = postgres.create_database(AGENCY), postgres.create_database(AGENCY)
    pruned.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
    full.run(EXTRA)
    site = install(full, home)
    text = site.config.read_text(encoding="utf-8")
    settings = text.replace("[upstream]", "[upstream]\ncatalogue_refresh_ms = 3_600_000")
    site.config.write_text(settings, encoding="utf-8")
    policy = site.home / "policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8") + ADMINISTRATOR, encoding="utf-8")
    with started(site) as service:
        yield World(service, full, pruned)
        assert service.stop() == 0
    site.verify()
    for database in (full, pruned):
        postgres.drop_database(database)


def rule(refusal: pytest.ExceptionInfo[psycopg.Error]) -> str:
    hint = refusal.value.diag.message_hint or ""
    return hint.removeprefix("rule ").split(",")[0]


def test_what_is_made_is_judged_at_once_by_everybody(world: World):
    shown = world.shown()
    with world.administrator() as administrator, world.site.connect("desk") as desk:
        assert desk.execute(NAMES).fetchall() == [("synthetic",)]
        prepared = desk.pgconn.prepare(b"names", NAMES.encode())
        assert prepared.status == pq.ExecStatus.COMMAND_OK
        administrator.execute(SEALED)
        assert administrator.execute(NAMES).fetchall() == shown
        stale = desk.pgconn.exec_prepared(b"names", None)
        hint = stale.error_field(pq.DiagnosticField.MESSAGE_HINT)
        assert hint == b"rule stale-statement"
        assert desk.execute(NAMES).fetchall() == shown
        with world.full.connect() as everything:
            assert len(everything.execute(NAMES).fetchall()) > len(shown)
        administrator.execute("CREATE TABLE base.more (person_id bigint REFERENCES base.person)")
        with pytest.raises(REFUSED) as refusal:
            administrator.execute("SELECT * FROM base.more")
        assert rule(refusal) == "undeclared-dependent"
        with pytest.raises(REFUSED) as refusal:
            administrator.execute("ALTER TABLE base.person RENAME TO human")
        assert rule(refusal) == "schema-protected"
        administrator.execute("CREATE INDEX ON base.person (name)")
        assert desk.execute(NAMES).fetchall() == shown


def test_others_are_judged_by_what_is_there_now_though_nobody_asks(world: World):
    with world.administrator() as administrator, world.site.connect("desk") as desk:
        desk.execute("SELECT name FROM base.word")
        administrator.execute("ALTER TABLE base.word ADD person_id bigint REFERENCES base.person")
        deadline = time.monotonic() + SEEN_AFTER_MAX_S
        with pytest.raises(REFUSED) as refusal:
            while time.monotonic() < deadline:
                desk.execute("SELECT name FROM base.word")
        assert rule(refusal) == "undeclared-dependent"


def test_each_change_is_recorded_with_its_text(world: World):
    with world.administrator() as administrator:
        administrator.execute("CREATE TABLE base.more (id int)")
        administrator.execute("DROP TABLE base.more")
    found = [e for e in world.site.entries("decision") if e["header"]["statement_class"] == "ddl"]
    assert [json.loads(e["payload"])["text"] for e in found] == [
        "CREATE TABLE base.more (id int)", "DROP TABLE base.more",
    ]  # fmt: skip
    assert {(e["header"]["verdict"], e["header"]["rule"]) for e in found} == {
        ("pass", "schema-change")
    }


@pytest.mark.parametrize(
    ("user", "statements", "expected"),
    [
        ("desk", ["CREATE TABLE base.more (id int)"], "unsupported-statement"),
        ("agency_app", ["DROP TABLE base.word"], "unsupported-statement"),
        ("agency_scram", ["BEGIN", SEALED], "schema-change-alone"),
        ("agency_scram", [f"{SEALED}; {NAMES}"], "schema-change-alone"),
        ("agency_scram", [f"BEGIN; {SEALED}"], "schema-change-alone"),
        ("agency_scram", ["CREATE TEMP TABLE mine (n int)", "CREATE VIEW base.v AS TABLE mine"],
         "temporary-object"),
        ("agency_scram", ["CREATE TEMP VIEW word AS TABLE base.person"], "temporary-object"),
        ("agency_scram", ["CREATE TABLE pg_temp.word (name text)"], "temporary-object"),
        ("agency_scram", ["CREATE DOMAIN pg_temp.text AS int"], "temporary-object"),
        ("agency_scram", ["ALTER TABLE base.word SET SCHEMA pg_temp_3"], "temporary-object"),
        ("agency_scram", ["CREATE TABLE base.copy AS TABLE base.person"], "unsupported-statement"),
        ("agency_scram", ["CREATE MATERIALIZED VIEW base.m AS TABLE base.person"],
         "unsupported-statement"),
        ("agency_scram", ["CREATE ROLE more"], "unsupported-statement"),
        ("agency_scram", ["CREATE EXTENSION dblink"], "unsupported-statement"),
        ("agency_scram", ["TRUNCATE base.word"], "unsupported-statement"),
        ("agency_scram", ["ALTER TABLE base.case_person ALTER role TYPE text USING 'WITNESS'"],
         "schema-protected"),
        ("agency_scram", ["DROP SCHEMA base CASCADE"], "schema-protected"),
        ("agency_scram", ["SELECT * INTO base.copy FROM base.person"], "unsupported-syntax"),
        ("agency_scram",
         ["CREATE TABLE base.more (x xml DEFAULT query_to_xml('TABLE person', true, true, ''))"],
         "unvetted-function"),
        ("agency_scram",
         ["CREATE TABLE base.more (x bigint DEFAULT ('base.person'::regclass).pg_relation_size)"],
         "unvetted-function"),
    ],
)  # fmt: skip
def test_what_could_not_be_followed_is_refused(unchanged: World, user, statements, expected):
    with unchanged.site.connect(user) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        with pytest.raises(REFUSED) as refusal:
            connection.execute(statements[-1].encode())
        assert rule(refusal) == expected


def test_errors_of_a_change_quote_no_rows(unchanged: World):
    with unchanged.administrator() as administrator:
        with pytest.raises(psycopg.errors.UniqueViolation) as duplicate:
            administrator.execute("CREATE UNIQUE INDEX ON base.word (name)")
        assert duplicate.value.diag.message_detail is None
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as text:
            administrator.execute("ALTER TABLE base.word ALTER name TYPE int USING name::int")
        assert "synthetic" not in str(text.value)


def answers(connection: psycopg.Connection, *texts: str, sync: bool = True) -> list[str]:
    """What comes back for texts sent in one go, by the extended protocol, with one Sync."""
    raw = connection.pgconn
    raw.enter_pipeline_mode()
    for text in texts:
        raw.send_query_params(text.encode(), None)
    raw.pipeline_sync()
    found: list[str] = []
    nothing_count = 0
    while nothing_count < 2:
        result = raw.get_result()
        if result is None:
            nothing_count += 1
            continue
        nothing_count = 0
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            break
        hint = result.error_field(pq.DiagnosticField.MESSAGE_HINT) or b""
        found.append(hint.decode() or pq.ExecStatus(result.status).name)
    raw.exit_pipeline_mode()
    return found


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([SEALED, NAMES], ["COMMAND_OK", "rule schema-change-alone", "PIPELINE_ABORTED"][:2]),
        ([SEALED, "SELECT 1"], ["COMMAND_OK", "rule schema-change-alone"]),
        (["BEGIN", SEALED], ["COMMAND_OK", "rule schema-change-alone"]),
        ([SEALED], ["COMMAND_OK"]),
    ],
    ids=["a view behind it", "anything behind it", "in a transaction", "alone"],
)
def test_nothing_runs_between_a_change_and_its_sync(world: World, texts, expected):
    shown = world.shown()
    with world.administrator() as administrator:
        assert answers(administrator, *texts) == expected
        if "BEGIN" in texts:
            administrator.execute("ROLLBACK")
        undone = expected[-1] != "COMMAND_OK"
        assert administrator.execute(NAMES).fetchall() == ([("synthetic",)] if undone else shown)


def test_a_change_prepared_outside_does_not_run_inside_a_transaction(world: World):
    with world.administrator() as administrator:
        raw = administrator.pgconn
        assert raw.prepare(b"change", SEALED.encode()).status == pq.ExecStatus.COMMAND_OK
        administrator.execute("BEGIN")
        refused = raw.exec_prepared(b"change", None)
        assert refused.error_field(pq.DiagnosticField.MESSAGE_HINT) == b"rule schema-change-alone"
        administrator.execute("ROLLBACK")
        done = raw.exec_prepared(b"change", None)
        assert done.status == pq.ExecStatus.COMMAND_OK
        assert administrator.execute(NAMES).fetchall() == world.shown()


def test_without_a_catalogue_the_session_ends(world: World):
    with world.full.connect() as superuser:
        administrator = world.administrator()
        superuser.execute("ALTER ROLE postgres NOLOGIN")
        try:
            superuser.execute("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'fengcun catalogue' AND datname = current_database()""")
            administrator.execute(SEALED)
            with pytest.raises(psycopg.OperationalError):
                administrator.execute(NAMES)
            assert administrator.closed
            assert "could not be judged" not in world.site.errors.read_text(encoding="utf-8")
        finally:
            superuser.execute("ALTER ROLE postgres LOGIN")
