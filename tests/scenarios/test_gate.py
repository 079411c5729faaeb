"""Recorded before released: no answer reaches a client before its record is durable, and nothing
that can change the database is sent before. The ledger here is durable when the test says so."""

import time
from collections.abc import Iterator

import pytest

from tests.drivers.harness import RunningProxy, outcomes
from tests.drivers.raw import SYNC, RawClient, bind, execute, parse, query, tags
from tests.world import HOST, Database, PostgresWorld


@pytest.fixture
def database(postgres: PostgresWorld) -> Iterator[Database]:
    made = postgres.create_database()
    made.run("CREATE TABLE noted (id int); INSERT INTO noted VALUES (0)")
    yield made
    postgres.drop_database(made)


@pytest.fixture
def proxy(database: Database) -> Iterator[RunningProxy]:
    with RunningProxy(database) as running:
        yield running


@pytest.fixture
def client(proxy: RunningProxy) -> Iterator[RawClient]:
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres", database=proxy.database.name)
        hold(proxy)
        yield raw


def hold(proxy: RunningProxy) -> None:
    def close() -> None:
        proxy.notary.open = False

    proxy.call(close)


def noted(proxy: RunningProxy) -> list[int]:
    return sorted(row[0] for row in proxy.database.run("SELECT id FROM noted"))


def wait_for_records(proxy: RunningProxy, count: int) -> None:
    proxy.wait(proxy.notary.submitted("decision", count))


SIMPLE = {
    "rows": query("SELECT generate_series(1, 3)"),
    "no-rows": query("SELECT WHERE false"),
    "error": query("SELECT 1/0"),
    "refusal": query("SELECT 1 /*refuse*/"),
    "empty": query(""),
    "planned-in-a-thread": query("SELECT 1 /*slow*/"),
    "extended": parse("SELECT 1") + bind() + execute() + SYNC,
    "extended-refusal": parse("SELECT 1 /*refuse*/") + bind() + execute() + SYNC,
    "bound-and-never-executed": parse("SELECT 1") + bind() + SYNC,
    "unknown-statement": bind("nobody") + SYNC,
    "unknown-portal": execute("nobody") + SYNC,
    "function-call": b"F\x00\x00\x00\x0e" + b"\0" * 10,
}


@pytest.mark.parametrize("sent", SIMPLE.values(), ids=SIMPLE)
def test_no_byte_comes_back_before_the_record_is_durable(proxy, client, sent):
    client.send(sent)
    wait_for_records(proxy, 1)
    assert client.silent()
    proxy.call(proxy.notary.release)
    assert tags(client.until("Z")).endswith("Z")


def test_a_write_is_not_sent_before_its_record_is_durable(proxy, client):
    client.send(query("INSERT INTO noted VALUES (1)"))
    wait_for_records(proxy, 1)
    assert client.silent()
    assert noted(proxy) == [0]
    proxy.call(proxy.notary.release)
    assert tags(client.until("Z")) == "CZ"
    assert noted(proxy) == [0, 1]


def test_what_follows_a_write_waits_behind_it(proxy, client):
    client.send(query("INSERT INTO noted VALUES (1)"), query("SELECT count(*) FROM noted"))
    wait_for_records(proxy, 2)
    assert client.silent()
    assert noted(proxy) == [0]
    proxy.call(proxy.notary.release)
    assert tags(client.until("Z")) == "CZ"
    assert client.until("Z")[1].body[-1:] == b"2"


def test_an_answer_waits_for_its_own_record_only(proxy, client):
    client.send(query("SELECT 1"))
    wait_for_records(proxy, 1)
    proxy.call(proxy.notary.release)
    assert tags(client.until("Z")) == "TDCZ"
    client.send(query("SELECT 2"))
    wait_for_records(proxy, 2)
    assert client.silent()


def test_executing_a_portal_again_is_recorded_again(proxy, client):
    client.send(query("BEGIN"))
    wait_for_records(proxy, 1)
    proxy.call(proxy.notary.release)
    client.until("Z")
    client.send(parse("SELECT generate_series(1, 5)"), bind(), execute(rows_max=2), SYNC)
    wait_for_records(proxy, 2)
    proxy.call(proxy.notary.release)
    assert tags(client.until("Z")) == "12DDsZ"
    client.send(execute(rows_max=2), SYNC)
    wait_for_records(proxy, 3)
    assert client.silent()
    proxy.call(proxy.notary.release)
    assert tags(client.until("Z")) == "DDsZ"


def test_when_the_ledger_fails_nothing_held_is_released(proxy, client):
    client.send(query("SELECT 'never seen'"))
    wait_for_records(proxy, 1)
    assert client.silent()
    proxy.call(lambda: (proxy.notary.fail(), proxy.worker.ledger_failed()))
    received = client.until("never")
    assert tags(received) == "E"
    assert received[0].fields["C"] == "57P03"
    assert received[0].fields["S"] == "FATAL"


def test_after_the_ledger_failed_nobody_enters(proxy, client):
    proxy.call(lambda: (proxy.notary.fail(), proxy.worker.ledger_failed()))
    with pytest.raises(OSError), RawClient(HOST, proxy.port) as late:
        late.send(b"")
        if late.receive() is None:
            raise ConnectionResetError


def test_a_write_waiting_when_the_ledger_fails_never_runs(proxy, client):
    client.send(query("INSERT INTO noted VALUES (1)"))
    wait_for_records(proxy, 1)
    proxy.call(lambda: (proxy.notary.fail(), proxy.worker.ledger_failed()))
    assert client.until("never")[-1].fields["C"] == "57P03"
    assert noted(proxy) == [0]


def test_the_outcome_follows_what_was_released(proxy, client):
    client.send(query("SELECT generate_series(1, 3)"))
    wait_for_records(proxy, 1)
    assert proxy.call(lambda: proxy.notary.headers("outcome")) == []
    proxy.call(proxy.notary.release)
    client.until("Z")
    (outcome,) = outcomes(proxy)
    assert (outcome["decision"], outcome["rows_count"], outcome.get("error")) == (0, 3, None)


def test_an_answer_whose_server_dies_is_still_held(proxy, client):
    client.send(query("SELECT 1"))
    wait_for_records(proxy, 1)
    assert client.silent()
    proxy.database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert client.silent()
    proxy.call(proxy.notary.release)
    received = client.until("never")
    assert tags(received) == "TDCZE"
    assert received[-1].fields["C"] == "57P01"


@pytest.mark.parametrize("sent", [query("INSERT INTO noted VALUES (1)"), query("SELECT 1")])
def test_who_hangs_up_before_the_record_is_durable_leaves_a_decision_with_an_outcome(
    proxy, client, sent
):
    client.send(sent)
    wait_for_records(proxy, 1)
    client.socket.close()
    wait_until_gone(proxy)
    proxy.call(proxy.notary.release)
    proxy.wait(proxy.notary.submitted("outcome", 1))
    (outcome,) = proxy.call(lambda: proxy.notary.headers("outcome"))
    assert (outcome["decision"], outcome["cut"]) == (0, True)
    assert noted(proxy) == [0]


def wait_until_gone(proxy: RunningProxy) -> None:
    deadline = time.monotonic() + 30
    while proxy.call(lambda: proxy.worker.connections_count):
        assert time.monotonic() < deadline
        time.sleep(0.01)
