"""Logging in to the page, and out."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from aiohttp import web

from ledger.accounts.doorkeeper import NotLoggedIn, TooManyAttempts
from ledger.accounts.sittings import Way
from proxy.desk.doorkeeper import Sitting
from proxy.desk.front.forms import (
    Form,
    cookie_name,
    read_form,
    require_own_site,
    see_other,
    set_cookie,
)
from proxy.desk.front.problem import FORGED, Problem, problem_of
from proxy.desk.front.rendering import render
from proxy.desk.front.routes import Front, source_of
from proxy.desk.front.shapes import Malformed

_SECRET: Final = secrets.token_bytes(32)

# The form has a token, too, so that nobody is logged in as somebody else unawares.


def _login_page(front: Front, status: int = 200, problem: Problem | None = None) -> web.Response:
    visit = secrets.token_urlsafe(24)
    values = {"officer": None, "problem": problem, "form_token": _of_visit(visit)}
    page = render("login.html", values, status)
    set_cookie(front, page, f"{cookie_name(front)}-visit", visit)
    return page


def _of_visit(visit: str) -> str:
    return hmac.new(_SECRET, visit.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def see_login(front: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The form."""

    async def serve(_: web.Request) -> web.StreamResponse:
        return _login_page(front)

    return serve


def log_in(front: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Always a new token, whatever cookie came: none that somebody else may know."""

    async def serve(request: web.Request) -> web.StreamResponse:
        require_own_site(request)
        form = await read_form(request)
        visit = request.cookies.get(f"{cookie_name(front)}-visit", "")
        given = form.get("form_token", "").encode("utf-8", "surrogatepass")
        if not visit or not hmac.compare_digest(given, _of_visit(visit).encode()):
            return _login_page(front, FORGED.status, FORGED)
        if form.keys() != {"form_token", "officer", "password"}:
            raise Malformed
        try:
            account = await front.doorkeeper.check(
                form["officer"], form["password"], source_of(request)
            )
        except (NotLoggedIn, TooManyAttempts) as error:
            problem = problem_of(error)
            return _login_page(front, 403 if problem.status == 401 else problem.status, problem)
        if (before := request.cookies.get(cookie_name(front))) is not None:
            front.doorkeeper.end(before)
        token, _ = front.doorkeeper.begin(account, Way.PAGE)
        answer = see_other("/")
        set_cookie(front, answer, cookie_name(front), token)
        return answer

    return serve


async def log_out(
    front: Front, request: web.Request, sitting: Sitting, form: Form
) -> web.StreamResponse:
    """The token is worth nothing from now on."""
    front.doorkeeper.end(request.cookies[cookie_name(front)])
    answer = see_other("/login")
    answer.del_cookie(
        cookie_name(front), path="/", httponly=True, samesite="Strict", secure=front.secure
    )
    return answer
