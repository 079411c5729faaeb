"""The first page: each log, and in plain words how it stands."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ledger.portal.context import render
from ledger.portal.route import Route


async def _overview(request: web.Request) -> web.Response:
    return render(request, "overview.html")


ROUTES: Final = (Route("GET", "/", _overview),)
