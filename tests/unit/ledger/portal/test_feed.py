"""Keeping up with logs."""

import asyncio
import time

from ledger.portal.feed import Feed
from ledger.portal.index.index import Index
from ledger.portal.logs import Trouble, source_of
from tests.unit.ledger.portal.house import court
from tests.unit.ledger.small_log import notary_keys


async def test_it_follows_each_log_says_what_is_wrong_and_wakes_who_waits(tmp_path):
    log, source = court(tmp_path / "court")
    key = str(notary_keys(b"x" * 32).log.verifier)
    gone = source_of("police", str(tmp_path / "nowhere"), [key])
    index = Index.open(tmp_path / "index", ["court", "police"])
    feed = Feed(index, {"court": source, "police": gone}, seconds=0.01)
    running = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(60):
            while feed.looked != {"court", "police"}:
                await asyncio.sleep(0.01)
            assert feed.trouble("court") is None
            assert feed.trouble("police") is Trouble.NOT_THERE
            waiting = asyncio.create_task(feed.news(600))
            await asyncio.sleep(0)
            await asyncio.to_thread(log.append, 1)
            await waiting
            while {each.log: each.size for each in index.states()}.get("court") != 7:
                await feed.news(1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        index.close()
        log.close()


async def test_who_waits_for_nothing_is_woken_all_the_same(tmp_path):
    feed = Feed(Index.open(tmp_path / "index", []), {})
    await feed.news(0.01)


async def test_a_long_reading_is_shown_and_ends_with_the_portal(tmp_path):
    class Endless:
        """An index that reads without end, and says how far it is."""

        def __init__(self):
            self.ended = False

        def refresh(self, source, progress):
            try:
                while True:
                    progress(1, 10)
                    time.sleep(0.001)
            finally:
                self.ended = True

    log, source = court(tmp_path / "court")
    index = Endless()
    feed = Feed(index, {"court": source})
    running = asyncio.create_task(feed.run())
    async with asyncio.timeout(30):
        while feed.progress("court") is None:
            await asyncio.sleep(0.001)
        assert feed.progress("court") == (1, 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert index.ended
    log.close()
