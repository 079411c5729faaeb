"""What the configured databases contain: one watch for each."""

from __future__ import annotations

import asyncio
import ssl
import time
from functools import partial

from proxy.settings.service import Upstream
from proxy.statement.catalogue import Catalogue
from proxy.upstream.watch import CatalogueWatch, open_catalogue


class Catalogues:
    """All watches together; `look` gives the same objects as long as nothing changed."""

    def __init__(self, upstream: Upstream, tls: ssl.SSLContext | None) -> None:
        self._watches = {
            name: CatalogueWatch(partial(open_catalogue, upstream, name, tls), name, time.monotonic)
            for name in upstream.databases
        }

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
