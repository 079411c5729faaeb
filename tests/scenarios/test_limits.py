"""How many, how long and how slow: limits on whoever is served already, at their edges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from proxy.policy.wording import in_chinese
from proxy.server.patience import Patience
from proxy.server.worker import WorkerLimits
from proxy.session.refusals import IDLE_IN_TRANSACTION, IDLE_SESSION, PRINCIPAL_IS_FULL
from tests.drivers.harness import RunningProxy, outcomes
from tests.drivers.raw import RawClient, bind, execute, message, parse, query, tags
from tests.scenarios.service import Service, install, started
from tests.scenarios.workers import metric, until
from tests.world import HOST, Database, PostgresWorld

pytestmark = pytest.mark.database

SOON = 0.4
APPLIED = 'fengcun_policy_reloads_total{result="applied"}'
LARGE = query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)")
LIMITED = """
[[principal]]
name = "dba"
kind = "administrator"
match = {{ user = "postgres" }}
limits = {{ connections_max = {} }}
"""


@pytest.fixture
def database(postgres: PostgresWorld) -> Database:
    return postgres.database()


def patient(database: Database, **seconds: float) -> RunningProxy:
    return RunningProxy(database, WorkerLimits(patience=Patience(**seconds)))


def is_there(database: Database, process_id: int) -> bool:
    return bool(database.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {process_id}"))


def backend(raw: RawClient) -> int:
    raw.send(query("SELECT pg_backend_pid()"))
    return int(raw.until("Z")[1].body[6:])


def test_a_session_that_does_nothing_ends_as_the_server_would_end_it(database):
    with patient(database, idle_seconds=SOON) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        process_id, since = backend(raw), time.monotonic()
        (error,) = raw.until("never")
        assert time.monotonic() - since >= SOON
        assert (error.fields["S"], error.fields["C"]) == ("FATAL", "57P05")
        assert error.fields["D"] == in_chinese(IDLE_SESSION.rule)
        assert [h["rule"] for h in proxy.notary.headers("decision")][-1] == IDLE_SESSION.rule
        until(lambda: not is_there(database, process_id))


@pytest.mark.parametrize(
    "said",
    [
        (query("BEGIN"),),
        (query("BEGIN; SELECT 1/0"),),
        (parse("SELECT 1"), bind(), execute(), message("H")),
    ],
    ids=["begun", "failed", "not-synced"],
)
def test_a_transaction_that_is_left_open_is_rolled_back(database, said):
    with (
        patient(database, in_transaction_seconds=SOON) as proxy,
        RawClient(HOST, proxy.port) as raw,
        RawClient(HOST, proxy.port) as between,
    ):
        between.start(user="postgres")
        raw.start(user="postgres")
        process_id = backend(raw)
        raw.send(*said)
        error = raw.until("never")[-1]
        assert error.fields["C"] == "25P03"
        assert error.fields["D"] == in_chinese(IDLE_IN_TRANSACTION.rule)
        until(lambda: not is_there(database, process_id))
        between.send(query("SELECT 1"))
        assert tags(between.until("Z")) == "TDCZ"


def test_who_waits_for_an_answer_is_not_idle(database):
    limits = {"idle_seconds": SOON, "in_transaction_seconds": SOON, "slow_seconds": SOON}
    with patient(database, **limits) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        raw.send(query("SELECT pg_sleep(1.5)"))
        assert tags(raw.until("Z")) == "TDCZ"


def test_half_a_message_keeps_no_session_open(database):
    with patient(database, idle_seconds=SOON) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        raw.send(query("SELECT 1")[:8])
        (error,) = raw.until("never")
        assert error.fields["C"] == "57P05"


def test_a_client_that_takes_nothing_loses_its_session_and_the_server_its_transaction(database):
    with patient(database, slow_seconds=SOON) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        process_id = backend(raw)
        raw.send(query("BEGIN"), LARGE)
        until(lambda: not is_there(database, process_id))
        until(lambda: proxy.call(lambda: proxy.worker.connections_count) == 0)
        assert outcomes(proxy)[-1]["cut"] is True
        assert "slow-client" in [h["rule"] for h in proxy.notary.headers("decision")]


def test_a_client_that_takes_its_time_gets_everything(database):
    with patient(database, slow_seconds=SOON) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.start(user="postgres")
        raw.send(LARGE)
        until_at = time.monotonic() + 4 * SOON
        received = 0
        while time.monotonic() < until_at:
            received += len(raw.socket.recv(1 << 21))
            time.sleep(SOON / 8)
        while not raw.socket.recv(1 << 20).endswith(b"Z\0\0\0\5I"):
            pass


@pytest.mark.parametrize(
    ("setting", "then", "sqlstate"),
    [
        ("SET idle_session_timeout = '200ms'", None, "57P05"),
        ("SET idle_in_transaction_session_timeout = '200ms'; BEGIN", None, "25P03"),
        ("SET statement_timeout = '200ms'", "SELECT pg_sleep(60)", "57014"),
        ("SET lock_timeout = '200ms'", "LOCK TABLE waited_for", "55P03"),
    ],
)
def test_what_the_server_ends_by_its_own_settings_is_told_in_its_own_words(
    database, setting, then, sqlstate
):
    database.run("CREATE TABLE IF NOT EXISTS waited_for (a int)")
    with (
        RunningProxy(database) as proxy,
        RawClient(HOST, proxy.port) as raw,
        database.connect() as other,
        other.transaction(),
    ):
        other.execute("LOCK TABLE waited_for")
        raw.start(user="postgres")
        raw.send(query(setting))
        raw.until("Z")
        if then is not None:
            raw.send(query("BEGIN"), query(then))
        error = next(m for m in iter(raw.receive, None) if m.tag == "E")
        assert error.fields["C"] == sqlstate
        assert "R" in error.fields  # the server's, with where in its sources it comes from


def test_a_timeout_of_the_role_reaches_the_client_while_its_answer_is_held(database):
    database.run("DROP ROLE IF EXISTS hasty")
    database.run("CREATE ROLE hasty LOGIN; ALTER ROLE hasty SET idle_session_timeout = '300ms'")
    with RunningProxy(database) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.start(user="hasty", database="postgres")
        proxy.call(lambda: setattr(proxy.notary, "open", False))
        raw.send(query("SELECT 1"))
        until(lambda: not database.run("SELECT 1 FROM pg_stat_activity WHERE usename = 'hasty'"))
        assert raw.silent()
        proxy.call(proxy.notary.release)
        received = raw.until("never")
        assert tags(received) == "TDCZE"
        assert received[-1].fields["C"] == "57P05"


@pytest.fixture(params=[1, 2], ids=["one-worker", "two-workers"])
def limited(request, agency: Database, tmp_path: Path) -> Iterator[Service]:
    site = install(agency, tmp_path)
    site.set("listen", f"workers = {request.param}")
    site.policy.write_text(site.policy.read_text(encoding="utf-8") + LIMITED.format(4))
    with started(site) as service:
        yield service
        assert service.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()


def enter(stack: ExitStack, service: Service, count: int) -> list[psycopg.Connection]:
    connect = service.site.connect
    return [stack.enter_context(connect("postgres")) for _ in range(count)]


def turned_away(service: Service) -> str | None:
    with pytest.raises(psycopg.OperationalError) as refused:
        service.site.connect("postgres")
    return str(refused.value)


def test_a_principal_has_as_many_connections_as_the_policy_says(limited):
    site = limited.site
    with ExitStack() as stack:
        first, *_ = enter(stack, limited, 4)
        said = turned_away(limited)
        assert PRINCIPAL_IS_FULL.reason in said
        assert in_chinese(PRINCIPAL_IS_FULL.rule) in said
        stack.enter_context(site.connect("desk"))  # nobody else is affected
        refused = 'fengcun_connections_not_let_in_total{reason="principal-connections"}'
        until(lambda: metric(site, refused) == 1)
        headers = [entry["header"] for entry in site.entries("decision")]
        (header,) = [each for each in headers if each["rule"] == PRINCIPAL_IS_FULL.rule]
        assert (header["verdict"], header["principal"]) == ("refuse", "dba")

        first.close()
        until(lambda: _enters(stack, limited))
        turned_away(limited)

        text = site.policy.read_text(encoding="utf-8").replace("connections_max = 4", "{}")
        for count, more in ((6, 2), (2, 0)):
            site.policy.write_text(text.replace("{}", f"connections_max = {count}"))
            limited.process.send_signal(1)
            until(lambda done=1 + (count == 2): metric(site, APPLIED) == done)
            entered = enter(stack, limited, more)
            turned_away(limited)
            assert all(c.execute("SELECT 1").fetchone() == (1,) for c in entered)


def _enters(stack: ExitStack, service: Service) -> bool:
    try:
        enter(stack, service, 1)
    except psycopg.OperationalError:
        return False
    return True


def test_the_limits_of_the_configuration_are_those_that_count(agency: Database, tmp_path: Path):
    site = install(agency, tmp_path)
    for name, value in (
        ("idle_timeout_ms", 4_000),
        ("idle_in_transaction_timeout_ms", 400),
        ("slow_client_timeout_ms", 400),
    ):
        site.set("limits", f"{name} = {value}")
    with started(site) as service, ExitStack() as stack:
        idle, waiting, slow = (stack.enter_context(RawClient(HOST, site.port)) for _ in range(3))
        for raw in (idle, waiting, slow):
            raw.start(user="desk", database=agency.name)
        waiting.send(query("BEGIN"))
        slow.send(query("SELECT repeat('x', 1000000) FROM generate_series(1, 100)"))
        assert waiting.until("never")[-1].fields["C"] == "25P03"
        assert idle.until("never")[-1].fields["C"] == "57P05"
        served = 'fengcun_connections{state="served"}'
        until(lambda: metric(site, served) == 0)
        rules = [entry["header"]["rule"] for entry in site.entries("decision")]
        assert {"idle-session", "idle-in-transaction", "slow-client"} <= set(rules)
        assert service.stop() == 0
    site.verify()
