"""Thirty ordinary statements of a case-handling system, through the real service.

What a principal without a permit gets equals, column for column and row for row, what the same
statement gives on the reference views (tests/agency/oracle.sql), which know nothing of the proxy.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import psycopg
import pytest
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from tests.scenarios.service import Service, running_service
from tests.world import HOST, PASSWORD, SQL, Database

pytestmark = pytest.mark.database

GOLDEN = json.loads((SQL / "golden.json").read_text(encoding="utf-8"))
PROTECTED = [query for query in GOLDEN if "pg_class" not in query["sql"]]
ORACLE_PATH = "sealed, base"
FIRST_USER_OID = 16384  # PostgreSQL documentation, "OID Assignment"
TEXT, BINARY = 0, 1


def named(queries: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("query", queries, ids=[query["key"] for query in queries])


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer as it came over the wire; a composite type has no number of its own."""

    columns: list[tuple[bytes | None, int]]
    tag: bytes | None
    rows: list[tuple[bytes | None, ...]] | Counter[tuple[bytes | None, ...]]


def answer(result: PGresult, *, ordered: bool) -> Answer:
    assert result.status == ExecStatus.TUPLES_OK, result.error_message
    numbers = range(result.nfields)
    columns = [(result.fname(n), min(result.ftype(n), FIRST_USER_OID)) for n in numbers]
    rows = [tuple(result.get_value(row, n) for n in numbers) for row in range(result.ntuples)]
    return Answer(columns, result.command_status, rows if ordered else Counter(rows))


def prepared(connection: PGconn, text: bytes, result_format: int) -> PGresult:
    done = connection.prepare(b"golden", text)
    if done.status == ExecStatus.COMMAND_OK:
        done = connection.exec_prepared(b"golden", None, result_format=result_format)
        connection.exec_(b"DEALLOCATE golden")
    return done


ROADS: dict[str, Callable[[PGconn, bytes], PGresult]] = {
    "simple": lambda connection, text: connection.exec_(text),
    "extended-text": lambda connection, text: connection.exec_params(
        text, None, result_format=TEXT
    ),
    "extended-binary": lambda connection, text: connection.exec_params(
        text, None, result_format=BINARY
    ),
    "prepared-text": lambda connection, text: prepared(connection, text, TEXT),
    "prepared-binary": lambda connection, text: prepared(connection, text, BINARY),
}
ROAD = pytest.mark.parametrize("road", ROADS.values(), ids=ROADS)


@pytest.fixture(scope="module")
def service(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(agency, tmp_path_factory.mktemp("golden")) as running:
        yield running


@pytest.fixture(scope="module")
def desk(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect("desk") as connection:
        yield connection


@pytest.fixture(scope="module")
def platform(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect("bgcheck") as connection:
        yield connection


@pytest.fixture(scope="module")
def oracle(agency: Database) -> Iterator[psycopg.Connection]:
    with agency.connect() as connection:
        connection.execute(f"SET search_path = {ORACLE_PATH}")
        yield connection


@ROAD
@named(GOLDEN)
@pytest.mark.requirement(
    "Q01..Q23", "Q27..Q30", "A6", "A8", "A9", "A17", "B1", "B5", "B7", "D7", "H1", "H3"
)
def test_the_answer_is_that_of_the_reference_views(desk, oracle, query, road):
    got, expected = (
        answer(road(connection.pgconn, query["sql"].encode()), ordered=query["ordered"])
        for connection in (desk, oracle)
    )
    assert got == expected


@pytest.fixture
async def asyncpg_desk(service: Service) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        host=HOST, port=service.site.port, user="desk", database=service.site.database.name
    )
    yield connection
    await connection.close()


@pytest.fixture
async def asyncpg_oracle(agency: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        host=HOST, port=agency.port, user="postgres", password=PASSWORD, database=agency.name,
        server_settings={"search_path": ORACLE_PATH},
    )  # fmt: skip
    yield connection
    await connection.close()


@named(GOLDEN)
async def test_asyncpg_gets_the_answer_of_the_reference_views(asyncpg_desk, asyncpg_oracle, query):
    got, expected = [
        [dict(record) for record in await connection.fetch(query["sql"])]
        for connection in (asyncpg_desk, asyncpg_oracle)
    ]
    assert got == expected if query["ordered"] else unordered(got) == unordered(expected)


def unordered(records: list[dict[str, object]]) -> Counter[str]:
    return Counter(map(repr, records))


@ROAD
@named(PROTECTED)
@pytest.mark.requirement("C4", "C5", "Q24..Q28", "Q36")
def test_a_platform_is_refused_whatever_it_asks_of_protected_tables(platform, query, road):
    result = road(platform.pgconn, query["sql"].encode())
    assert result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"42501"
    hint = result.error_field(psycopg.pq.DiagnosticField.MESSAGE_HINT)
    assert hint is not None
    assert hint.decode() == "rule platform-protected, 实施办法第10条"


@pytest.mark.requirement("G2", "G3")
def test_the_ledger_holds_each_decision_and_what_was_released(agency: Database, tmp_path):
    asked = [(user, query["sql"]) for query in PROTECTED for user in ("desk", "bgcheck")]
    rows_counts = []
    with running_service(agency, tmp_path) as service:
        connections = {user: service.site.connect(user) for user in ("desk", "bgcheck")}
        for user, text in asked:
            rows_counts.append(connections[user].pgconn.exec_(text.encode()).ntuples)
        for connection in connections.values():
            connection.close()
    decisions = service.site.entries("decision")
    assert [who_and_what(decision) for decision in decisions] == asked
    outcomes = {o["header"]["decision"]: o["header"] for o in service.site.entries("outcome")}
    for (user, _), decision, rows_count in zip(asked, decisions, rows_counts, strict=True):
        header, outcome = decision["header"], outcomes.pop(decision["index"], None)
        if user == "bgcheck":
            assert (header["verdict"], header["rule"]) == ("refuse", "platform-protected")
            assert outcome is None, "a refusal says itself that nothing was released"
        else:
            assert (header["verdict"], header["rule"]) == ("strip", "sealed-rows")
            assert outcome["rows_count"] == rows_count
    assert not outcomes


def who_and_what(decision: Mapping[str, Any]) -> tuple[str, str]:
    payload = json.loads(decision["payload"])
    return payload["user"], payload["text"]
