"""The description of what is served, for who is signed in."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ledger.portal.context import SESSION, SOURCES, cookie_name
from ledger.portal.description import describe
from ledger.portal.route import Route


async def _see(request: web.Request) -> web.Response:
    app = request.app
    return web.json_response(describe(list(app[SOURCES]), cookie_name(app, SESSION)))


ROUTES: Final = (Route("GET", "/openapi.json", _see),)
