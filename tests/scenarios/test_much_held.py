"""Sessions that hold more and more: names, portals, cursors, savepoints, plans. There is a limit in
bytes, a clear error beyond it, and a way back below it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import psutil
import pytest

from tests.drivers.raw import SYNC, Message, RawClient, message, parse, query, tags
from tests.scenarios.service import Service, running_service
from tests.world import HOST, Database

pytestmark = pytest.mark.database

MIB = 1 << 20
NAMES = 12_000
BATCH = 500


@pytest.fixture(scope="module")
def service(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(agency, tmp_path_factory.mktemp("held")) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[RawClient]:
    with RawClient(HOST, service.site.port) as raw:
        raw.start(user="desk", database="agency")
        yield raw


def resident_bytes(service: Service) -> int:
    return int(psutil.Process(service.process.pid).memory_info().rss)


def bind(statement: str, portal: str) -> bytes:
    names = portal.encode() + b"\0" + statement.encode() + b"\0"
    return message("B", names + b"\0" * 6)


def close(kind: bytes, name: str) -> bytes:
    return message("C", kind + name.encode() + b"\0")


def errors(received: list[Message]) -> set[tuple[str, str]]:
    return {(m.fields["C"], m.fields["H"]) for m in received if m.tag == "E"}


FULL = {("42501", "rule too-much-held")}


@pytest.mark.parametrize("kind", ["statements", "portals"])
def test_thousands_of_names_end_in_an_error_and_closing_some_makes_room(service, client, kind):
    before = resident_bytes(service)
    text = "SELECT 1 /* " + "x" * 500 + " */"
    client.send(query("BEGIN"), parse(text, "s"), SYNC)
    client.until("Z")
    client.until("Z")
    held = 0
    failed: set[tuple[str, str]] = set()
    while not failed:
        assert held < NAMES * 2
        names = [f"n{number}" for number in range(held, held + BATCH)]
        if kind == "statements":
            made = [parse(text, name) for name in names]
        else:
            made = [bind("s", name) for name in names]
        client.send(*made, SYNC)
        received = client.until("Z")
        failed = errors(received)
        held += tags(received).count("1" if kind == "statements" else "2")
    assert failed == FULL
    assert held > 1_000
    assert resident_bytes(service) - before < 60 * MIB
    client.send(query("ROLLBACK"))
    client.until("Z")
    letter = b"S" if kind == "statements" else b"P"
    client.send(*(close(letter, f"n{number}") for number in range(BATCH)), SYNC)
    assert tags(client.until("Z")) == "3" * BATCH + "Z"
    client.send(parse("SELECT 2", "again"), bind("again", ""), SYNC)
    assert tags(client.until("Z")) == "12Z"


def test_texts_that_are_all_different_leave_the_memory_as_it_is(service, client):
    """Twice as many as plans are kept, each as long as a text may be to be kept."""
    sizes = []
    for round_ in range(4):
        for start in range(0, 4_096, 64):
            numbers = range(round_ * 4_096 + start, round_ * 4_096 + start + 64)
            texts = (f"SELECT 1 AS a{n} /*{'x' * 1_000}*/" for n in numbers)
            client.send(*map(parse, texts), SYNC)
            assert errors(client.until("Z")) == set()
        sizes.append(resident_bytes(service))
    assert sizes[3] - sizes[2] < 16 * MIB


def test_thousands_of_savepoints_and_cursors_are_the_servers_to_hold(service, client):
    before = resident_bytes(service)
    client.send(query("BEGIN"))
    client.until("Z")
    for number in range(2_000):
        client.send(query(f"SAVEPOINT s{number}"))
    for _ in range(2_000):
        assert tags(client.until("Z")) == "CZ"
    client.send(query("COMMIT"), query("BEGIN"))  # the server closes each in each, in their square
    assert tags(client.until("Z") + client.until("Z")) == "CZCZ"
    failed: set[tuple[str, str]] = set()
    for number in range(2_000):
        client.send(query(f"DECLARE c{number} CURSOR FOR SELECT 1"))
        failed |= errors(client.until("Z"))
    assert failed <= FULL
    client.send(query("COMMIT"), query("SELECT 1"))
    client.until("Z")
    assert tags(client.until("Z")) == "TDCZ"
    assert resident_bytes(service) - before < 60 * MIB


def test_a_portal_with_a_huge_value_counts_with_it(client):
    client.send(query("BEGIN"), parse("SELECT length($1::text)", "s"), SYNC)
    client.until("Z")
    client.until("Z")
    value = b"x" * (3 * MIB)
    body = struct.pack(">HHi", 0, 1, len(value)) + value + b"\0\0"
    for number in range(4):
        client.send(message("B", b"p%d\0s\0" % number + body))
    client.send(SYNC)
    received = client.until("Z")
    assert errors(received) == FULL
    assert tags(received).count("2") < 4
