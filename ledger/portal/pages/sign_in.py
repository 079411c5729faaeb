"""Signing in with a password and a code, and out. Both are in the portal's own log."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from hashlib import sha256
from typing import Final

from aiohttp import web

from ledger.accounts.doorkeeper import NotLoggedIn, TooManyAttempts
from ledger.accounts.sittings import Way
from ledger.portal.accounts import Account
from ledger.portal.context import (
    CODES,
    DOORKEEPER,
    ROSTER,
    SESSION,
    admit,
    cookie_name,
    form_of,
    record_look,
    render,
    see_other,
    set_cookie,
    signed_in,
)
from ledger.portal.listening import fingerprint_of, shows_certificate
from ledger.portal.looks import Look
from ledger.portal.route import Route
from ledger.portal.words import FORGED, TOO_OFTEN, Words

_VISIT: Final = "portal-visit"
_SECRET: Final = secrets.token_bytes(32)
_WRONG: Final = Words(
    "用户名、口令或动态码不正确。", "The name, the password or the code is not right."
)

_UNKNOWN: Final = Words(
    "此证书未登记到任何账户。", "This certificate is registered for no account."
)


async def _see(request: web.Request) -> web.Response:
    return see_other("/") if signed_in(request) is not None else _form(request)


def _form(request: web.Request, status: int = 200, problem: Words | None = None) -> web.Response:
    """It has a token, too, so that nobody is signed in as somebody else unawares."""
    visit = secrets.token_urlsafe(24)
    answer = render(
        request,
        "sign_in.html",
        status,
        problem=problem,
        visit_token=_of_visit(visit),
        certified=_certified(request),
    )
    set_cookie(request, answer, _VISIT, visit)
    return answer


def _of_visit(visit: str) -> str:
    return hmac.new(_SECRET, visit.encode("utf-8", "surrogatepass"), sha256).hexdigest()


async def _sign_in(request: web.Request) -> web.Response:
    """Always a new token, whatever cookie came: none that somebody else may know."""
    form = form_of(request)
    if not _has_visit_token(request):
        return _form(request, 403, FORGED)
    codes, code = request.app[CODES], "".join(form.get("code", "").split())

    def second(account: Account) -> bool:
        if not shows_certificate(request, account):
            return False
        return codes.take(account.name, account.code, code, time.time())

    doorkeeper = request.app[DOORKEEPER]
    try:
        account = await doorkeeper.check(
            form.get("name", ""), form.get("password", ""), request.remote or "local", second
        )
    except NotLoggedIn:
        return _form(request, 403, _WRONG)
    except TooManyAttempts as error:
        answer = _form(request, 429, TOO_OFTEN)
        answer.headers["Retry-After"] = str(max(1, round(error.retry_seconds)))
        return answer
    return await begin(request, account, "password")


async def _by_certificate(request: web.Request) -> web.Response:
    """TLS has checked that the client holds the key of its certificate."""
    if not _has_visit_token(request):
        return _form(request, 403, FORGED)
    await asyncio.to_thread(request.app[ROSTER].look)
    account = _certified(request)
    if account is None:
        return _form(request, 403, _UNKNOWN)
    return await begin(request, account, "certificate")


def _certified(request: web.Request) -> Account | None:
    """Whose certificate the client shows."""
    shown, accounts = fingerprint_of(request), request.app[ROSTER].accounts.values()
    return next((each for each in accounts if shown and each.certificate == shown), None)


def _has_visit_token(request: web.Request) -> bool:
    visit = request.cookies.get(cookie_name(request.app, _VISIT), "")
    given = form_of(request).get("visit_token", "").encode("utf-8", "surrogatepass")
    return bool(visit) and hmac.compare_digest(given, _of_visit(visit).encode())


async def begin(request: web.Request, account: Account, by: str) -> web.Response:
    """A session for who was checked, once it is written down."""
    doorkeeper = request.app[DOORKEEPER]
    if (before := request.cookies.get(cookie_name(request.app, SESSION))) is not None:
        doorkeeper.end(before)
    token, sitting = doorkeeper.begin(account, Way.PAGE)
    admit(request, sitting, {})
    try:
        await record_look(request, Look.SIGN_IN, by=by)
    except BaseException:
        doorkeeper.end(token)
        raise
    answer = see_other("/")
    set_cookie(request, answer, SESSION, token)
    return answer


async def _sign_out(request: web.Request) -> web.Response:
    """The token is worth nothing from now on, recorded or not."""
    name = cookie_name(request.app, SESSION)
    request.app[DOORKEEPER].end(request.cookies[name])
    await record_look(request, Look.SIGN_OUT)
    answer = see_other("/sign-in")
    set_cookie(request, answer, SESSION, "")
    return answer


ROUTES: Final = (
    Route("GET", "/sign-in", _see),
    Route("POST", "/sign-in", _sign_in),
    Route("POST", "/sign-in/certificate", _by_certificate),
    Route("POST", "/sign-out", _sign_out),
)
