"""A policy takes effect in two steps; what was prepared and is not wanted leaves nothing behind."""

import asyncio
import socket
from contextlib import asynccontextmanager

import psycopg
import pytest

from ledger.pseudonyms import Pseudonyms
from proxy.errors import ConfigurationError
from proxy.record.recorder import Recorder
from proxy.server.station import Station
from proxy.settings.law import law_of
from proxy.settings.problems import ConfigurationProblems, parse_document
from proxy.telemetry.metrics import Metrics
from tests.drivers.harness import HeldNotary
from tests.unit.proxy.server.site import POLICY, TABLES, make_settings
from tests.world import HOST

NOTHING = POLICY.replace("self.open", "false")


@pytest.fixture
def database(postgres):
    made = postgres.create_database()
    made.run(TABLES)
    yield made
    postgres.drop_database(made)


@pytest.fixture
def settings(tmp_path, database):
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    return make_settings(tmp_path, database, port)


@asynccontextmanager
async def closed_in_the_end(settings):
    recorder = Recorder(HeldNotary(), Pseudonyms(b"k" * 32))
    station = Station(settings, recorder, Metrics())
    yield station
    await station.close(0.0)


@pytest.fixture
async def station(settings):
    async with closed_in_the_end(settings) as made:
        yield made


async def prepare(station, policy=POLICY, known=None):
    document = parse_document(station.settings.policy.file, policy.encode())
    return await station.prepare(document, law_of(document), known)


async def visible(station, database):
    conninfo = psycopg.conninfo.make_conninfo(
        host=HOST, port=station.settings.listen.port, user="postgres", dbname=database.name
    )
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        return len(await (await connection.execute("SELECT * FROM sealed")).fetchall())


async def test_nobody_can_connect_before_the_first_commit(station, database):
    await prepare(station)
    assert not (await station.health()).ready
    with pytest.raises(psycopg.OperationalError):
        await visible(station, database)
    assert await station.commit() == station.settings.listen.port
    assert await visible(station, database) == 5
    assert (await station.health()).ready


async def test_what_is_prepared_changes_nothing_until_it_is_committed(station, database):
    await prepare(station)
    await station.commit()
    await prepare(station, NOTHING)
    assert await visible(station, database) == 5
    await station.commit()
    assert await visible(station, database) == 0


async def test_what_is_abandoned_never_takes_effect(station, database):
    await prepare(station)
    await station.commit()
    await prepare(station, NOTHING)
    station.abandon()
    station.abandon()
    assert await visible(station, database) == 5
    await asyncio.wait_for(station.look_again(), 10)


async def test_a_policy_that_does_not_fit_is_a_mistake_and_leaves_the_turn_to_others(station):
    with pytest.raises(ConfigurationProblems):
        await prepare(station, POLICY.replace("public.sealed", "public.sealled"))
    await asyncio.wait_for(prepare(station), 10)
    station.abandon()


async def test_a_policy_in_force_elsewhere_that_no_longer_fits_is_doubted(settings, database):
    async with closed_in_the_end(settings) as before:
        known = await prepare(before)
        before.abandon()
    database.run("ALTER TABLE sealed RENAME TO kept; CREATE TABLE sealed (LIKE kept)")
    async with closed_in_the_end(settings) as station:
        await prepare(station, known=known)
        await station.commit()
        assert not (await station.health()).policy
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await visible(station, database)


async def test_an_address_that_cannot_be_listened_on_is_named(settings, database):
    with socket.socket() as taken:
        taken.bind((HOST, settings.listen.port))
        taken.listen()
        async with closed_in_the_end(settings) as station:
            await prepare(station)
            with pytest.raises(ConfigurationError, match="cannot be listened on"):
                await station.commit()
