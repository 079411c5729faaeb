"""The description of what is served, for who is signed in."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ledger.portal.context import SESSION, SOURCES, cookie_name
from ledger.portal.description import describe
from ledger.portal.route import Route


async def _see(request: web.Request) -> web.Response:
    logs = request.app[SOURCES]
    return web.json_response(describe(logs, cookie_name(request.app, SESSION)))


ROUTES: Final = (Route("GET", "/openapi.json", _see),)
