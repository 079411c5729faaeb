"""A service with a desk: what was granted is in force again after a restart, or a crash."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from proxy.errors import ConfigurationError
from proxy.server.service import Service
from proxy.settings.desk import Desk
from tests.unit.proxy.desk.counter import AGENCY, APPROVER, CHECK, CLERK
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, POLICY, TABLES, make_settings
from tests.world import HOST, free_port

APPLICATION = replace(CHECK, principal="office", valid_days=2)


@pytest.fixture
def database(postgres):
    made = postgres.create_database()
    made.run(TABLES)
    yield made
    postgres.drop_database(made)


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def settings(tmp_path, database, request):
    made = make_settings(tmp_path, database, free_port())
    desk = Desk(agency=AGENCY, directory=tmp_path / "desk")
    listen = made.listen.model_copy(update={"workers": request.param})
    return made.model_copy(update={"desk": desk, "listen": listen})


@asynccontextmanager
async def run(settings):
    service = Service(settings, NOTARY_ARGUMENTS)
    task = asyncio.create_task(service.run())
    serving = asyncio.create_task(service.serving.wait())
    await asyncio.wait((task, serving), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    yield service, task
    service.stop()
    await task
    serving.cancel()


def in_force(service):
    return {each.number for each in service.desk.permits()}


@pytest.mark.requirement("D8", "D9")
async def test_a_granted_permit_is_in_force_again_after_a_restart(settings):
    async with run(settings) as (service, _):
        kept, gone = [(await service.desk.apply(CLERK, APPLICATION)).number for _ in range(2)]
        for number in (kept, gone):
            await service.desk.grant(APPROVER, number)
        await service.desk.revoke(APPROVER, gone, "supervision")
        assert in_force(service) == {kept}
    async with run(settings) as (service, _):
        assert in_force(service) == {kept}
        assert service.metrics.registry.get_sample_value("fengcun_permits_in_force") == 1
        # The policy is read again, and the principal is a platform in it.
        policy = settings.policy.file
        policy.write_text(POLICY.replace('"unit"', '"platform"'), encoding="utf-8")
        assert await service.reload()
        assert in_force(service) == set()
        assert service.metrics.registry.get_sample_value("fengcun_permits_in_force") == 0


async def test_after_the_notary_was_killed_the_ledger_says_what_was_granted(settings):
    async with run(settings) as (service, task):
        number = (await service.desk.apply(CLERK, APPLICATION)).number
        await service.desk.grant(APPROVER, number)
        os.kill(service.notary_process_id, signal.SIGKILL)
        assert await task == 3
    async with run(settings) as (service, _):
        assert in_force(service) == {number}


async def test_a_ledger_that_is_not_what_was_signed_is_not_served_with(settings, database, caplog):
    async with run(settings) as (service, _):
        await service.desk.apply(CLERK, APPLICATION)
        # The notary looks at the last bundle itself: it is an older one that is changed.
        conninfo = psycopg.conninfo.make_conninfo(
            host=HOST, port=service.port, user="postgres", dbname=database.name
        )
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as session:
            for _ in range(300):
                await session.execute("SELECT 1")
    settings.desk.directory.joinpath("ledger-read.json").unlink()
    (older,) = settings.ledger.directory.glob("tile/entries/000")
    data = older.read_bytes()
    assert b'"kind":"permit"' in data
    older.write_bytes(data.replace(b'"kind":"permit"', b'"kind":"policy"'))
    service = Service(settings, NOTARY_ARGUMENTS)
    assert await asyncio.wait_for(service.run(), 60) == 3
    assert "what permits there are cannot be known" in caplog.text


async def test_a_desk_whose_directory_others_may_read_does_not_start(settings):
    settings.desk.directory.mkdir()
    settings.desk.directory.chmod(0o755)
    with pytest.raises(ConfigurationError, match="0700"):
        await Service(settings, NOTARY_ARGUMENTS).run()
