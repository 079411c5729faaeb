"""Several workers on one port look like one service: to clients, to who changes the policy or the
schema, to who watches, and to who stops it."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import errors

from proxy.wire.postgres.startup import encode_cancel
from tests.conftest import AGENCY
from tests.drivers.raw import RawClient, query
from tests.scenarios.service import Service, Site
from tests.scenarios.workers import (
    DONE_AFTER_MAX_S,
    WORKERS,
    client_of,
    health,
    metric,
    raw_to,
    serving,
    until,
)
from tests.world import HOST, Database, PostgresWorld

pytestmark = pytest.mark.database

APPLIED = 'fengcun_policy_reloads_total{result="applied"}'
WAITING = "SELECT role FROM base.case_person"
# Who can log in under this policy and not under the shipped one.
NEWCOMER = "postgres"
ADDED = f"""
[[principal]]
name = "dba"
kind = "administrator"
match = {{ user = "{NEWCOMER}" }}
"""


@pytest.fixture(scope="module")
def shared(agency: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For tests that leave it as it was."""
    with serving(agency, tmp_path_factory.mktemp("workers")) as service:
        yield service


@pytest.fixture
def service(agency: Database, tmp_path: Path) -> Iterator[Service]:
    with serving(agency, tmp_path) as running:
        yield running


@contextmanager
def statement_that_waits(raw: RawClient, database: Database) -> Iterator[None]:
    """The client has asked for what somebody else has locked."""
    with database.connect() as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE base.case_person")
        raw.send(query(WAITING))
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: bool(database.run(waits)))
        yield
        other.rollback()


def is_let_in(site: Site) -> bool:
    try:
        site.connect(NEWCOMER).close()
    except psycopg.OperationalError:
        return False
    return True


def reload(service: Service, result: str) -> None:
    before = metric(service.site, f'fengcun_policy_reloads_total{{result="{result}"}}')
    service.process.send_signal(signal.SIGHUP)
    until(
        lambda: metric(service.site, f'fengcun_policy_reloads_total{{result="{result}"}}') > before
    )


def test_every_worker_serves_and_each_session_is_a_session_of_its_own(shared: Service):
    with ExitStack() as stack:
        for worker in shared.workers:
            assert client_of(stack, shared, worker.pid).execute("SELECT 1").fetchone() == (1,)
    sessions = [entry["header"]["session"] for entry in shared.site.entries("decision")]
    assert len(sessions) == len(set(sessions)) >= WORKERS


@pytest.mark.parametrize("same", [True, False], ids=["its own worker", "another worker"])
def test_a_cancel_request_may_come_to_any_worker(shared: Service, same: bool):
    first, second = shared.workers
    with ExitStack() as stack:
        raw = raw_to(stack, shared, first.pid)
        (key,) = [m.body for m in raw.start(user="desk", database="agency") if m.tag == "K"]
        stack.enter_context(statement_that_waits(raw, shared.site.database))
        canceller = raw_to(stack, shared, first.pid if same else second.pid)
        canceller.send(encode_cancel(key))
        assert canceller.receive() is None
        assert [m.fields["C"] for m in raw.until("Z") if m.tag == "E"] == ["57014"]


def test_a_forged_key_reaches_nobody(shared: Service):
    first, second = shared.workers
    with ExitStack() as stack:
        raw = raw_to(stack, shared, first.pid)
        (key,) = [m.body for m in raw.start(user="desk", database="agency") if m.tag == "K"]
        stack.enter_context(statement_that_waits(raw, shared.site.database))
        changed = (bytes((byte ^ 1,)) for byte in key)
        for wrong in [
            *(key[:place] + byte + key[place + 1 :] for place, byte in enumerate(changed)),
            key[:4] + bytes(4),
            key + b"\0",
        ]:
            for worker in (first, second):
                canceller = raw_to(stack, shared, worker.pid)
                canceller.send(encode_cancel(wrong))
                assert canceller.receive() is None
        assert raw.silent()
        raw_to(stack, shared, second.pid).send(encode_cancel(key))
        assert [m.fields["C"] for m in raw.until("Z") if m.tag == "E"] == ["57014"]


def test_one_page_shows_what_all_workers_count(shared: Service):
    site = shared.site
    counted = "fengcun_decisions_total"
    before = metric(site, counted)
    with ExitStack() as stack:
        for worker in shared.workers:
            client_of(stack, shared, worker.pid).execute("SELECT 1")
        open_count = metric(site, 'fengcun_connections{state="served"}')
        assert open_count >= WORKERS
    assert metric(site, counted) == before + WORKERS
    until(lambda: metric(site, 'fengcun_connections{state="served"}') == 0)
    assert time.time() - metric(site, "fengcun_catalogue_loaded_timestamp_seconds") < 60


@pytest.mark.requirement("G3")
def test_a_policy_is_in_force_in_all_workers_and_is_recorded_once_and_first(service: Service):
    site = service.site
    assert not is_let_in(site)
    site.policy.write_text(site.policy.read_text("utf-8") + ADDED, "utf-8")
    reload(service, "applied")
    with ExitStack() as stack:
        for worker in service.workers:
            raw = raw_to(stack, service, worker.pid)
            assert raw.start(user=NEWCOMER, database="agency")[-1].tag == "Z"
            raw.send(query("SELECT 1"))
            raw.until("Z")
    assert service.stop() == 0
    *_, old, new = site.entries("policy")
    assert len(site.entries("policy")) == 2
    for entry in site.entries("decision"):
        digest = entry["header"]["policy"]
        assert entry["index"] > (new if digest == new["header"]["policy"] else old)["index"]
    newcomers = [e for e in site.entries("decision") if e["header"]["principal"] == "dba"]
    assert {e["header"]["policy"] for e in newcomers} == {new["header"]["policy"]}


def test_a_policy_with_a_mistake_changes_no_worker(service: Service):
    site = service.site
    wrong = (
        ADDED + '\n[relation."base.nowhere"]\narticle = "实施办法第4条"\nvisible_when = "false"\n'
    )
    site.policy.write_text(site.policy.read_text("utf-8") + wrong, "utf-8")
    reload(service, "rejected")
    assert not any(is_let_in(site) for _ in range(4 * WORKERS))
    assert len(site.entries("policy")) == 1
    assert health(site)[0] == 200


def test_a_worker_that_dies_is_replaced_by_one_that_judges_by_the_policy_in_force(
    service: Service,
):
    site = service.site
    first, second = service.workers
    with ExitStack() as stack:
        client_of(stack, service, first.pid)
        other = client_of(stack, service, second.pid)
        # Not in force: nobody has asked for it.
        site.policy.write_text(site.policy.read_text("utf-8") + ADDED, "utf-8")
        first.kill()
        assert other.execute("SELECT 1").fetchone() == (1,)
        psutil.wait_procs([first], DONE_AFTER_MAX_S)
        site.connect().close()
        until(lambda: health(site)[0] == 200 and len(service.workers) == WORKERS)
        (replacement,) = [worker for worker in service.workers if worker.pid != second.pid]
        raw = raw_to(stack, service, replacement.pid)
        assert raw.start(user=NEWCOMER, database="agency")[-1].fields["C"] == "28000"
        client_of(stack, service, replacement.pid)
    until(lambda: metric(site, 'fengcun_connections{state="served"}') == 0)
    assert len(site.entries("policy")) == 1
    assert "another takes its place" in site.errors.read_text("utf-8")


def test_a_worker_that_hangs_is_told_by_the_health(service: Service):
    first, _ = service.workers
    first.suspend()
    until(lambda: health(service.site)[0] == 503)
    assert json.loads(health(service.site)[1])["ready"] is False
    first.resume()
    until(lambda: health(service.site)[0] == 200)


def test_a_replacement_does_not_end_a_doubt(postgres: PostgresWorld, tmp_path: Path):
    """The policy fits by name what has taken the place of a protected relation, and a worker that
    knew nothing of before would serve the sealed rows under their new name."""
    database = postgres.create_database(AGENCY)
    with serving(database, tmp_path, upstream="catalogue_refresh_ms = 500") as service:
        database.run(
            "ALTER TABLE base.sentence RENAME TO kept;"
            "CREATE TABLE base.sentence (LIKE base.kept); GRANT SELECT ON base.kept TO desk"
        )
        until(lambda: json.loads(health(service.site)[1] or "{}").get("policy") is False)
        old = {worker.pid for worker in service.workers}
        for worker in service.workers:
            worker.kill()
        until(
            lambda: len(service.workers) == WORKERS and not old & {w.pid for w in service.workers}
        )
        until(lambda: json.loads(health(service.site)[1] or "{}").get("ready") is True)
        assert json.loads(health(service.site)[1])["policy"] is False
        for _ in range(2 * WORKERS):
            with service.site.connect() as client, pytest.raises(errors.InsufficientPrivilege):
                client.execute("SELECT * FROM base.kept")
    postgres.drop_database(database)


def test_a_change_through_one_worker_is_known_to_all_at_once(
    postgres: PostgresWorld, tmp_path: Path
):
    database = postgres.create_database(AGENCY)
    with serving(database, tmp_path, upstream="catalogue_refresh_ms = 3600000") as service:
        site = service.site
        site.policy.write_text(site.policy.read_text("utf-8") + ADDED, "utf-8")
        reload(service, "applied")
        with ExitStack() as stack:
            readers = [client_of(stack, service, worker.pid) for worker in service.workers]
            database.run(
                "CREATE VIEW base.plain AS SELECT 'synthetic'::varchar(60) AS name;"
                "GRANT SELECT ON base.plain TO desk"
            )
            for reader in readers:
                assert len(reader.execute("SELECT name FROM base.plain").fetchall()) == 1
            with site.connect(NEWCOMER) as administrator:
                administrator.execute(
                    "CREATE OR REPLACE VIEW base.plain AS SELECT name FROM base.person"
                )
                # It is taken when every worker has looked, and not before.
                administrator.execute("SELECT 1")
            everybody = database.run("SELECT name FROM base.person")
            for reader in readers:
                shown = reader.execute("SELECT name FROM base.plain").fetchall()
                assert 1 < len(shown) < len(everybody)
    postgres.drop_database(database)


def test_the_places_are_those_of_all_workers(agency: Database, tmp_path: Path):
    places = 5
    with (
        serving(agency, tmp_path, limits=f"connections_max = {places}") as service,
        ExitStack() as stack,
    ):
        clients = [stack.enter_context(closing(service.site.connect())) for _ in range(places)]
        for _ in range(2 * WORKERS):
            with pytest.raises(psycopg.OperationalError, match="too many clients"):
                service.site.connect()
        clients[0].close()
        until(lambda: metric(service.site, 'fengcun_connections{state="served"}') == places - 1)
        stack.enter_context(closing(service.site.connect()))


def test_transactions_finish_and_who_is_idle_is_sent_away(service: Service):
    site = service.site
    with ExitStack() as stack:
        pairs = [
            (client_of(stack, service, w.pid), client_of(stack, service, w.pid))
            for w in service.workers
        ]
        for busy, _ in pairs:
            busy.execute("BEGIN")
        service.process.terminate()
        for busy, idle in pairs:
            # What it sees depends on whether it was asking at that moment.
            with pytest.raises(psycopg.OperationalError):
                while True:
                    idle.execute("SELECT 1")
            assert busy.execute("SELECT 1").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            site.connect()
        for busy, _ in pairs:
            busy.execute("COMMIT")
            with pytest.raises(psycopg.OperationalError):
                busy.execute("SELECT 1")
        assert service.process.wait(DONE_AFTER_MAX_S) == 0


def test_a_transaction_that_does_not_finish_is_ended_at_the_deadline(
    agency: Database, tmp_path: Path
):
    with (
        serving(agency, tmp_path, limits="drain_timeout_ms = 1000") as service,
        closing(service.site.connect()) as busy,
    ):
        busy.execute("BEGIN")
        started_at = time.monotonic()
        service.process.terminate()
        with pytest.raises(psycopg.OperationalError):
            while True:
                busy.execute("SELECT 1")
                time.sleep(0.05)
        assert 0.9 < time.monotonic() - started_at < 5
        assert service.process.wait(DONE_AFTER_MAX_S) == 0


def test_requests_without_end_to_cancel_do_not_hold_up_the_others(shared: Service):
    with ExitStack() as stack:
        client = stack.enter_context(closing(shared.site.connect()))

        def flood() -> None:
            for _ in range(200):
                with RawClient(HOST, shared.site.port) as raw:
                    raw.send(encode_cancel(b"\1" + bytes(7)))
                    raw.receive()

        threads = [threading.Thread(target=flood) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert client.execute("SELECT 1").fetchone() == (1,)
        assert health(shared.site)[0] == 200


def test_each_worker_checks_passwords_by_itself(agency: Database, tmp_path: Path) -> None:
    query_of = "SELECT rolpassword FROM pg_authid WHERE rolname = $1"
    login = f'auth = "scram"\nverifier_query = "{query_of}"'
    with serving(agency, tmp_path, login=login) as service, ExitStack() as stack:
        for worker in list(service.workers):
            client = client_of(stack, service, worker.pid)
            assert client.execute("SELECT current_user").fetchone() == ("desk",)
        for _ in range(2 * WORKERS):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(service.site.conninfo() + " password=wrong")
        service.process.send_signal(signal.SIGHUP)
        until(lambda: metric(service.site, APPLIED) >= 1)
        assert service.site.connect().execute("SELECT 1").fetchone() == (1,)
