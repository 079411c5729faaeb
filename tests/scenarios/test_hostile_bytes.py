"""Bytes that no driver sends, in an open session: each ends that session alone, or is answered as
the server would, is in the ledger, and another session goes on as if nothing were."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator

import psutil
import psycopg
import pytest

from tests.drivers.raw import FLUSH, SYNC, Message, RawClient, execute, message, parse, query, tags
from tests.scenarios.service import Service, running_service
from tests.scenarios.workers import metric, until
from tests.world import HOST, Database

pytestmark = pytest.mark.database

MIB = 1 << 20
TEXT_MAX = MIB
TAGS = "QPBDECSHXFdcf"
LENGTHS = (0, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
BROKEN, TOO_LARGE = "08P01", "54000"
ONE = query("SELECT 1")
USER, DATABASE = "desk", "agency"

RECORDED: dict[str, str] = {}
"""application_name of a hostile session -> the rule that has to be in the ledger for it."""


@pytest.fixture(scope="module")
def service(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(agency, tmp_path_factory.mktemp("hostile")) as running:
        yield running
        names: dict[str, set[str]] = {}
        for entry in running.site.entries("decision"):
            name = json.loads(entry["payload"])["application_name"]
            names.setdefault(name, set()).add(entry["header"]["rule"])
        missing = {name: rule for name, rule in RECORDED.items() if rule not in names[name]}
        assert RECORDED
        assert missing == {}


@pytest.fixture(autouse=True)
def bystander(service: Service) -> Iterator[psycopg.Connection]:
    """Somebody else, who is in a transaction meanwhile."""
    with service.site.connect() as connection, connection.transaction():
        ask = "SELECT pg_backend_pid(), now()"
        before = connection.execute(ask).fetchone()
        yield connection
        assert connection.execute(ask).fetchone() == before
        assert service.process.poll() is None


class Hostile(RawClient):
    """A client with a name by which its entries are found."""

    name = ""


@pytest.fixture
def client(service: Service, request: pytest.FixtureRequest) -> Iterator[Hostile]:
    with Hostile(HOST, service.site.port) as raw:
        raw.name = request.node.name.encode("ascii", "replace").decode()[-60:]
        raw.start(user=USER, database=DATABASE, application_name=raw.name)
        yield raw


def recorded(client: Hostile, rule: str) -> None:
    RECORDED[client.name] = rule


def ended(client: Hostile, sqlstate: str) -> None:
    """The last thing said was a fatal error, once, and then the line was closed."""
    received = client.until("never")
    assert received[-1].fields["S"] == "FATAL"
    assert received[-1].fields["C"] == sqlstate
    assert received[-1].fields["D"].endswith("。")
    recorded(client, "protocol-violation")


def goes_on(client: RawClient) -> list[Message]:
    """The session is as good as new."""
    client.send(ONE)
    received = client.until("Z")
    assert tags(received)[-4:] == "TDCZ"
    return received[:-4]


@pytest.mark.parametrize("length", LENGTHS, ids=hex)
@pytest.mark.parametrize("tag", TAGS)
def test_a_length_that_cannot_be_ends_the_session(client, tag, length):
    client.send(tag.encode() + struct.pack(">I", length) + b"\0" * 64)
    ended(client, BROKEN if length < 4 else TOO_LARGE)


@pytest.mark.parametrize("tag", [0x00, 0x01, 0x16, 0x70, 0x52, 0x5A, 0x54, 0x57, 0x76, 0x7F, 0xFF])
def test_a_type_that_no_client_sends_ends_the_session(client, tag):
    client.send(bytes((tag,)) + struct.pack(">I", 4))
    ended(client, BROKEN)


MALFORMED = {
    "query-two-texts": message("Q", b"SELECT 1\0SELECT 2\0"),
    "query-no-end": message("Q", b"SELECT 1"),
    "parse-no-end": message("P", b"\0SELECT 1"),
    "parse-types-missing": message("P", b"\0SELECT 1\0\0\1"),
    "parse-types-too-many": message("P", b"\0SELECT 1\0\0\0\0\0\0\0"),
    "bind-count-of-values-short": message("B", b"\0\0" + struct.pack(">HHiH", 0, 2, -1, 0)),
    "bind-count-of-values-long": message("B", b"\0\0" + struct.pack(">HHiiH", 0, 1, -1, -1, 0)),
    "bind-length-minus-2": message("B", b"\0\0" + struct.pack(">HHiH", 0, 1, -2, 0)),
    "bind-length-huge": message("B", b"\0\0" + struct.pack(">HHiH", 0, 1, 0x7FFFFFFF, 0)),
    "bind-formats-without-end": message("B", b"\0\0" + struct.pack(">HHH", 65535, 0, 0)),
    "bind-nothing": message("B"),
    "describe-other-target": message("D", b"Q\0"),
    "describe-no-end": message("D", b"Sname"),
    "close-nothing": message("C", b""),
    "execute-short": message("E", b"\0\0\0"),
    "execute-long": message("E", b"\0\0\0\0\0\0"),
    "sync-with-a-body": message("S", b"x"),
    "flush-with-a-body": message("H", b"x"),
    "terminate-with-a-body": message("X", b"x"),
    "copy-done-with-a-body": message("c", b"x"),
    "name-of-64-bytes": parse("SELECT 1", "n" * 64),
    "name-of-64-bytes-bound": message("B", b"p" * 64 + b"\0\0" + b"\0" * 6),
    "name-not-ascii": parse("SELECT 1", "名"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_message_that_does_not_fill_its_length_ends_the_session(client, data):
    client.send(data)
    received = client.until("never")
    assert received[-1].fields["C"] in (BROKEN, TOO_LARGE)
    recorded(client, "protocol-violation")


@pytest.mark.parametrize("sent", [3, 5, 9], ids=["in-the-length", "behind-it", "in-the-text"])
def test_a_message_that_is_cut_off_is_nothing(service, client, sent):
    served = 'fengcun_connections{state="served"}'
    before = metric(service.site, served)
    client.send(ONE[:sent])
    client.socket.close()
    until(lambda: metric(service.site, served) == before - 1)


def test_floods_of_what_means_little_are_answered_as_the_server_does(client):
    client.send(SYNC * 20_000)
    assert tags(client.until("Z") + [client.receive() for _ in range(19_999)]) == "Z" * 20_000
    client.send(
        FLUSH * 100_000, message("d", b"x" * 1_000) * 1_000, message("c"), message("f", b"\0")
    )
    assert goes_on(client) == []


def test_what_is_smuggled_behind_an_error_is_skipped_up_to_sync(client):
    hidden = query("SELECT 'smuggled'"), parse("SELECT 'smuggled'"), execute(), message("d", b"x")
    for broken in (parse("SELECT 1/0 FROM"), parse("VACUUM"), execute("nothing")):
        client.send(broken, *hidden, SYNC, ONE)
        assert tags(client.until("Z") + client.until("Z")) == "EZTDCZ"
    assert goes_on(client) == []


def test_what_comes_behind_terminate_is_nobodys(client):
    client.send(message("X"), query("SELECT 'smuggled'"))
    assert client.until("never") == []


def test_a_function_call_is_refused_and_recorded(client):
    client.send(message("F", struct.pack(">IHHH", 1219, 0, 0, 0)))
    assert client.until("Z")[0].fields["C"] == "42501"
    recorded(client, "function-call")


@pytest.mark.parametrize("more", [0, 1], ids=["at-the-limit", "one-more"])
def test_a_statement_is_as_long_as_the_limit_says_and_no_longer(client, more):
    text = "SELECT 1 /*" + "x" * (TEXT_MAX - 13 + more) + "*/"
    assert len(text) == TEXT_MAX + more
    client.send(query(text))
    if more:
        ended(client, TOO_LARGE)
    else:
        assert tags(client.until("Z")) == "TDCZ"


def test_a_statement_of_100_mb_is_not_waited_for(service, client):
    before = resident_bytes(service)
    client.send(b"Q" + struct.pack(">I", 100 * MIB))
    ended(client, TOO_LARGE)
    assert resident_bytes(service) - before < 30 * MIB


def resident_bytes(service: Service) -> int:
    return int(psutil.Process(service.process.pid).memory_info().rss)


COUNT = 100_000
DEEP = {
    "parentheses": "SELECT " + "(" * COUNT + "1" + ")" * COUNT,
    "in-list": "SELECT 1 WHERE 1 IN (" + ",".join("1" * COUNT) + ")",
    "not": "SELECT " + "NOT " * COUNT + "true",
    "minus": "SELECT " + "- " * COUNT + "1",
    "arrays": "SELECT " + "ARRAY[" * COUNT + "1" + "]" * COUNT,
    "case": "SELECT " + "CASE WHEN true THEN " * 20_000 + "1" + " END" * 20_000,
    "or": "SELECT 1 WHERE " + " OR ".join(["1 = 1"] * COUNT),
    "chain": "SELECT " + "+".join("1" * COUNT),
    "json": "SELECT '{}'::jsonb" + "->'a'" * COUNT,
    "subqueries": "SELECT " + "(SELECT " * COUNT + "1" + ")" * COUNT,
    "unions": "SELECT 1" + " UNION SELECT 1" * 60_000,
    "comments": "SELECT 1 " + "/*" * COUNT + "*/" * COUNT,
    # Few enough tokens to be parsed, so that the parsers' own depth is what is tried.
    "not-parsed": "SELECT " + "NOT " * 19_000 + "true",
    "minus-parsed": "SELECT " + "- " * 19_000 + "1",
    "case-parsed": "SELECT " + "CASE WHEN true THEN " * 3_900 + "1" + " END" * 3_900,
    "chain-parsed": "SELECT " + "+".join("1" * 9_900),
    "json-parsed": "SELECT '{}'::jsonb" + "->'a'" * 9_000,
    "casts-parsed": "SELECT 1" + "::int" * 9_000,
    "unions-parsed": "SELECT 1" + " UNION SELECT 1" * 6_000,
    "joins-parsed": "SELECT 1 FROM base.person a0"
    + "".join(f" CROSS JOIN base.person a{n}" for n in range(1, 3_000)),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_text_that_is_too_deep_or_too_wide_is_refused_and_overflows_nobodys_stack(client, text):
    client.send(query(text))
    error, _ = client.until("Z")
    assert (error.fields["S"], error.fields["C"]) == ("ERROR", "42501")
    rule = error.fields["H"].removeprefix("rule ").split(",")[0]
    assert rule in ("too-many-tokens", "too-deep", "too-many-comments", "not-understood")
    recorded(client, rule)
    assert goes_on(client) == []


@pytest.mark.parametrize("text", [b"SELECT '\xff'", b"SELECT '\xc0\xa7'", b"SELECT '\xed\xa0\x80'"])
def test_text_that_is_none_in_its_encoding_is_refused(client, text):
    client.send(message("Q", text + b"\0"))
    assert client.until("Z")[0].fields["C"] == "42501"
    recorded(client, "text-encoding")


@pytest.mark.parametrize(("count", "outcome"), [(65_535, "1"), (65_536, None)])
def test_parameters_as_many_as_the_protocol_can_count(client, count, outcome):
    wide = "SELECT 1 WHERE $1 = ANY(ARRAY[1])"
    values = struct.pack(">HH", 0, count & 0xFFFF) + struct.pack(">i", -1) * count + b"\0\0"
    client.send(parse(wide), message("B", b"\0\0" + values), SYNC)
    received = client.until("never" if outcome is None else "Z")
    errors = [m.fields["C"] for m in received if m.tag == "E"]
    # The server's own word on how many the statement has, or no message at all.
    assert errors == [BROKEN]
    if outcome is None:
        recorded(client, "protocol-violation")
    else:
        assert goes_on(client) == []


def test_a_format_that_does_not_exist_is_the_servers_to_refuse(client):
    values = struct.pack(">HHHi", 1, 7, 1, 1) + b"1" + b"\0\0"
    client.send(parse("SELECT $1::int"), message("B", b"\0\0" + values), SYNC)
    received = client.until("Z")
    assert tags(received) == "1EZ"
    assert received[1].fields["C"] == "22023"


def test_a_socket_that_says_goodbye_to_one_direction_only_is_no_session(client):
    client.socket.shutdown(socket.SHUT_WR)
    assert client.until("never") == []
