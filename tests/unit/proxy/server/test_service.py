"""The service as a whole: real notary, real planner, real database, one process of its own."""

import asyncio
import os
import signal
import socket

import psycopg
import pytest
from psycopg import errors

from proxy.errors import ConfigurationError
from proxy.server.service import Service
from proxy.settings import load_law
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, POLICY, TABLES, make_settings
from tests.world import HOST


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

    async def ask(self, text, **more):
        conninfo = psycopg.conninfo.make_conninfo(
            host=HOST, port=self.service.port, user="postgres", dbname=self.database.name, **more
        )
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return await (await connection.execute(text)).fetchall()


@pytest.fixture
async def running(tmp_path, database):
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    service = Service(make_settings(tmp_path, database, port), load_law, NOTARY_ARGUMENTS)
    task = asyncio.create_task(service.run())
    serving = asyncio.create_task(service.serving.wait())
    await asyncio.wait((task, serving), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield Running(service, task, database)
    service.stop()
    await task
    serving.cancel()


async def test_sealed_rows_are_absent_and_open_ones_are_there(running):
    assert await running.ask("SELECT id FROM sealed ORDER BY id") == [(2,), (4,), (6,), (8,), (10,)]
    assert await running.ask("SELECT 1") == [(1,)]


async def test_a_statement_that_is_not_understood_is_refused(running):
    with pytest.raises(errors.InsufficientPrivilege):
        await running.ask("COPY sealed TO STDOUT")


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
    await running.service.refreshed.wait()
    assert await running.ask("SELECT * FROM made_later") == []


async def test_an_address_in_use_is_a_mistake_in_the_configuration(tmp_path, database):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        settings = make_settings(tmp_path, database, taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match="cannot be listened on"):
            await Service(settings, load_law, NOTARY_ARGUMENTS).run()
