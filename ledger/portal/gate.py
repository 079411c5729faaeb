"""What every request goes through: headers, errors, who asks, and whether they may.

Denied is what nothing allows: a route without a row in `access.TABLE`, a form without its token, a
form that another site sent.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from ledger.accounts.sittings import Way
from ledger.portal.access import STRANGERS, TABLE
from ledger.portal.context import (
    DOORKEEPER,
    SECURE,
    SESSION,
    Form,
    Problem,
    admit,
    cookie_name,
    person_of,
    render,
    see_other,
    wants_json,
)
from ledger.portal.listening import shows_certificate
from ledger.portal.looks import NotRecorded
from ledger.portal.words import FORGED, NOT_RECORDED, NOT_YOURS, OF_STATUS

BODY_BYTES_MAX: Final = 64 << 10
BODY_SECONDS_MAX: Final = 20.0
_BEGUN: Final = web.RequestKey("begun", bool)
_FIELDS_MAX: Final = 60
_NO_FORM: Final[Form] = MappingProxyType({})

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        # With `no-referrer` browsers say `Origin: null` of our own forms, too.
        "Referrer-Policy": "same-origin",
        "Server": "fengcun",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
_SECURE: Final = {"Strict-Transport-Security": "max-age=31536000"}
_log = logging.getLogger(__name__)


@web.middleware
async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outer one: errors are pages without traces."""
    try:
        return await handler(request)
    except Exception as error:
        if request.get(_BEGUN):
            raise  # half of an answer is on its way: the connection ends
        return _failed(request, error)


async def with_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On all that leaves."""
    request[_BEGUN] = True
    response.headers.update(HEADERS)
    if request.app[SECURE]:
        response.headers.update(_SECURE)


def _failed(request: web.Request, error: Exception) -> web.StreamResponse:
    match error:
        case Problem():
            status, words = error.status, error.words
        case NotRecorded():
            status, words = 503, NOT_RECORDED
        case TimeoutError():
            status, words = 408, OF_STATUS[408]
        case web.HTTPException() if error.status < 500:
            status, words = error.status, OF_STATUS.get(error.status, OF_STATUS[400])
        case _:
            _log.error("a request to the portal failed", extra=_place(error))
            status, words = 500, OF_STATUS[500]
    if wants_json(request):
        return web.json_response(
            {"title": words.english, "title_zh": words.chinese, "status": status},
            status=status,
            content_type="application/problem+json",
        )
    return render(request, "problem.html", status, problem=words)


def _place(error: Exception) -> dict[str, str]:
    """Where it was, without its text: that may be about somebody."""
    places = traceback.extract_tb(error.__traceback__)
    where = f"{places[-1].filename}:{places[-1].lineno}" if places else "?"
    return {"error": type(error).__name__, "place": where}


@web.middleware
async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The inner one: by `access.TABLE`, default deny."""
    if request.match_info.http_exception is not None:
        raise request.match_info.http_exception
    resource = request.match_info.route.resource
    roles = None if resource is None else TABLE.get((request.method, resource.canonical))
    if roles is None:
        raise web.HTTPForbidden
    token = request.cookies.get(cookie_name(request.app, SESSION))
    sitting = None if not token else await request.app[DOORKEEPER].find(token, Way.PAGE)
    if sitting is not None and not shows_certificate(request, sitting.account):
        sitting = None
    if roles is not STRANGERS:
        if sitting is None:
            return see_other("/sign-in")
        if sitting.account.role not in roles:
            admit(request, sitting, _NO_FORM)
            raise Problem(403, NOT_YOURS)
    form = _NO_FORM
    if request.method == "POST":
        admit(request, sitting, _NO_FORM)
        require_own_site(request)
        fields = await read_form(request)
        if roles is not STRANGERS and not person_of(request).sitting.has_form_token(
            fields.pop("form_token", "")
        ):
            raise Problem(403, FORGED)
        form = MappingProxyType(fields)
    admit(request, sitting, form)
    return await handler(request)


def require_own_site(request: web.Request) -> None:
    """Browsers say where a form comes from, in `Origin`; the token is asked for anyway.

    The scheme is not compared: TLS may end at a proxy in front. Raises `Problem`.
    """
    given = request.headers.getall("Origin", [])
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if len(given) != 1 or urlsplit(given[0]).netloc != request.host or site != "same-origin":
        raise Problem(403, FORGED)


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields. Raises what aiohttp has for one that is too large, is no form, or has a field
    twice."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    async with asyncio.timeout(BODY_SECONDS_MAX):
        data = await request.read()
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, strict_parsing=bool(data),
            errors="strict", max_num_fields=_FIELDS_MAX,
        )  # fmt: skip
    except ValueError:
        raise web.HTTPBadRequest from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise web.HTTPBadRequest
    return found
