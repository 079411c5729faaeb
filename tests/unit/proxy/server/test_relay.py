"""Neither side may drown the other, and an end is an end for both."""

import threading

import psutil
import pytest

from tests.drivers.harness import RunningProxy
from tests.drivers.raw import RawClient, query, tags
from tests.world import HOST

MIB = 1 << 20


@pytest.fixture
def proxy(postgres):
    with RunningProxy(postgres.database()) as running:
        yield running


@pytest.fixture
def client(proxy):
    with RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres", database=proxy.database.name)
        yield raw


def resident_bytes():
    return psutil.Process().memory_info().rss


def test_a_client_that_does_not_read_stops_the_database(proxy, client):
    before = resident_bytes()
    client.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"))
    proxy.wait(proxy.notary.submitted("decision", 1))
    assert client.receive().tag == "T"
    blocked = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'ClientWrite'"
    while not proxy.database.run(blocked):
        pass
    assert resident_bytes() - before < 30 * MIB
    received = client.until("Z")
    assert tags(received[-2:]) == "CZ"
    assert len(received) == 200_002


def test_a_huge_result_passes_without_being_held(proxy, client):
    before = resident_bytes()
    client.send(query("SELECT repeat('x', 100000) FROM generate_series(1, 2000)"))
    count = 0
    while (received := client.receive()).tag != "Z":
        count += received.tag == "D"
    assert count == 2_000
    assert resident_bytes() - before < 30 * MIB


def test_a_client_that_only_sends_is_not_read_without_end(proxy, client):
    """200 MB of statements, while the first is still being answered: the database is not reading,
    so neither is the proxy, so neither can the client go on writing."""
    before = resident_bytes()
    client.send(query("SELECT pg_sleep(1000)"))
    flood = threading.Thread(target=flood_until_closed, args=(client,))
    flood.start()
    flood.join(timeout=2)
    assert flood.is_alive()
    assert resident_bytes() - before < 60 * MIB
    client.socket.shutdown(2)
    flood.join()


def flood_until_closed(client):
    statement = query("SELECT '" + "x" * 100_000 + "'")
    try:
        for _ in range(2_000):
            client.socket.sendall(statement)
    except OSError:
        return


def test_when_the_client_leaves_its_session_ends_on_the_server(proxy, client):
    client.send(query("SELECT pg_backend_pid()"))
    pid = int(client.until("Z")[1].body[6:])
    client.socket.close()
    while proxy.database.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"):
        pass
    assert proxy.call(lambda: proxy.worker.connections_count) in (0, 1)


def test_an_answer_that_is_cut_off_is_reported_as_cut(proxy, client):
    client.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"))
    assert client.receive().tag == "T"
    client.socket.close()
    proxy.wait(proxy.notary.submitted("outcome", 1))
    (outcome,) = proxy.notary.headers("outcome")
    assert outcome["cut"]
    assert 0 < outcome["rows_count"] < 200_000


def test_when_the_server_ends_the_session_the_client_hears_why(proxy, client):
    client.send(query("SELECT pg_backend_pid()"))
    pid = int(client.until("Z")[1].body[6:])
    proxy.database.run(f"SELECT pg_terminate_backend({pid})")
    received = client.until("never")
    assert [message.fields["C"] for message in received] == ["57P01"]


def test_a_planner_that_fails_ends_the_session_and_says_nothing_of_the_text(proxy, client):
    async def analyse(text, scene):
        raise RuntimeError("synthetic fault")

    proxy.plans.analyse = analyse
    client.send(query("SELECT 'secret' /*slow*/"))
    (received,) = client.until("never")
    assert (received.fields["S"], received.fields["C"]) == ("FATAL", "XX000")
    assert "secret" not in received.fields["M"]


def test_an_entry_the_ledger_does_not_take_ends_the_session(proxy, client, monkeypatch):
    from ledger.errors import InvalidDraft

    def encode_header(kind, header):
        raise InvalidDraft("synthetic")

    monkeypatch.setattr("proxy.record.scribe.encode_header", encode_header)
    client.send(query("SELECT 1"))
    (received,) = client.until("never")
    assert received.fields["C"] == "XX000"
