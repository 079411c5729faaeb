"""The courier is started, watched, replaced; on a fork, and only then, it takes the rest along."""

import asyncio
import os
import shutil
import signal

import pytest
from aiohttp import web

from ledger.head import default_head
from proxy.server import courier_process
from proxy.server.courier_process import Courier
from proxy.server.guard_process import ask_witness
from proxy.server.notary_process import start_notary
from proxy.telemetry.labels import WitnessFailure
from proxy.telemetry.metrics import Metrics
from tests.unit.ledger.watched_log import answering, saying
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, make_ledger
from tests.unit.proxy.server.witnessed_site import Supervised

WITHIN_MAX_S = 60.0


@pytest.fixture
def site(tmp_path):
    return Supervised(tmp_path)


class Going:
    """A courier and what it moves."""

    def __init__(self, site):
        self.metrics, self.contradicted = Metrics(), asyncio.Event()
        self.courier = Courier(site.ledger, self.metrics, self.contradicted.set)

    def failures(self, failure):
        labels = {"kind": failure.value}
        return self.metrics.registry.get_sample_value("fengcun_witness_failures_total", labels)

    def cosigned(self):
        return self.metrics.registry.get_sample_value("fengcun_witness_cosigned_entries")

    async def until(self, what):
        async with asyncio.timeout(WITHIN_MAX_S):
            while not what():
                await asyncio.sleep(0.02)


async def grow(site):
    """The log gets a boot and a stop, and what they need."""
    async with ask_witness(site.ledger) as heard:
        notary = await start_notary(site.ledger, *heard, *NOTARY_ARGUMENTS)
    await notary.stop()
    assert await notary.exited == 0


async def test_what_is_cosigned_moves_the_metrics_and_the_last_is_taken_along(site):
    async with site.answered():
        going = Going(site)
        going.courier.start()
        await going.until(lambda: going.cosigned() == 1)
        await grow(site)
        await going.courier.stop()
        kept = next((site.ledger.directory / "cosigned").iterdir()).read_bytes()
        assert kept.split(b"\n")[1] == (site.ledger.directory / "checkpoint").read_bytes().split(
            b"\n")[1]  # fmt: skip
        assert going.courier.is_well


async def test_one_that_dies_is_replaced(site):
    async with site.answered():
        going = Going(site)
        going.courier.start()
        await going.until(going.cosigned)
        first = going.courier.process_id
        os.kill(first, signal.SIGKILL)
        await going.until(lambda: going.failures(WitnessFailure.CRASHED))
        await grow(site)
        await going.until(lambda: going.cosigned() > 1)
        assert going.courier.process_id != first
        assert not going.contradicted.is_set()
        await going.courier.stop()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (saying(500), WitnessFailure.REFUSED),
        (saying(404), WitnessFailure.UNKNOWN_LOG),
        (saying(422), WitnessFailure.UNPROVEN),
        (saying(200, b"garbage\n"), WitnessFailure.NONSENSE),
        (None, WitnessFailure.UNREACHABLE),
    ],
    ids=lambda value: getattr(value, "value", ""),
)
async def test_a_witness_that_is_not_heard_is_counted_and_said_once(
    site, caplog, monkeypatch, answer, failure
):
    async with site.answered(answering(answer or saying(404))):
        if answer is None:
            site.say(url="http://127.0.0.1:1")
        going = Going(site)
        going.courier.start()
        await going.until(lambda: going.failures(failure) >= 3)
        assert caplog.text.count("the witness does not cosign") == 1
        assert not going.contradicted.is_set()
        assert going.courier.is_well
        monkeypatch.setattr(courier_process, "_SILENT_SECONDS_MAX", -1.0)
        assert not going.courier.is_well
        await going.courier.stop()


async def test_it_says_when_the_witness_is_back(site, caplog):
    caplog.set_level("INFO")
    down = True

    @web.middleware
    async def at_times(request, handler):
        return web.Response(status=503) if down else await handler(request)

    async with site.answered(before=(at_times,)):
        going = Going(site)
        going.courier.start()
        await going.until(lambda: going.failures(WitnessFailure.REFUSED) >= 2)
        down = False
        await going.until(going.cosigned)
        await going.courier.stop()
    assert caplog.text.count("does not cosign") == caplog.text.count("cosigns again") == 1


async def test_another_history_that_is_shown_is_told_once_and_for_all(site, tmp_path):
    async with site.answered():
        older = shutil.copytree(site.ledger.directory, tmp_path / "older")
        await grow(site)
        going = Going(site)
        going.courier.start()
        await going.until(lambda: going.cosigned() > 1)
        await going.courier.stop()
        shutil.rmtree(site.ledger.directory)
        older.rename(site.ledger.directory)
        default_head(site.ledger.directory).unlink()  # or the notary itself would know better
        # An honest courier has nothing to submit yet: the notary signs another history first.
        notary = await start_notary(site.ledger, *NOTARY_ARGUMENTS)
        await notary.stop()
        going = Going(site)
        going.courier.start()
        await asyncio.wait_for(going.contradicted.wait(), WITHIN_MAX_S)
        await going.courier.stop()


@pytest.mark.parametrize("url", [None, ""])
async def test_where_nobody_is_asked_nobody_goes(tmp_path, url):
    if url is None:
        site = Supervised(tmp_path)
        site.say(url=None)
        ledger = site.ledger
    else:
        ledger = make_ledger(tmp_path)
    courier = Courier(ledger, Metrics(), lambda: None)
    courier.start()
    assert courier.process_id is None
    assert courier.is_well
    await courier.stop()


def test_every_word_of_the_courier_is_known_here():
    from ledger.witnessed import Failing

    words = {each.value for each in Failing} - {Failing.CLOCK.value}
    assert {each.value for each in WitnessFailure} == words | {WitnessFailure.CRASHED.value}
    for word in words:
        assert courier_process._SAID.fullmatch(f"failed {word}\n".encode())


async def test_it_is_stopped_while_it_waits_to_be_started_again(site, monkeypatch):
    monkeypatch.setattr(courier_process, "_FIRST_PAUSE_SECONDS", 3_600.0)
    async with site.answered():
        going = Going(site)
        going.courier.start()
        await going.until(going.cosigned)
        going.courier._pause_seconds = 3_600.0
        os.kill(going.courier.process_id, signal.SIGKILL)
        await going.until(lambda: going.failures(WitnessFailure.CRASHED))
        await going.courier.stop()
        assert going.courier._watch.done()


async def test_where_no_process_is_to_be_had_it_is_tried_again(site, monkeypatch):
    async def none(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    async with site.answered():
        going = Going(site)
        with monkeypatch.context() as refused:
            refused.setattr(courier_process.asyncio, "create_subprocess_exec", none)
            going.courier.start()
            await going.until(lambda: going.failures(WitnessFailure.CRASHED))
        await going.until(going.cosigned)
        await going.courier.stop()
