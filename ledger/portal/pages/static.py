"""What pages link, styles and scripts, and the switch of the language."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ledger.portal.context import form_of, see_other, set_cookie
from ledger.portal.rendering import STATIC
from ledger.portal.route import Route
from ledger.portal.words import Language


async def _static(request: web.Request) -> web.Response:
    found = STATIC.get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    body, content_type = found
    return web.Response(body=body, content_type=content_type, charset="utf-8")


async def _language(request: web.Request) -> web.Response:
    form = form_of(request)
    try:
        chosen = Language(form.get("language", ""))
    except ValueError:
        raise web.HTTPBadRequest from None
    answer = see_other(own_place(form.get("here", "/")))
    set_cookie(request, answer, "language", chosen.value)
    return answer


def own_place(place: str) -> str:
    """A path of this site, or the first page: nobody is sent elsewhere."""
    plain = place.isascii() and place.isprintable() and "\\" not in place
    return place if plain and place.startswith("/") and not place.startswith("//") else "/"


ROUTES: Final = (
    Route("GET", "/static/{name}", _static),
    Route("POST", "/language", _language),
)
