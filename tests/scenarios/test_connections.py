"""Connections at the edges: as many as there are places, and whatever leaves in the middle takes
nothing with it and leaves nothing behind."""

import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import errors

from proxy.server.worker import Way, WorkerLimits
from proxy.upstream.connect import Upstream
from proxy.wire.postgres.startup import SSL_REQUEST, StartupMessage, encode_cancel, encode_startup
from tests.drivers.harness import RunningProxy, outcomes
from tests.drivers.raw import RawClient, query, tags
from tests.world import HOST, Database, PostgresWorld

PLACES = 3
LARGE = query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)")
HELLO = encode_startup(StartupMessage(0, (("user", "postgres"),)))


@pytest.fixture
def database(postgres: PostgresWorld) -> Database:
    return postgres.database()


@pytest.fixture
def proxy(database: Database) -> Iterator[RunningProxy]:
    with RunningProxy(database) as running:
        yield running


@pytest.fixture
def crowded(database: Database) -> Iterator[RunningProxy]:
    with RunningProxy(database, WorkerLimits(connections_max=PLACES)) as running:
        yield running


def until_waiting_for(database: Database, event: str) -> None:
    while not database.run(f"SELECT 1 FROM pg_stat_activity WHERE wait_event = '{event}'"):
        pass


def until_connections(proxy: RunningProxy, count: int) -> None:
    while proxy.call(lambda: proxy.worker.connections_count) != count:
        pass


def entered(stack: ExitStack, proxy: RunningProxy) -> tuple[RawClient, str]:
    """A new client, and the last message it got when it logged in, an error's SQLSTATE."""
    raw = stack.enter_context(RawClient(HOST, proxy.port))
    messages = raw.start(user="postgres")
    if not messages:
        return raw, "closed"
    return raw, messages[-1].fields["C"] if messages[-1].tag == "E" else messages[-1].tag


def backend(raw: RawClient) -> int:
    raw.send(query("SELECT pg_backend_pid()"))
    return int(raw.until("Z")[1].body[6:])


def is_there(database: Database, process_id: int) -> bool:
    return bool(database.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {process_id}"))


def test_every_place_can_be_taken_and_the_next_client_is_told(crowded):
    with ExitStack() as stack:
        assert [entered(stack, crowded)[1] for _ in range(PLACES)] == ["Z"] * PLACES
        assert entered(stack, crowded)[1] == "53300"


def test_a_place_that_becomes_free_can_be_taken_again(crowded):
    with ExitStack() as stack:
        first, *_ = [entered(stack, crowded)[0] for _ in range(PLACES)]
        first.socket.close()
        until_connections(crowded, PLACES - 1)
        assert entered(stack, crowded)[1] == "Z"


def test_connections_that_say_nothing_are_not_accepted_without_end(crowded):
    with ExitStack() as stack:
        silent = [stack.enter_context(RawClient(HOST, crowded.port)) for _ in range(PLACES)]
        until_connections(crowded, PLACES)
        assert stack.enter_context(RawClient(HOST, crowded.port)).receive() is None
        assert all(raw.silent(0.01) for raw in silent)


def test_who_comes_from_elsewhere_enters_while_one_address_says_nothing(crowded):
    with ExitStack() as stack:
        for _ in range(PLACES):
            stack.enter_context(RawClient(HOST, crowded.port))
        until_connections(crowded, PLACES)
        for _ in range(PLACES):
            other = stack.enter_context(RawClient(HOST, crowded.port, source="127.0.0.2"))
            assert tags(other.start(user="postgres")[-1:]) == "Z"
        third = stack.enter_context(RawClient(HOST, crowded.port, source="127.0.0.3"))
        assert third.start(user="postgres")[-1].fields["C"] == "53300"


def test_a_statement_can_be_cancelled_when_every_place_is_taken(database):
    with (
        RunningProxy(database, WorkerLimits(connections_max=1)) as proxy,
        psycopg.connect(proxy.conninfo(), autocommit=True) as connection,
        ThreadPoolExecutor() as pool,
    ):
        sleeping = pool.submit(connection.execute, "SELECT pg_sleep(60)")
        until_waiting_for(database, "PgSleep")
        connection.cancel_safe()
        with pytest.raises(errors.QueryCanceled):
            sleeping.result()
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_key_cancels_its_own_session_alone_and_not_the_servers_key(proxy, database):
    with RawClient(HOST, proxy.port) as raw, RawClient(HOST, proxy.port) as other:
        (issued,) = [m.body for m in raw.start(user="postgres") if m.tag == "K"]
        (others,) = [m.body for m in other.start(user="postgres") if m.tag == "K"]
        # Drivers show this number and compare it: psycopg's info.backend_pid, notifications.
        assert issued[:4] == backend(raw).to_bytes(4, "big")
        raw.send(query("SELECT pg_sleep(60)"))
        until_waiting_for(database, "PgSleep")
        for wrong in (others, issued[:7] + bytes([issued[7] ^ 1])):
            with RawClient(HOST, proxy.port) as canceller:
                canceller.send(encode_cancel(wrong))
                assert canceller.receive() is None
        assert raw.silent()
        with RawClient(HOST, proxy.port) as canceller:
            canceller.send(encode_cancel(issued))
            assert canceller.receive() is None
        assert [m.fields["C"] for m in raw.until("Z") if m.tag == "E"] == ["57014"]


@pytest.mark.parametrize(
    "said",
    [b"", b"\0\0\0", HELLO[:20], SSL_REQUEST, HELLO],
    ids=["nothing", "a-piece", "half-a-startup", "asked-for-tls", "logging-in"],
)
def test_a_client_that_leaves_while_it_enters_leaves_nothing_behind(proxy, said):
    with RawClient(HOST, proxy.port) as raw:
        raw.send(said)
        until_connections(proxy, 1)
    until_connections(proxy, 0)


def test_a_database_that_accepts_and_says_nothing_is_not_waited_for(database):
    """Its clients hear about it, and its connections are closed."""
    with socket.create_server((HOST, 0)) as mute:
        way = Way(Upstream(HOST, mute.getsockname()[1]))
        limits = WorkerLimits(startup_seconds_max=0.3)
        with RunningProxy(database, limits, way) as proxy, RawClient(HOST, proxy.port) as raw:
            raw.send(HELLO)
            taken, _ = mute.accept()
            (error,) = raw.until("never")
            assert error.fields["S"] == "FATAL"
            taken.settimeout(20)
            while taken.recv(65536):
                pass


def test_a_client_that_leaves_in_the_middle_of_a_result_ends_its_session(proxy, database):
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        process_id = backend(raw)
        raw.send(LARGE)
        until_waiting_for(database, "ClientWrite")
        raw.socket.close()
    while is_there(database, process_id):
        pass
    until_connections(proxy, 0)


def test_what_a_client_that_left_had_got_is_on_record(proxy):
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        raw.send(LARGE)
        raw.receive()
        until_waiting_for(proxy.database, "ClientWrite")
        raw.socket.close()
    until_connections(proxy, 0)
    (outcome,) = outcomes(proxy)
    assert outcome["cut"] is True
    assert 0 < outcome["rows_count"] < 200_000


def test_a_server_that_leaves_in_the_middle_of_a_result_ends_the_session(proxy, database):
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        process_id = backend(raw)
        raw.send(LARGE)
        until_waiting_for(database, "ClientWrite")
        assert database.run(f"SELECT pg_terminate_backend({process_id})") == [(True,)]
        received = tags(raw.until("never"))
        assert received.startswith("TDDD")
        assert "C" not in received
        assert "Z" not in received
    until_connections(proxy, 0)


def test_after_a_crash_of_the_database_the_next_client_enters_again():
    with PostgresWorld() as world, RunningProxy(world.database()) as proxy:
        with RawClient(HOST, proxy.port) as raw:
            raw.start(user="postgres")
            raw.send(query("SELECT pg_sleep(60)"))
            until_waiting_for(world.database(), "PgSleep")
            world.stop(signal.SIGQUIT)
            assert "immediate shutdown" in raw.until("never")[-1].fields["M"]
        with RawClient(HOST, proxy.port) as raw:
            assert raw.start(user="postgres")[-1].fields["C"] == "08006"
        world.start()
        assert psycopg.connect(proxy.conninfo()).execute("SELECT 1").fetchone() == (1,)
