"""A worker does what the service asks of it, and ends when there is no service any more."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import pytest

from proxy.errors import RecordUnavailable
from proxy.server.channel import Channel, NoAnswer
from proxy.server.neighbours import Places
from proxy.server.worker_main import WorkerMain
from tests.unit.proxy.server.site import make_settings

SOON_S = 10.0


async def nothing(*_):
    return ""


@asynccontextmanager
async def working():
    """The service's end of the line, and the worker's run."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    run = asyncio.create_task(WorkerMain(0, 1, Places.alone()).run(theirs))
    _, channel = await asyncio.get_running_loop().create_unix_connection(
        lambda: Channel(nothing, line_bytes_max=1 << 20), sock=ours
    )
    yield channel, run
    await channel.close()
    await asyncio.wait_for(run, SOON_S)


async def test_it_ends_when_it_is_told_to():
    async with working() as (channel, run):
        channel.tell("stop", "0.0")
        await asyncio.wait_for(asyncio.shield(run), SOON_S)


async def test_it_ends_when_the_service_is_gone():
    async with working() as (channel, run):
        await channel.close()
        await asyncio.wait_for(asyncio.shield(run), SOON_S)


async def test_it_does_not_guess_what_is_meant():
    async with working() as (channel, _):
        with pytest.raises(NoAnswer):
            await channel.ask("dance", seconds_max=SOON_S)


async def test_without_a_notary_it_says_so(tmp_path, postgres):
    settings = make_settings(tmp_path, postgres.database(), 1)
    body = json.dumps(settings.model_dump(mode="json"))
    async with working() as (channel, _):
        with pytest.raises(RecordUnavailable):
            await channel.ask("begin", body, seconds_max=SOON_S)
