"""A ledger that hangs is noticed."""

import asyncio

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
    assert ledger.asked == [0.1] * 3
    assert "stalled" in caplog.text


async def test_it_goes_on_as_long_as_nothing_has():
    ledger = Hanging()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_stalled(ledger, 10.0), 0.05)
