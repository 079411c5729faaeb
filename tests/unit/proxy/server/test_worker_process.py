"""A worker as the service sees it: something to ask, that is told to stop, and that may die."""

import os
import signal

import psutil
import pytest

from proxy.server.channel import NoAnswer
from proxy.server.neighbours import shared_places
from proxy.server.worker_process import start_worker

SOON_S = 30.0


async def nothing(*_):
    return ""


@pytest.fixture
async def worker():
    places = shared_places(2)
    started = await start_worker(1, 2, places, nothing)
    os.close(places)
    yield started
    await started.kill()


async def test_it_is_a_process_of_its_own_and_stops_when_told_to(worker):
    assert psutil.Process(worker.process_id).ppid() == os.getpid()
    await worker.stop(0.0, SOON_S)
    assert await worker.exited == 0


async def test_one_that_hangs_is_not_waited_for(worker):
    os.kill(worker.process_id, signal.SIGSTOP)
    await worker.stop(0.0, 0.2)
    assert await worker.exited == -signal.SIGKILL


async def test_one_that_died_answers_nothing(worker):
    os.kill(worker.process_id, signal.SIGKILL)
    assert await worker.exited == -signal.SIGKILL
    with pytest.raises(NoAnswer):
        await worker.channel.ask("health", seconds_max=SOON_S)


async def test_the_signal_to_reload_is_for_the_service_alone(worker):
    for _ in range(2):
        with pytest.raises(NoAnswer, match="is not asked that"):
            await worker.channel.ask("dance", seconds_max=SOON_S)
        os.kill(worker.process_id, signal.SIGHUP)
