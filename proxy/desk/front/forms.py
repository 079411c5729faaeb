"""Pages and forms of who is logged in.

A login is a cookie that no script reads and no other site's form sends; every form holds a token
besides, which the server gave to this login alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from ledger.accounts.sittings import Way
from proxy.desk.doorkeeper import Sitting
from proxy.desk.front.problem import FORGED
from proxy.desk.front.rendering import problem_page
from proxy.desk.front.routes import Front, read_body
from proxy.desk.front.shapes import Malformed

_FIELDS_MAX: Final = 40

Form = dict[str, str]
Maker = Callable[[Front], Callable[[web.Request], Awaitable[web.StreamResponse]]]
Page = Callable[[Front, web.Request, Sitting], Awaitable[web.StreamResponse]]
FormPage = Callable[[Front, web.Request, Sitting, Form], Awaitable[web.StreamResponse]]


def seeing(page: Page) -> Maker:
    """A page for who is logged in; others are sent to the login."""

    def make(front: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            sitting = await _sitting(front, request)
            return see_other("/login") if sitting is None else await page(front, request, sitting)

        return serve

    return make


def doing(page: FormPage) -> Maker:
    """A form of who is logged in, with its token."""

    def make(front: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            require_own_site(request)
            sitting = await _sitting(front, request)
            if sitting is None:
                return see_other("/login")
            form = await read_form(request)
            if not sitting.has_form_token(form.pop("form_token", "")):
                return problem_page(FORGED)
            return await page(front, request, sitting, form)

        return serve

    return make


async def read_form(request: web.Request) -> Form:
    """The fields. Raises `Malformed`, also for one that is there twice."""
    data = await read_body(request)
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        raise Malformed from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed
    return found


def require_own_site(request: web.Request) -> None:
    """Browsers say where a form comes from (Fetch Metadata); the token is asked for anyway."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden


async def _sitting(front: Front, request: web.Request) -> Sitting | None:
    token = request.cookies.get(cookie_name(front))
    return None if not token else await front.doorkeeper.find(token, Way.PAGE)


def cookie_name(front: Front) -> str:
    """With a prefix that keeps other hosts and plain HTTP from setting it (RFC 6265bis)."""
    return "__Host-fengcun-desk" if front.secure else "fengcun-desk"


def set_cookie(front: Front, response: web.Response, name: str, value: str) -> None:
    """For this site alone, out of reach of scripts, gone with the browser."""
    response.set_cookie(
        name, value, path="/", httponly=True, samesite="Strict", secure=front.secure
    )


def see_other(place: str) -> web.Response:
    """Go on there, with GET. `place` is a path of ours."""
    return web.Response(status=303, headers={"Location": place})
