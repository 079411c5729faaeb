"""Keeps the index up with the logs, knows which cannot be read, and wakes who follows."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ledger.errors import LedgerError
from ledger.portal.index.model import Refreshed
from ledger.portal.logs import LogUnreadable, Source, Trouble

Progress = Callable[[int, int], object]
REFRESH_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


class _Stopping(Exception):
    """Read no further."""


class Refreshing(Protocol):
    """What is needed of the index. Blocks."""

    def refresh(self, source: Source, progress: Progress | None = None) -> Refreshed: ...


class Feed:
    """Of all logs. Belongs to one event loop."""

    def __init__(
        self, index: Refreshing, sources: Mapping[str, Source], seconds: float = REFRESH_SECONDS
    ) -> None:
        self._index = index
        self._sources = sources
        self._seconds = seconds
        self._news = asyncio.Event()
        self._troubles: dict[str, Trouble] = {}
        self._stopping = False
        self._progress: dict[str, tuple[int, int]] = {}
        self.looked: set[str] = set()
        """Logs that were read at least once since the portal started."""

    def trouble(self, name: str) -> Trouble | None:
        """Why that log cannot be read now."""
        return self._troubles.get(name)

    def progress(self, name: str) -> tuple[int, int] | None:
        """Entries read and entries in all, where a log is being read that is far ahead."""
        return self._progress.get(name)

    async def news(self, seconds_max: float) -> None:
        """Return when a log has grown, or after so long."""
        try:
            async with asyncio.timeout(seconds_max):
                await self._news.wait()
        except TimeoutError:
            pass

    async def run(self) -> None:
        """Until cancelled; each log on its own, so that a slow one keeps no other waiting.

        When it ends, no thread of it uses the index any more.
        """
        tasks = [asyncio.create_task(self._follow(each)) for each in self._sources.values()]
        try:
            await asyncio.gather(*tasks)
        finally:
            self._stopping = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, source: Source) -> None:
        while True:
            await self._refresh(source)
            await asyncio.sleep(self._seconds)

    async def _refresh(self, source: Source) -> None:
        def progress(done: int, total: int) -> None:
            if self._stopping:
                raise _Stopping
            self._progress[source.name] = (done, total)

        work = asyncio.ensure_future(asyncio.to_thread(self._index.refresh, source, progress))
        try:
            done = await asyncio.shield(work)
        except asyncio.CancelledError:
            # The thread goes on until it is told, and the index is closed after it.
            self._stopping = True
            await asyncio.gather(work, return_exceptions=True)
            raise
        except LogUnreadable as error:
            self._trouble(source.name, error.trouble)
        except (LedgerError, OSError, sqlite3.Error):
            self._trouble(source.name, Trouble.DAMAGED)
        else:
            self._troubles.pop(source.name, None)
            if done.added_count:
                self._news.set()
                self._news = asyncio.Event()
        self.looked.add(source.name)
        self._progress.pop(source.name, None)

    def _trouble(self, name: str, trouble: Trouble) -> None:
        if self._troubles.get(name) is not trouble:
            _log.warning("a log cannot be read", extra={"trouble": trouble.value})
        self._troubles[name] = trouble
