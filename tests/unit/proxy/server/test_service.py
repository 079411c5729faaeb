"""The service as a whole: real notary, real planner, real database, one process of its own."""

import asyncio
import os
import signal
import socket
from contextlib import asynccontextmanager
from dataclasses import asdict

import aiohttp
import psycopg
import pytest
from psycopg import errors

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.server.service import Service
from proxy.server.station import Station
from proxy.settings.service import Login, Metrics, Tls
from tests.test_deploy import rules_not_understood
from tests.unit.proxy.server.certificate import Authority, make_certificate, subject
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, POLICY, TABLES, make_settings
from tests.world import HOST

SEEN_AFTER_MAX_S = 20


@pytest.fixture
def database(postgres):
    made = postgres.create_database()
    made.run(TABLES)
    yield made
    postgres.drop_database(made)


class Running:
    """A service in the test's loop."""

    def __init__(self, service, task, database):
        self.service, self.task, self.database = service, task, database

    async def connect(self, **more):
        conninfo = psycopg.conninfo.make_conninfo(
            host=HOST, port=self.service.port, user="postgres", dbname=self.database.name, **more
        )
        return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)

    async def ask(self, text, **more):
        async with await self.connect(**more) as connection:
            return await (await connection.execute(text)).fetchall()

    async def change(self, ddl):
        """Change the schema behind the service, and wait until it has seen it."""
        self.service.post.refreshed.clear()
        self.database.run(ddl)
        await asyncio.wait_for(self.service.post.refreshed.wait(), SEEN_AFTER_MAX_S)

    async def unwell(self):
        """The parts that are not well."""
        return [name for name, well in asdict(await self.service.health()).items() if not well]

    def total(self, name, rules=None):
        """A counter over all its labels, or over these rules."""
        return sum(
            sample.value
            for family in self.service.metrics.registry.collect()
            for sample in family.samples
            if sample.name == name and (rules is None or sample.labels["rule"] in rules)
        )

    def not_understood(self):
        """What the alert looks at."""
        return self.total("fengcun_decisions_total", rules_not_understood())

    def unfit(self):
        return self.service.metrics.registry.get_sample_value("fengcun_policy_unfit")


@asynccontextmanager
async def run(settings, database):
    service = Service(settings, NOTARY_ARGUMENTS)
    task = asyncio.create_task(service.run())
    serving = asyncio.create_task(service.serving.wait())
    await asyncio.wait((task, serving), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield Running(service, task, database)
    service.stop()
    await task
    serving.cancel()


@pytest.fixture
def settings(tmp_path, database):
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    return make_settings(tmp_path, database, port)


@pytest.fixture
async def running(settings, database):
    async with run(settings, database) as started:
        yield started


async def test_sealed_rows_are_absent_and_open_ones_are_there(running):
    assert await running.ask("SELECT id FROM sealed ORDER BY id") == [(2,), (4,), (6,), (8,), (10,)]
    assert await running.ask("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("SELEC 1", "not-understood"),
        ("LOCK TABLE sealed", "unsupported-statement"),
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "too-deep"),
    ],
    ids=["syntax", "kind", "depth"],
)
async def test_what_is_not_understood_is_refused_and_moves_its_alert(running, text, rule):
    with pytest.raises(errors.InsufficientPrivilege) as refused:
        await running.ask(text)
    assert refused.value.diag.message_hint == f"rule {rule}"
    assert running.not_understood() == 1


async def test_a_refusal_of_what_is_understood_does_not_count_as_not_understood(running):
    with pytest.raises(errors.InsufficientPrivilege):
        await running.ask("SELECT ctid FROM sealed")
    await running.ask("SELECT 1")
    assert running.not_understood() == 0


async def test_a_broken_protocol_moves_its_alert_before_and_in_a_session(running):
    with socket.create_connection((HOST, running.service.port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        await asyncio.to_thread(stranger.recv, 1)
    assert running.total("fengcun_protocol_violations_total") == 1
    async with await running.connect() as session:
        with socket.socket(fileno=os.dup(session.fileno())) as raw:
            raw.sendall(b"\x00\x00\x00\x00\x04")
        with pytest.raises(errors.OperationalError):
            await session.execute("SELECT 1")
    assert running.total("fengcun_decisions_total", {"protocol-violation"}) == 1


async def test_a_stopped_service_ends_well(running):
    running.service.stop()
    assert await running.task == 0


async def test_without_its_notary_the_service_stops_with_its_own_exit_code(running):
    os.kill(running.service.notary_process_id, signal.SIGKILL)
    assert await running.task == 3


async def test_a_new_policy_takes_effect_for_the_next_statement(running):
    policy = running.service.settings.policy.file
    policy.write_text(POLICY.replace("self.open", "false"), encoding="utf-8")
    assert await running.service.reload()
    assert await running.ask("SELECT id FROM sealed") == []


async def test_a_policy_with_a_mistake_changes_nothing(running):
    policy = running.service.settings.policy.file
    policy.write_text("[relation", encoding="utf-8")
    assert not await running.service.reload()
    assert len(await running.ask("SELECT id FROM sealed")) == 5


@pytest.fixture
def clients(tmp_path):
    return Authority(tmp_path, "clients")


@pytest.fixture
def encrypting(settings, tmp_path, clients):
    """Settings of a service that asks for certificates, and knows the desk by its own."""
    proxy = make_certificate(tmp_path)
    settings.policy.file.write_text(
        POLICY.replace('{ user = "postgres" }', '{ certificate = "CN=desk" }'), encoding="utf-8"
    )
    tls = Tls(
        certificate_file=proxy.certificate_file,
        key_file=proxy.key_file,
        client_certificates="optional",
        client_ca_file=clients.file,
        client_crl_file=clients.revoke(),
    )
    return settings.model_copy(update={"tls": tls})


async def test_who_shows_the_certificate_of_the_policy_is_served(encrypting, database, clients):
    desk, other = (clients.issue(name, subject(CN=name)) for name in ("desk", "other"))
    async with run(encrypting, database) as running:
        verified = {"sslmode": "verify-ca", "sslrootcert": str(encrypting.tls.certificate_file)}
        for shown, enters in ((desk.shown(), True), (other.shown(), False), ({}, False)):
            if enters:
                assert await running.ask("SELECT count(*) FROM sealed", **verified, **shown) == [
                    (5,)
                ]
                continue
            with pytest.raises(psycopg.OperationalError, match="no-principal"):
                await running.connect(**verified, **shown)
        clients.revoke(desk)
        assert await running.service.reload()
        with pytest.raises(psycopg.OperationalError):
            await running.connect(**verified, **desk.shown())
        encrypting.tls.client_crl_file.write_text("no list")
        assert not await running.service.reload()


VERIFIERS = Login(auth="scram", verifier_query="SELECT rolpassword FROM pg_authid WHERE rolname=$1")


async def test_passwords_may_be_checked_by_the_service_itself(settings, database, tmp_path, caplog):
    proxy = make_certificate(tmp_path)
    tls = Tls(certificate_file=proxy.certificate_file, key_file=proxy.key_file)
    bound = {
        "sslmode": "verify-full",
        "sslrootcert": str(tls.certificate_file),
        "channel_binding": "require",
    }
    database.run("ALTER ROLE postgres PASSWORD 'synthetic'")
    async with run(
        settings.model_copy(update={"tls": tls, "login": VERIFIERS}), database
    ) as running:
        for _ in range(2):
            found = await running.ask("SELECT count(*) FROM sealed", password="synthetic", **bound)
            assert found == [(5,)]
            assert await running.service.reload()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await running.connect(password="wrong", **bound)
    (refused,) = [each for each in caplog.records if "could not prove" in each.message]
    assert refused.host == HOST


async def test_a_query_for_verifiers_that_does_not_work_is_not_served_with(settings, database):
    login = Login(auth="scram", verifier_query="SELECT no_such_function($1)")
    with pytest.raises(UpstreamUnavailable, match="verifier_query"):
        async with run(settings.model_copy(update={"login": login}), database):
            pass


async def test_a_policy_that_asks_for_what_no_client_shows_is_not_served(settings, database):
    policy = settings.policy.file
    policy.write_text(POLICY.replace('user = "p', 'certificate = "CN=p'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="client_certificates"):
        async with run(settings, database):
            pass


@pytest.mark.parametrize(
    ("right", "wrong"), [("public.sealed", "public.sealled"), ("self.open", "self.opne")]
)
async def test_a_policy_that_names_what_is_not_there_changes_nothing(running, caplog, right, wrong):
    policy = running.service.settings.policy.file
    policy.write_text(POLICY.replace(right, wrong), encoding="utf-8")
    assert not await running.service.reload()
    assert len(await running.ask("SELECT id FROM sealed")) == 5
    rejected = running.service.metrics.registry.get_sample_value(
        "fengcun_policy_reloads_total", {"result": "rejected"}
    )
    assert rejected == 1
    (record,) = [each for each in caplog.records if "was not reloaded" in each.message]
    assert "policy.toml:" in str(record.exc_info[1])


async def test_a_relation_made_a_moment_ago_is_known(running):
    running.database.run("CREATE TABLE made_now (id int)")
    assert await running.ask("SELECT * FROM made_now") == []


async def test_a_changed_catalogue_is_seen_without_being_asked_for(running):
    running.database.run("CREATE TABLE made_later (id int)")
    await running.service.post.refreshed.wait()
    assert await running.ask("SELECT * FROM made_later") == []


async def test_a_column_that_the_policy_needs_is_gone_and_old_plans_do_not_go_on(running, caplog):
    running.database.run("CREATE TABLE other (id int)")
    async with await running.connect() as session:
        read = "SELECT name FROM sealed WHERE id = %s"
        assert await (await session.execute(read, (1,), prepare=True)).fetchall() == []
        await running.change("ALTER TABLE sealed RENAME open TO shown")
        # The old plan would ask for a column that a new one could be given the name of.
        with pytest.raises(errors.InsufficientPrivilege) as refused:
            await session.execute(read, (1,), prepare=True)
        assert refused.value.diag.message_hint == "rule policy-unfit"
        assert await (await session.execute("SELECT * FROM other")).fetchall() == []
        assert running.unfit() == 1
        assert await running.unwell() == ["policy"]
        assert "no longer fits" in caplog.text
        await running.change("ALTER TABLE sealed RENAME shown TO open")
        assert await (await session.execute(read, (2,), prepare=True)).fetchall() == [
            ("synthetic 2",)
        ]
    assert running.unfit() == 0
    assert await running.unwell() == []


async def test_sealed_rows_under_another_name_stay_sealed(running):
    await running.change("ALTER TABLE sealed RENAME TO kept; CREATE TABLE sealed (LIKE kept)")
    for text in ("SELECT * FROM kept", "SELECT * FROM sealed"):
        with pytest.raises(errors.InsufficientPrivilege):
            await running.ask(text)
    assert await running.ask("SELECT 1") == [(1,)]
    assert running.unfit() == 1


async def test_only_an_administrator_ends_the_doubt_about_a_renamed_relation(running):
    await running.change("ALTER TABLE sealed RENAME TO kept; CREATE TABLE sealed (LIKE kept)")
    await running.change("CREATE TABLE something_else ()")
    with pytest.raises(errors.InsufficientPrivilege):
        await running.ask("SELECT * FROM kept")
    policy = running.service.settings.policy.file
    kept = POLICY.replace("public.sealed", "public.kept")
    policy.write_text(kept, encoding="utf-8")
    assert await running.unwell() == ["policy"]
    assert await running.service.reload()
    assert len(await running.ask("SELECT * FROM kept")) == 5
    assert running.unfit() == 0
    assert await running.unwell() == []


async def test_a_new_column_is_served_like_the_others(running):
    await running.change("ALTER TABLE sealed ADD note text DEFAULT 'new'")
    assert await running.ask("SELECT DISTINCT note, id % 2 FROM sealed") == [("new", 0)]


async def test_a_catalogue_that_nobody_can_read_is_not_judged_by_for_ever(
    settings, database, monkeypatch
):
    monkeypatch.setattr("proxy.server.station._STALE_SECONDS_MIN", 0.0)
    monkeypatch.setattr("proxy.server.station._STALE_INTERVALS", 1)
    database.run("CREATE ROLE reader LOGIN")
    upstream = settings.upstream.model_copy(update={"catalogue_user": "reader"})
    try:
        async with run(settings.model_copy(update={"upstream": upstream}), database) as running:
            assert len(await running.ask("SELECT id FROM sealed")) == 5
            await running.change(
                "ALTER ROLE reader NOLOGIN;"
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"
            )
            with pytest.raises(errors.InsufficientPrivilege, match="too long"):
                await running.ask("SELECT id FROM sealed")
            assert await running.unwell() == ["catalogue", "policy"]
            await running.change("ALTER ROLE reader LOGIN")
            assert len(await running.ask("SELECT id FROM sealed")) == 5
            assert (await running.service.health()).policy
    finally:
        database.run("DROP ROLE reader")


async def test_a_watch_that_has_stopped_looking_is_not_well(settings, database, monkeypatch):
    monkeypatch.setattr("proxy.server.station._STALE_SECONDS_MIN", 0.0)
    monkeypatch.setattr("proxy.server.station._STALE_INTERVALS", 1)
    monkeypatch.setattr(Station, "_watch_catalogues", lambda _: asyncio.sleep(0))
    async with run(settings, database) as running:
        async with asyncio.timeout(SEEN_AFTER_MAX_S):
            while (await running.service.health()).catalogue:
                await asyncio.sleep(0.1)
        assert await running.unwell() == ["catalogue"]


async def test_who_asks_after_its_health_hears_of_a_policy_that_no_longer_fits(settings, database):
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    watched = settings.model_copy(update={"metrics": Metrics(host=HOST, port=port)})
    async with run(watched, database) as running, aiohttp.ClientSession() as client:
        for ddl, status, policy in (
            ("CREATE TABLE something_else ()", 200, True),
            ("ALTER TABLE sealed RENAME open TO shown", 503, False),
            ("ALTER TABLE sealed RENAME shown TO open", 200, True),
        ):
            await running.change(ddl)
            async with client.get(f"http://{HOST}:{port}/healthz") as answer:
                assert answer.status == status
                assert await answer.json() == {
                    "ready": True, "ledger": True, "catalogue": True, "policy": policy,
                    "witness": True,
                }  # fmt: skip


async def test_an_address_in_use_is_a_mistake_in_the_configuration(tmp_path, database):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        settings = make_settings(tmp_path, database, taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match="cannot be listened on"):
            await Service(settings, NOTARY_ARGUMENTS).run()
