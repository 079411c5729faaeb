"""Unlocking the private key for this session, and locking it again."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web

from ledger.errors import ConfigurationError
from ledger.portal.context import (
    KEYRING,
    Problem,
    form_of,
    person_of,
    record_look,
    render,
    see_other,
)
from ledger.portal.looks import Look
from ledger.portal.pages.static import own_place
from ledger.portal.route import Route
from ledger.portal.words import TOO_OFTEN, Words

_WRONG: Final = Words("口令不正确。", "The passphrase is not right.")
_NO_KEY: Final = Words(
    "本平台未配置私钥文件。请管理员在启动时用 --identity 指定。",
    "This portal was given no private key. The administrator names it with --identity.",
)


async def _see(request: web.Request) -> web.Response:
    return _form(request, own_place(request.query.get("to", "/")))


def _form(
    request: web.Request, to: str, status: int = 200, problem: Words | None = None
) -> web.Response:
    keyring = request.app[KEYRING]
    if not keyring.there:
        problem = _NO_KEY
    held = keyring.of(person_of(request).sitting)
    return render(
        request, "unlock.html", status, to=to, problem=problem, there=keyring.there,
        name=None if held is None else held.name,
    )  # fmt: skip


async def _unlock(request: web.Request) -> web.Response:
    form, keyring, sitting = form_of(request), request.app[KEYRING], person_of(request).sitting
    to, source = own_place(form.get("to", "/")), request.remote or "local"
    if not keyring.there:
        raise Problem(404, _NO_KEY)
    if keyring.locked_seconds(sitting, source) > 0:
        return _form(request, to, 429, TOO_OFTEN)
    # Counted before it is tried, so that many at once get no more tries.
    keyring.failed(sitting, source)
    try:
        identity = await asyncio.to_thread(keyring.unlock, form.get("passphrase", ""))
    except ConfigurationError:
        await record_look(request, Look.UNLOCK, opened=False)
        return _form(request, to, 403, _WRONG)
    await record_look(request, Look.UNLOCK, opened=True, identity=identity.name)
    return see_other(to if keyring.hold(sitting, identity, source) else "/sign-in")


async def _lock(request: web.Request) -> web.Response:
    request.app[KEYRING].drop(person_of(request).sitting)
    return see_other(own_place(form_of(request).get("to", "/")))


ROUTES: Final = (
    Route("GET", "/unlock", _see),
    Route("POST", "/unlock", _unlock),
    Route("POST", "/lock", _lock),
)
