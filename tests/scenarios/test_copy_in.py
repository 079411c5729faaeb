"""COPY ... FROM STDIN through the real service: rows arrive as with the database itself, and nobody
learns from them, or by them, what an INSERT would not have told."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import asyncpg
import psycopg
import pytest
from psycopg import pq

from tests.drivers import raw
from tests.scenarios.pair import Pair, running_pair
from tests.world import HOST, PASSWORD, PostgresWorld

pytestmark = pytest.mark.database

EXTRA = """
SET search_path = base;
CREATE TABLE office (code int PRIMARY KEY, name text NOT NULL, since date DEFAULT '2020-01-01');
CREATE VIEW offices AS SELECT * FROM office;
CREATE TABLE watched (id int);
CREATE FUNCTION watching() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER watcher BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION watching();
GRANT ALL ON office, offices, watched TO PUBLIC;
"""
OFFICES = [(n, f"第{n}处\t\\" if n % 2 else "", date(2024, 1, 1)) for n in range(1, 501)]
SECRET = "of-nobody's-business"


@pytest.fixture(scope="module")
def running(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(postgres, tmp_path_factory.mktemp("copyin"), EXTRA) as pair:
        yield pair


@pytest.fixture
def worlds(running: Pair) -> Pair:
    running.full.run("TRUNCATE base.office")
    return running


def offices(worlds: Pair) -> list[tuple[object, ...]]:
    with worlds.full.connect("desk") as connection:
        return connection.execute("SELECT * FROM base.office ORDER BY code").fetchall()


def raw_session(worlds: Pair) -> raw.RawClient:
    site = worlds.service.site
    client = raw.RawClient(HOST, site.port)
    client.start(user="desk", database=site.database.name)
    return client


def data(text: str | bytes) -> bytes:
    return raw.message("d", text.encode() if isinstance(text, str) else text)


DONE, FAIL = raw.message("c"), raw.message("f", b"no\0")
COPY = "COPY base.office (code, name) FROM STDIN"


@pytest.mark.parametrize("copy_format", ["text", "csv", "binary"])
def test_every_format_arrives(worlds: Pair, copy_format: str) -> None:
    with (
        worlds.ours() as ours,
        ours.cursor() as cursor,
        worlds.full.connect("postgres") as source,
    ):
        source.execute("CREATE TEMP TABLE filled (LIKE base.office)")
        with source.cursor() as filling:
            filling.executemany("INSERT INTO filled VALUES (%s, %s, %s)", OFFICES)
            with filling.copy(f"COPY filled TO STDOUT (FORMAT {copy_format})".encode()) as copy:
                content = b"".join(map(bytes, copy))
        with cursor.copy(f"COPY office FROM STDIN (FORMAT {copy_format})".encode()) as into:
            for start in range(0, len(content), 777):
                into.write(content[start : start + 777])
        assert cursor.rowcount == len(OFFICES)
        assert ours.execute("SELECT 1").fetchone() == (1,)
    assert offices(worlds) == OFFICES


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_psycopg_writes_rows(worlds: Pair, binary: bool) -> None:
    options = " (FORMAT binary)" if binary else ""
    with worlds.ours() as ours:
        with ours.cursor() as cursor, cursor.copy(f"COPY office FROM STDIN{options}") as copy:
            copy.set_types(["int4", "text", "date"])
            for office in OFFICES:
                copy.write_row(office)
        assert ours.execute("SELECT count(*) FROM office").fetchone() == (len(OFFICES),)
    assert offices(worlds) == OFFICES


def test_a_parameter_in_the_options_is_put_there_by_the_driver(worlds: Pair) -> None:
    with worlds.ours() as ours, ours.cursor() as cursor:
        with cursor.copy("COPY office FROM STDIN (DELIMITER %s)", ("|",)) as copy:
            copy.write("1|one|2024-01-01\n")
        assert cursor.rowcount == 1


def test_libpq_copies_by_the_extended_protocol(worlds: Pair) -> None:
    """It sends Sync behind the Execute, before it knows that the server takes rows."""
    with worlds.ours() as ours:
        for n in range(3):
            started = ours.pgconn.exec_params(COPY.encode(), [])
            assert started.status == pq.ExecStatus.COPY_IN
            assert ours.pgconn.put_copy_data(f"{n}\tof three\n".encode()) == 1
            assert ours.pgconn.put_copy_end(b"changed my mind" if n == 1 else None) == 1
            ended = ours.pgconn.get_result()
            assert ended is not None
            assert ended.status == pq.ExecStatus[("COMMAND_OK", "FATAL_ERROR")[n == 1]]
            assert ours.pgconn.get_result() is None
            assert ours.execute("SELECT 1").fetchone() == (1,)
    assert [office[0] for office in offices(worlds)] == [0, 2]


@pytest.mark.parametrize("method", ["records", "file"])
async def test_asyncpg_copies(worlds: Pair, tmp_path: Path, method: str) -> None:
    site = worlds.service.site
    connection = await asyncpg.connect(
        host=HOST, port=site.port, user="desk", password=PASSWORD, database=site.database.name
    )
    if method == "records":
        done = await connection.copy_records_to_table(
            "office", schema_name="base", records=OFFICES, columns=["code", "name", "since"]
        )
    else:
        source = tmp_path / "offices.csv"
        source.write_text("code,name\n1,\n2,二\n", encoding="utf-8")
        done = await connection.copy_to_table(
            "office",
            schema_name="base",
            source=source,
            columns=["code", "name"],
            format="csv",
            header=True,
            force_not_null=["name"],
        )
    assert await connection.fetchval("SELECT 1") == 1
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.copy_records_to_table("office", schema_name="base", records=OFFICES[:1])
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    assert done == f"COPY {len(offices(worlds))}"


def test_psql_copies_a_file_and_what_it_is_typed(worlds: Pair, tmp_path: Path) -> None:
    source = tmp_path / "offices.csv"
    source.write_text("1,one\n2,two\n", encoding="utf-8")
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", "-d", worlds.service.site.conninfo()],
        input=f"\\copy base.office (code, name) FROM '{source}' CSV\n"
        f"{COPY};\n3\tthree\n\\.\n"
        "SELECT count(*) FROM base.office;\n",
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PGPASSWORD": PASSWORD},
        check=True,
    )
    assert done.stdout == "COPY 2\nCOPY 1\n3\n"


def test_a_gbk_client_copies_characters_that_end_in_a_backslash(worlds: Pair) -> None:
    with worlds.ours() as ours:
        ours.execute("SET client_encoding TO 'GBK'")
        with ours.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.write("1\t乗\\\\誠\n".encode("gbk"))
    assert [office[1] for office in offices(worlds)] == ["乗\\誠"]


def test_an_error_in_the_middle_is_the_servers_own_and_the_session_goes_on(worlds: Pair) -> None:
    with worlds.ours() as ours:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as raised:  # noqa: SIM117
            with ours.cursor() as cursor, cursor.copy(COPY) as copy:
                for n in range(100_000):
                    copy.write(f"{n}\tx\n" if n != 10 else "ten\tx\n")
        assert raised.value.diag.context == 'COPY office, line 11, column code: "ten"'
        assert ours.execute("SELECT 1").fetchone() == (1,)
    assert offices(worlds) == []


@pytest.mark.parametrize(
    ("row", "sqlstate"),
    [
        (f"1\t{SECRET}", "23505"),
        (f"{SECRET}\tx", "22P02"),
        (f"900000\t{SECRET}\t{SECRET}", "22P04"),
        (f"900001\t{'x' * 61}", "22001"),
    ],
)
@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_an_error_of_a_protected_relation_says_its_kind_and_no_more(
    worlds: Pair, row: str, sqlstate: str, extended: bool
) -> None:
    copy = "COPY base.person (person_id, name) FROM STDIN"
    asked = (raw.parse(copy), raw.bind(), raw.execute()) if extended else (raw.query(copy),)
    with raw_session(worlds) as client:
        client.send(*asked)
        client.until("G")
        client.send(data(f"900002\tshort\n{row}\n"), DONE, raw.SYNC if extended else b"")
        (error, _) = client.until("Z")
        assert error.tag == "E"
        assert set(error.fields) == {"S", "V", "C", "M"}
        assert error.fields["C"] == sqlstate
        assert SECRET not in error.fields["M"]
    with worlds.full.connect("desk") as connection:
        counted = connection.execute("SELECT count(*) FROM base.person WHERE person_id >= 900000")
        assert counted.fetchone() == (0,)


@pytest.mark.requirement("H2", "Q32")
def test_rows_come_into_a_protected_relation_as_by_insert(worlds: Pair) -> None:
    with worlds.ours(autocommit=False) as ours:
        with ours.cursor() as cursor, cursor.copy("COPY person (person_id, name) FROM STDIN") as c:
            c.write_row((910_000, "新录入"))
        assert ours.execute("SELECT name FROM person WHERE person_id = 910000").fetchall() in (
            [],
            [("新录入",)],
        )
        ours.rollback()


def test_a_cancelled_copy_leaves_no_row_and_the_session_usable(worlds: Pair) -> None:
    with worlds.ours() as ours:
        with pytest.raises(psycopg.errors.QueryCanceled):  # noqa: SIM117
            with ours.cursor() as cursor, cursor.copy(COPY) as copy:
                copy.write("1\tone\n")
                ours.cancel()
                copy.write("2\ttwo\n" * 10_000)
        assert ours.execute("SELECT 1").fetchone() == (1,)
    assert offices(worlds) == []


def test_a_client_that_vanishes_leaves_no_row(worlds: Pair) -> None:
    with raw_session(worlds) as client:
        client.send(raw.query(COPY))
        client.until("G")
        client.send(data("1\tone\n"))
    assert offices(worlds) == []


def test_a_copy_that_took_too_long_is_ended_and_its_rows_are_nobodys(worlds: Pair) -> None:
    with raw_session(worlds) as client:
        client.send(raw.query("SET statement_timeout = 200"))
        client.until("Z")
        client.send(raw.query(COPY))
        client.until("G")
        time.sleep(0.4)
        client.send(data("1\tone\n"))
        assert raw.tags(client.until("Z")) == "EZ"
        client.send(data("2\ttwo\n"), DONE, raw.query("SELECT 1"))
        assert raw.tags(client.until("Z")) == "TDCZ"
    assert offices(worlds) == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("COPY base.watched FROM STDIN", "unvetted-trigger"),
        ("COPY base.offices FROM STDIN", "unvetted-view"),
        ("COPY pg_catalog.pg_class FROM STDIN", "system-relation"),
        ("COPY base.office FROM '/tmp/x'", "unsupported-syntax"),
        ("COPY base.office FROM PROGRAM 'id'", "unsupported-syntax"),
        ("COPY base.office FROM STDIN WHERE code > 1", "unsupported-syntax"),
        ("COPY base.office FROM STDIN (FREEZE)", "copy-form"),
        ("COPY base.office FROM STDIN (ON_ERROR ignore)", "copy-form"),
        ("COPY base.office FROM STDIN; SELECT 1", "copy-alone"),
        ("BEGIN; COPY base.office FROM STDIN", "copy-alone"),
    ],
)
def test_the_rest_is_refused_and_the_rows_behind_it_are_nobodys(
    worlds: Pair, sql: str, rule: str
) -> None:
    with raw_session(worlds) as client:
        client.send(raw.query(sql), data("1\tone\n"), DONE, raw.query("SELECT 1"))
        refused = client.until("Z")
        assert raw.tags(refused) == "EZ"
        assert refused[0].fields["H"] == f"rule {rule}"
        assert raw.tags(client.until("Z")) == "TDCZ"
    assert offices(worlds) == []


def test_a_platform_copies_nothing_into_what_is_protected(worlds: Pair) -> None:
    with worlds.service.site.connect("bgcheck") as platform, platform.cursor() as cursor:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="第10条"),
            cursor.copy("COPY base.person FROM STDIN"),
        ):
            pass
        with cursor.copy("COPY base.office (code, name) FROM STDIN") as copy:
            copy.write_row((1, "one"))
    assert len(offices(worlds)) == 1


def test_the_ledger_holds_the_statement_before_the_rows_and_nothing_of_them(worlds: Pair) -> None:
    with worlds.ours() as ours, ours.cursor() as cursor:
        with cursor.copy("COPY base.office (code, name) FROM STDIN (NULL 'nil')") as copy:
            copy.write_row((1, SECRET))
            entries = worlds.service.site.entries("decision")
        (entry,) = [e for e in entries if "(NULL 'nil')" in json.dumps(e)]
        assert (entry["header"]["verdict"], entry["header"]["statement_class"]) == ("pass", "copy")
    assert SECRET not in str(worlds.service.site.entries("decision"))
    assert SECRET not in str(worlds.service.site.entries("outcome"))


ROW, LAST = data("1\tone\n"), raw.query("SELECT 1")
REFUSED = raw.query("LOCK TABLE office")
BOUND = raw.parse(COPY) + raw.bind()
RUN = BOUND + raw.execute()
# What is sent in one write, and the tags that come up to the second ReadyForQuery or the end.
ATTACKS = {
    "a-query-taken-for-rows": (raw.query(COPY) + REFUSED, "GE"),
    "a-parse-taken-for-rows": (raw.query(COPY) + ROW + raw.parse("SELECT 1"), "GE"),
    "a-query-in-the-rows": (raw.query(COPY) + data(REFUSED) + DONE + REFUSED, "GEZEZ"),
    "a-query-that-ends-among-the-rows": (
        raw.query(COPY) + b"d" + struct.pack(">I", len(REFUSED)) + REFUSED[:-4] + DONE + REFUSED,
        "GEZEZ",
    ),
    "rows-before-the-copy": (
        ROW + DONE + FAIL + raw.query(COPY) + ROW + DONE + REFUSED,
        "GCZEZ",
    ),
    "the-end-twice": (raw.query(COPY) + ROW + DONE + DONE + FAIL + REFUSED, "GCZEZ"),
    "end-of-data-before-the-end": (
        raw.query(COPY) + data("\\.\n") + data(REFUSED) + DONE + REFUSED,
        "GCZEZ",
    ),
    "failing-rows-then-a-query": (raw.query(COPY) + data("x\n") + ROW + DONE + REFUSED, "GEZEZ"),
    "sync-among-the-rows": (
        raw.query(COPY) + ROW + raw.SYNC + raw.FLUSH + DONE + REFUSED,
        "GCZEZ",
    ),
    "a-copy-behind-an-error": (
        raw.parse("SELEC") + raw.query(COPY) + ROW + raw.SYNC + REFUSED,
        "EZEZ",
    ),
    "a-copy-that-a-refusal-skips": (
        raw.parse("LOCK TABLE office") + raw.query(COPY) + ROW + DONE + raw.SYNC + LAST,
        "EZTDCZ",
    ),
    "a-portal-executed-twice": (
        RUN + DONE + raw.execute() + ROW + DONE + raw.SYNC + LAST,
        "12GCEZTDCZ",
    ),
    "a-portal-with-a-row-limit": (
        BOUND + raw.execute("", 1) + ROW + data("2\tb\n") + DONE + raw.SYNC + LAST,
        "12GCZTDCZ",
    ),
    "a-portal-that-is-described": (
        BOUND + raw.message("D", b"P\0") + raw.execute() + raw.SYNC + ROW + DONE + raw.SYNC + LAST,
        "12nGCZTDCZ",
    ),
    "two-copies-in-one-segment": (
        RUN + ROW + DONE + RUN + data("2\tb\n") + DONE + raw.SYNC + LAST,
        "12GC12GCZTDCZ",
    ),
    "statements-behind-the-end-of-a-failed-copy": (
        RUN + data("x\n") + DONE + raw.parse("LOCK TABLE office") + raw.SYNC + LAST,
        "12GEZTDCZ",
    ),
    "a-copy-run-by-execute": (
        raw.parse(COPY, "s") + raw.SYNC + raw.query("EXECUTE s") + ROW + DONE,
        "1ZEZ",
    ),
    "a-copy-run-by-fetch": (
        raw.parse(COPY, "s") + raw.bind("s", "p") + raw.query("FETCH ALL FROM p") + ROW + LAST,
        "12EZTDCZ",
    ),
    "a-copy-in-a-failed-transaction": (
        raw.query("BEGIN; SELECT 1/0") + raw.query(COPY) + ROW + DONE,
        "CEZEZ",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_order_of_messages_makes_rows_of_statements_or_statements_of_rows(
    worlds: Pair, attack: str
) -> None:
    sent, expected = ATTACKS[attack]
    with raw_session(worlds) as client:
        client.send(sent)
        came = client.until("Z")
        came += client.until("Z")
    assert raw.tags(came) == expected
    assert not [message for message in came if b"QUERY PLAN" in message.body]
