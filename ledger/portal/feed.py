"""Keeps the index up with the logs, knows which cannot be read, and wakes who follows."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from typing import Final, Protocol

from ledger.errors import LedgerError
from ledger.portal.index.model import Refreshed
from ledger.portal.logs import LogUnreadable, Source, Trouble

REFRESH_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


class Refreshing(Protocol):
    """What is needed of the index. Blocks."""

    def refresh(self, source: Source) -> Refreshed: ...


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
        self.looked: set[str] = set()
        """Logs that were read at least once since the portal started."""

    def trouble(self, name: str) -> Trouble | None:
        """Why that log cannot be read now."""
        return self._troubles.get(name)

    async def news(self, seconds_max: float) -> None:
        """Return when a log has grown, or after so long."""
        try:
            async with asyncio.timeout(seconds_max):
                await self._news.wait()
        except TimeoutError:
            pass

    async def run(self) -> None:
        """Until cancelled; each log on its own, so that a slow one keeps no other waiting."""
        await asyncio.gather(*map(self._follow, self._sources.values()))

    async def _follow(self, source: Source) -> None:
        while True:
            await self._refresh(source)
            await asyncio.sleep(self._seconds)

    async def _refresh(self, source: Source) -> None:
        try:
            done = await asyncio.to_thread(self._index.refresh, source)
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

    def _trouble(self, name: str, trouble: Trouble) -> None:
        if self._troubles.get(name) is not trouble:
            _log.warning("a log cannot be read", extra={"trouble": trouble.value})
        self._troubles[name] = trouble
