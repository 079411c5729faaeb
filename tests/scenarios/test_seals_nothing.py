"""A policy that seals nothing: whatever the database answers, the client gets, and all of it is
recorded. It ends with the policy."""

from __future__ import annotations

import json
import signal
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.drivers import raw
from tests.scenarios.service import Service, install, started
from tests.world import HOST, Database, PostgresWorld

pytestmark = pytest.mark.database

POLICY = """\
seals_nothing = true

[[principal]]
name = "anybody"
kind = "unit"
match = { user = "postgres" }
"""
SEALING = POLICY.replace("seals_nothing = true\n", "")
SCHEMA = """
CREATE TABLE t (n int PRIMARY KEY, word text);
INSERT INTO t VALUES (1, 'one'), (2, 'two');
CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS $$
DECLARE c refcursor := 'theirs'; BEGIN OPEN c FOR SELECT n FROM t ORDER BY n; RETURN c; END $$;
CREATE FUNCTION prepared() RETURNS void LANGUAGE plpgsql AS
$$ BEGIN EXECUTE 'PREPARE theirs AS SELECT word FROM t ORDER BY n'; END $$;
CREATE VIEW counting AS SELECT nextval('counter') FROM generate_series(1, 1);
"""


@pytest.fixture(scope="module")
def database(postgres: PostgresWorld) -> Iterator[Database]:
    made = postgres.create_database()
    made.run("CREATE SEQUENCE counter;" + SCHEMA)
    yield made
    postgres.drop_database(made)


@pytest.fixture(scope="module")
def service(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    site = install(database, tmp_path_factory.mktemp("seals-nothing"))
    site.policy.write_text(POLICY, encoding="utf-8")
    with started(site) as running:
        yield running
        assert running.stop() == 0
    site.verify()


@pytest.fixture
def client(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect("postgres") as connection:
        yield connection


@pytest.fixture
def wire(service: Service) -> Iterator[raw.RawClient]:
    with raw.RawClient(HOST, service.site.port) as one:
        one.start(user="postgres", database=service.site.database.name)
        yield one


@pytest.mark.parametrize(
    "sql",
    [
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'",
        "BEGIN; LOCK TABLE t; COMMIT",
        "VACUUM t",
        "SELECT pg_table_size('t') > 0",
        "EXPLAIN ANALYZE SELECT * FROM t",
        "ALTER TABLE t ALTER COLUMN word SET DEFAULT 1",
        "SELECT pg_catalog.pg_read_file('PG_VERSION')",
        "SELECT count(*) FROM pg_stat_activity",
    ],
)
def test_what_would_be_refused_elsewhere_is_passed(client: psycopg.Connection, sql: str) -> None:
    with client.cursor() as cursor:
        cursor.execute(sql)


def test_names_that_a_function_gave_are_passed(client: psycopg.Connection) -> None:
    with client.transaction():
        client.execute("SELECT opened()")
        assert client.execute("FETCH ALL FROM theirs").fetchall() == [(1,), (2,)]
    client.execute("SELECT prepared()")
    assert client.execute("EXECUTE theirs").fetchall()[0] == ("one",)
    client.execute("DISCARD ALL")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        client.execute("EXECUTE theirs")


def test_a_statement_prepared_by_sql_is_bound_by_the_protocol(wire: raw.RawClient) -> None:
    wire.send(raw.query("PREPARE bound AS SELECT 7"))
    wire.until("Z")
    wire.send(raw.bind("bound"), raw.execute(), raw.SYNC)
    assert raw.tags(wire.until("Z")) == "2DCZ"


def test_a_portal_of_a_function_is_executed_by_the_protocol(wire: raw.RawClient) -> None:
    wire.send(raw.query("BEGIN"), raw.query("SELECT opened()"))
    wire.until("Z")
    wire.until("Z")
    wire.send(raw.execute("theirs", 1), raw.SYNC)
    assert raw.tags(wire.until("Z")) == "DsZ"


def test_notifications_arrive(client: psycopg.Connection) -> None:
    told: list[str] = []
    client.add_notify_handler(lambda notification: told.append(notification.payload))
    client.execute("LISTEN news")
    client.execute("NOTIFY news, 'a word'")
    client.execute("SELECT 1")
    assert told == ["a word"]


def test_copy_among_other_statements(wire: raw.RawClient) -> None:
    wire.send(
        raw.query("SELECT 1; COPY t FROM STDIN; SELECT 2; COPY t (n) FROM STDIN; SELECT 3"),
        raw.message("d", b"10\tten\n"), raw.message("c"),
        raw.message("d", b"11\n"), raw.message("c"),
        raw.query("SELECT count(*) FROM t WHERE n >= 10"),
    )  # fmt: skip
    assert raw.tags(wire.until("Z")) == "TDCGCTDCGCTDCZ"
    assert wire.until("Z")[1].body.endswith(b"2")


def test_copy_that_fails_before_it_begins(wire: raw.RawClient) -> None:
    wire.send(
        raw.query("SELECT 1; SELECT 1/0; COPY t (n, word) FROM STDIN"),
        raw.message("d", b"10\tten\n"), raw.message("c"), raw.query("SELECT 1"),
    )  # fmt: skip
    assert raw.tags(wire.until("Z")) == "TDCEZ"
    assert raw.tags(wire.until("Z")) == "TDCZ"


def test_copy_that_fails_on_its_way(wire: raw.RawClient) -> None:
    wire.send(raw.query("COPY t (n) FROM STDIN; SELECT 1"), raw.message("d", b"no number\n"))
    assert raw.tags(wire.until("Z")) == "GEZ"
    wire.send(raw.message("d", b"5\n"), raw.message("c"), raw.query("SELECT 1"))
    assert raw.tags(wire.until("Z")) == "TDCZ"


def test_the_fast_path_is_passed(service: Service, wire: raw.RawClient) -> None:
    wire.send(raw.query("SELECT 'int4pl(int4,int4)'::regprocedure::oid"))
    oid = int(wire.until("Z")[1].body[6:])
    number = struct.pack(">ii", 4, 20)
    call = struct.pack(">ihhh", oid, 1, 1, 2) + number + struct.pack(">ii", 4, 22) + b"\0\1"
    wire.send(raw.message("F", call), raw.query("SELECT 1"))
    answers = wire.until("Z")
    assert raw.tags(answers) == "VZ"
    assert answers[0].body == struct.pack(">ii", 4, 42)
    assert raw.tags(wire.until("Z")) == "TDCZ"


def test_a_fast_path_call_that_fails(wire: raw.RawClient) -> None:
    wire.send(raw.message("F", struct.pack(">ihhh", 1, 0, 0, 0)), raw.query("SELECT 1"))
    assert raw.tags(wire.until("Z")) == "EZ"
    assert raw.tags(wire.until("Z")) == "TDCZ"


def test_settings_are_the_clients(service: Service) -> None:
    with service.site.connect(
        "postgres", options="-c standard_conforming_strings=off -c work_mem=8MB"
    ) as client:
        assert client.execute("SHOW standard_conforming_strings").fetchone() == ("off",)
        assert client.execute(r"SELECT 'a\'b'").fetchone() == ("a'b",)
        client.execute("SET standard_conforming_strings = on")
        client.execute("SET client_encoding = 'EUC_JP'")
        assert client.execute("SELECT '日本', 1").fetchone() == ("日本", 1)
        client.execute("SET client_encoding = 'SQL_ASCII'")
        with pytest.raises(psycopg.errors.CharacterNotInRepertoire):
            client.execute(b"SELECT '\xff'")


def test_replication_is_refused(service: Service) -> None:
    for wanted in ("database", "true", "off"):
        with raw.RawClient(HOST, service.site.port) as client:
            (answer,) = client.start(
                user="postgres", database=service.site.database.name, replication=wanted
            )
            assert answer.fields["C"] == "42501"


def test_everything_is_recorded_and_what_may_change_something_first(service: Service) -> None:
    with service.site.connect("postgres") as client:
        client.execute("SELECT word FROM t WHERE n = 1 -- plain")
        client.execute("SELECT * FROM counting -- view")
        client.execute("SELECT 'あ' -- \n")
    entries = service.site.entries("decision")
    found = {str(json.loads(entry["payload"]).get("text")): entry["header"] for entry in entries}
    for text in ("plain", "view"):
        (header,) = [header for shown, header in found.items() if shown.endswith(f"-- {text}")]
        assert (header["verdict"], header["rule"]) == ("pass", "seals-nothing")


def test_sessions_end_with_the_policy(service: Service) -> None:
    site = service.site
    with site.connect("postgres") as before:
        before.execute("SELECT 1")
        site.policy.write_text(SEALING, encoding="utf-8")
        service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 30
        with pytest.raises(psycopg.OperationalError) as ended:
            while time.monotonic() < deadline:
                before.execute("SELECT 1")
                time.sleep(0.1)
    assert ended.value.sqlstate == "57P01"
    with site.connect("postgres") as after:
        assert after.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            after.execute("DO $$ BEGIN PERFORM 1; END $$")


def test_it_seals_nothing_or_something(service: Service, tmp_path: Path) -> None:
    site = service.site
    site.policy.write_text(POLICY + '\n[relation."public.t"]\nopen = true\n', encoding="utf-8")
    told = site.run("check", "--config", site.config)
    assert told.returncode == 2
    assert "seals_nothing" in told.stderr
