"""Whoever is not let in, however they try: they are ended in time, take nothing from others, and
are in the ledger as a sum."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg
import pytest

from proxy.policy.wording import ending_in_chinese
from proxy.wire.postgres.startup import (
    SSL_REQUEST,
    StartupMessage,
    encode_cancel,
    encode_startup,
)
from tests.drivers.raw import RawClient, message, query, tags
from tests.scenarios.service import Service, Site, install, started
from tests.scenarios.workers import metric, until
from tests.unit.proxy.server.certificate import make_certificate
from tests.world import HOST, PASSWORD, Database

pytestmark = pytest.mark.database

PATIENCE_MS, MIB = 3_000, 1 << 20
NOT_LET_IN = 'fengcun_connections_not_let_in_total{{reason="{}"}}'
ELSEWHERE = "127.0.0.2"
SUMMED_UP = (
    *("crowded", "password", "protocol", "startup-parameter", "timeout", "tls"),
    *("unknown-database", "unsupported-session", "database", "too-many-connections"),
)
MD5_USER = "agency_password"


def hello(user: str = "desk", database: str = "agency", minor: int = 0, **more: str) -> bytes:
    parameters = (("user", user), ("database", database), *more.items())
    return encode_startup(StartupMessage(minor, parameters))


@pytest.fixture(scope="module")
def service(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("strangers")
    agency.run(f"DO $$BEGIN CREATE ROLE {MD5_USER} LOGIN PASSWORD '{PASSWORD}';"
               " EXCEPTION WHEN duplicate_object THEN NULL; END$$")  # fmt: skip
    site = install(agency, home)
    certificate = make_certificate(home)
    site.set("limits", f"startup_timeout_ms = {PATIENCE_MS}\nhandshakes_max = 8")
    site.set("limits", "connections_max = 40")
    site.set("tls", f'key_file = "{certificate.key_file}"')
    site.set("tls", f'certificate_file = "{certificate.certificate_file}"')
    with started(site) as running:
        yield running
        counts = {reason: metric(site, NOT_LET_IN.format(reason)) for reason in SUMMED_UP}
        assert running.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()
    require_summed_up(site, {reason: count for reason, count in counts.items() if count})


def require_summed_up(site: Site, counts: dict[str, float]) -> None:
    """Every stranger is in the ledger, in few entries, with addresses in the sealed part alone."""
    counted: dict[str, int] = {}
    entries = site.entries("finding")
    for entry in entries:
        header, payload = entry["header"], json.loads(entry["payload"])
        rule = header["rule"].removeprefix("not-let-in-")
        counted[rule] = counted.get(rule, 0) + header["observed_count"]
        assert sum(payload["sources"].values()) == header["observed_count"]
        assert HOST not in json.dumps(header)
    assert counted == counts
    assert len(entries) <= sum(counts.values())


@pytest.fixture(autouse=True)
def bystander(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect() as connection:
        yield connection
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with service.site.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@contextlib.contextmanager
def counted(service: Service, reason: str, count: int = 1) -> Iterator[None]:
    name = NOT_LET_IN.format(reason)
    before = metric(service.site, name)
    yield
    until(lambda: metric(service.site, name) >= before + count)


def test_an_address_that_takes_all_it_can_does_not_keep_others_out(service):
    """Forty that say nothing, and twenty that begin to log in and never go on."""
    with ExitStack() as stack, counted(service, "crowded"), counted(service, "timeout", 40):
        for number in range(60):
            raw = stack.enter_context(RawClient(HOST, service.site.port))
            with contextlib.suppress(OSError):
                raw.send(b"" if number % 3 else hello(MD5_USER))
        with RawClient(HOST, service.site.port, source=ELSEWHERE) as other:
            started_at = time.monotonic()
            assert tags(other.start(user="desk", database="agency")[-1:]) == "Z"
            assert time.monotonic() - started_at < PATIENCE_MS / 1000


def slowly(raw: RawClient, data: bytes, seconds: float) -> None:
    for byte in data:
        raw.send(bytes((byte,)))
        time.sleep(seconds)


def test_a_byte_now_and_then_gains_no_time(service):
    with RawClient(HOST, service.site.port) as raw, counted(service, "timeout"):
        since = time.monotonic()
        with contextlib.suppress(OSError):
            slowly(raw, hello()[:-1] * 3, 0.3)
        assert time.monotonic() - since < 30
        received = raw.until("never")
        assert [m.fields["C"] for m in received] in ([], ["28000"])


def test_what_is_no_handshake_is_not_read_as_a_beginning(service):
    with RawClient(HOST, service.site.port) as raw, counted(service, "tls"):
        raw.send(SSL_REQUEST)
        assert raw.socket.recv(1) == b"S"
        raw.send(hello())
        while raw.socket.recv(65536):
            pass


def test_a_handshake_that_never_ends_is_ended(service):
    with RawClient(HOST, service.site.port) as raw, counted(service, "timeout"):
        raw.send(SSL_REQUEST)
        assert raw.socket.recv(1) == b"S"
        raw.send(b"\x16\x03\x01\x02\x00\x01")
        assert raw.socket.recv(100) == b""


def test_a_login_that_never_ends_is_ended_and_told_why_in_two_languages(service):
    with RawClient(HOST, service.site.port) as raw, counted(service, "timeout"):
        raw.send(hello(MD5_USER))
        assert raw.receive().tag == "R"
        (error,) = raw.until("never")
        assert (error.fields["S"], error.fields["C"]) == ("FATAL", "28000")
        assert error.fields["D"] == ending_in_chinese("startup-timeout")


@pytest.mark.parametrize("encoding", ["GBK", "LATIN1"])
def test_what_is_said_at_the_door_is_said_in_the_encoding_that_was_asked_for(service, encoding):
    with RawClient(HOST, service.site.port) as raw:
        raw.send(hello(database="nowhere", client_encoding=encoding))
        (error,) = raw.until("never")
        sentence = ending_in_chinese("unknown-database").encode("gbk")
        assert (b"D" + sentence + b"\0" in error.body) is (encoding == "GBK")


LENGTHS = (0, 3, 4, 7, 10_001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HOSTILE = {
    **{f"length-{length:x}": struct.pack(">II", length, 3 << 16) for length in LENGTHS},
    "two-requests-at-once": SSL_REQUEST * 2,
    "request-and-startup-in-clear": SSL_REQUEST + hello(),
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "protocol-2": struct.pack(">II", 8, 2 << 16),
    "protocol-4": struct.pack(">II", 9, 4 << 16) + b"\0",
    "no-terminator": struct.pack(">II", 12, 3 << 16) + b"user",
    "a-name-alone": struct.pack(">II", 14, 3 << 16) + b"user\0\0"[:6],
    "cancel-with-no-key": struct.pack(">II", 8, 80877102),
    "cancel-with-half-a-key": struct.pack(">III", 12, 80877102, 1),
    "cancel-with-a-long-key": struct.pack(">II", 8 + 261, 80877102) + b"k" * 261,
    "gss-with-a-body": struct.pack(">III", 12, 80877104, 1),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_beginning_ends_the_connection(service, data):
    with RawClient(HOST, service.site.port) as raw, counted(service, "protocol"):
        raw.send(data)
        while raw.socket.recv(65536):
            pass


@pytest.mark.parametrize(
    ("parameters", "reason", "sqlstate"),
    [
        ({"database": "nowhere"}, "unknown-database", "3D000"),
        ({"replication": "database"}, "startup-parameter", "42501"),
        ({"replication": "true"}, "startup-parameter", "42501"),
        ({"options": "-c row_security=off"}, "startup-parameter", "42501"),
        ({"client_encoding": "EUC_KR"}, "unsupported-session", "0A000"),
        ({"user": "no_such_user"}, "password", "28000"),
        ({"user": "postgres"}, "no-principal", "28000"),
    ],
)
def test_who_may_not_enter_is_counted_by_what_kept_them_out(service, parameters, reason, sqlstate):
    with RawClient(HOST, service.site.port) as raw, counted(service, reason):
        raw.send(hello(**{"user": "desk", "database": "agency", **parameters}))
        assert raw.until("never")[-1].fields["C"] == sqlstate


def test_a_wrong_password_is_the_databases_to_say_and_ours_to_count(service):
    with pytest.raises(psycopg.OperationalError), counted(service, "password"):
        psycopg.connect(service.site.conninfo(MD5_USER), password="wrong")


def test_a_flood_of_strangers_takes_no_memory_and_is_a_handful_of_entries(service):
    process = psutil.Process(service.process.pid)
    before = process.memory_info().rss
    with counted(service, "protocol", 300):
        for _ in range(300):
            with RawClient(HOST, service.site.port) as raw:
                raw.send(b"\xff" * 4_096)
                raw.until("never")
    with counted(service, "protocol"), RawClient(HOST, service.site.port) as raw:
        with contextlib.suppress(OSError):
            for _ in range(1_000):
                raw.send(hello(MD5_USER), message("p", b"x" * MIB))
        raw.until("never")
    assert process.memory_info().rss - before < 30 * MIB


def test_statements_sent_before_the_login_is_over_are_not_run_before_it(service):
    with RawClient(HOST, service.site.port) as raw:
        raw.send(hello(MD5_USER), query("SELECT 'too early'"))
        assert b"too early" not in b"".join(m.body for m in raw.until("never"))


def test_requests_to_cancel_with_keys_of_nobody_cancel_nothing(service, bystander):
    for number in range(200):
        key = os.urandom(8 if number % 2 else 260)
        with socket.create_connection((HOST, service.site.port)) as raw:
            raw.sendall(encode_cancel(key))
            assert raw.recv(1) == b""
    assert bystander.execute("SELECT count(*) > 0 FROM base.case_person").fetchone() == (True,)


def test_an_installation_with_several_workers_shares_the_places(agency: Database, tmp_path: Path):
    site = install(agency, tmp_path)
    site.set("listen", "workers = 2")
    site.set("limits", "connections_max = 6")
    with started(site) as running, ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(site.connect())
        with (
            pytest.raises(psycopg.OperationalError, match="too many clients"),
            counted(running, "too-many-connections"),
        ):
            site.connect()
        running.kill()


def test_a_name_that_is_no_text_is_summed_up_in_a_form_that_can_be_read(service):
    packet = b"user\0\xb7\xff\0database\0nowhere\0\0"
    with RawClient(HOST, service.site.port) as raw, counted(service, "unknown-database"):
        raw.send(struct.pack(">II", 8 + len(packet), 3 << 16) + packet)
        assert raw.until("never")[-1].fields["C"] == "3D000"
