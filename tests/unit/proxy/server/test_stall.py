"""A ledger that hangs is noticed."""

import asyncio
import time

import pytest

from proxy.server.stall import until_stalled


class Hanging:
    """Gives up at the third look."""

    def __init__(self):
        self.asked = []

    def give_up_after(self, seconds_max):
        self.asked.append(seconds_max)
        return len(self.asked) == 3


async def test_it_ends_once_something_has_waited_too_long(caplog):
    ledger = Hanging()
    await asyncio.wait_for(until_stalled(ledger, 0.1), 5)
    assert len(ledger.asked) == 3
    assert min(ledger.asked) >= 0.1
    assert "stalled" in caplog.text


async def test_it_goes_on_as_long_as_nothing_has():
    ledger = Hanging()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_stalled(ledger, 10.0), 0.05)


class Waiting:
    """Something was submitted when this was made, and may be answered."""

    def __init__(self):
        self.since = asyncio.get_running_loop().time()
        self.answered = False

    def give_up_after(self, seconds_max):
        waited = asyncio.get_running_loop().time() - self.since
        return not self.answered and waited > seconds_max


def stand_still():
    """What a suspended machine does to the process: neither timers nor sockets are looked at."""
    time.sleep(1.5)


async def test_who_stood_still_reads_the_answer_before_it_calls_the_ledger_stalled():
    ledger = Waiting()
    watching = asyncio.create_task(until_stalled(ledger, 0.5))
    await asyncio.sleep(0.1)
    stand_still()
    # The answer lies in the socket; timers that are due come first.
    await asyncio.sleep(0.1)
    ledger.answered = True
    await asyncio.sleep(1.0)
    assert not watching.done()
    watching.cancel()


async def test_a_ledger_that_hangs_is_noticed_by_who_stood_still_too():
    ledger = Waiting()
    watching = asyncio.create_task(until_stalled(ledger, 0.5))
    await asyncio.sleep(0.1)
    stand_still()
    await asyncio.wait_for(watching, 30)
