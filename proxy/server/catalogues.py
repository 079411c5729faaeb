"""What the configured databases contain: one watch for each."""

from __future__ import annotations

import asyncio
import ssl
import time
from functools import partial

import asyncpg

from proxy.settings.service import Upstream
from proxy.statement.catalogue import Catalogue
from proxy.upstream.watch import CatalogueWatch, open_catalogue


class Catalogues:
    """All watches together; `look` gives the same objects as long as nothing changed."""

    def __init__(self, upstream: Upstream, tls: ssl.SSLContext | None) -> None:
        self.tls = tls
        self._upstream = upstream
        self._watches = {
            name: CatalogueWatch(partial(self.open, name), name, time.monotonic)
            for name in upstream.databases
        }

    async def open(self, name: str) -> asyncpg.Connection:
        """A connection of its own as the catalogue user, with the certificates as last read.
        Raises as `open_catalogue` does."""
        return await open_catalogue(self._upstream, name, self.tls)

    async def look(self) -> dict[str, Catalogue]:
        """The catalogues as they are now. Raises `UpstreamUnavailable`."""
        looks = [watch.look() for watch in self._watches.values()]
        return dict(zip(self._watches, await asyncio.gather(*looks), strict=True))

    def age_seconds(self) -> float:
        """How long ago the longest not looked at was last looked at successfully."""
        return max(watch.age_seconds for watch in self._watches.values())

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.gather(*(watch.close() for watch in self._watches.values()))
