"""The API's own routes: login, and applications from receipt to their end."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from ledger.accounts.sittings import IDLE_SECONDS, WHOLE_SECONDS, Way
from proxy.desk.documents import refusal_decision, undertaking_form
from proxy.desk.errors import DeskError
from proxy.desk.front.routes import (
    NUMBER,
    PREFIX,
    Call,
    Front,
    Route,
    json_answer,
    read_body,
    source_of,
)
from proxy.desk.front.shapes import (
    ApplicationShape,
    DossierList,
    DossierShape,
    ListQuery,
    LoginShape,
    NoBody,
    RefusalShape,
    RevocationShape,
    TokenShape,
    read_shape,
    shown,
    summary,
)
from proxy.desk.model import Dossier, State

TEXT: Final = "text/plain"


async def login(front: Front, request: web.Request) -> web.Response:
    """Name and password -> a token."""
    data = await read_body(request)
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    given = read_shape(data, LoginShape)
    account = await front.doorkeeper.check(given.officer, given.password, source_of(request))
    token, _ = front.doorkeeper.begin(account, Way.API)
    return json_answer(
        TokenShape(token=token, idle_seconds=int(IDLE_SECONDS), whole_seconds=int(WHOLE_SECONDS))
    )


async def _logout(call: Call) -> web.Response:
    scheme, _, token = call.request.headers["Authorization"].partition(" ")
    if scheme.lower() == "bearer":
        call.front.doorkeeper.end(token.strip())
    return json_answer(NoBody())


async def _list(call: Call) -> web.Response:
    assert isinstance(call.query, ListQuery)
    query, today = call.query, call.front.desk.today()
    found = call.front.desk.dossiers(query.state)
    part = found[query.offset : query.offset + query.limit]
    lines = tuple(summary(dossier, today) for dossier in part)
    return json_answer(DossierList(total=len(found), applications=lines))


async def _apply(call: Call) -> web.Response:
    assert isinstance(call.body, ApplicationShape)
    dossier = await call.front.desk.apply(call.officer, call.body.application())
    place = f"{PREFIX}/applications/{dossier.number}"
    return _whole(call, dossier, 201, Location=place)


async def _show(call: Call) -> web.Response:
    return _whole(call, call.front.desk.dossier(call.number))


async def _grant(call: Call) -> web.Response:
    return _whole(call, await call.front.desk.grant(call.officer, call.number))


async def _refuse(call: Call) -> web.Response:
    assert isinstance(call.body, RefusalShape)
    return _whole(call, await call.front.desk.refuse(call.officer, call.number, call.body.ground))


async def _revoke(call: Call) -> web.Response:
    assert isinstance(call.body, RevocationShape)
    return _whole(
        call, await call.front.desk.revoke(call.officer, call.number, call.body.reason.value)
    )


async def _refusal(call: Call) -> web.Response:
    return refusal_text(call.front, call.number)


def refusal_text(front: Front, number: str) -> web.Response:
    """《不许可查询决定书》. Raises `DeskError` where none was made."""
    dossier = front.desk.dossier(number)
    if dossier.state is not State.REFUSED:
        raise DeskError("unknown-number")
    return web.Response(text=refusal_decision(dossier), content_type=TEXT, charset="utf-8")


async def _undertaking(call: Call) -> web.Response:
    return undertaking_text(call.front)


def undertaking_text(front: Front) -> web.Response:
    """《保密承诺书》, to be signed."""
    text = undertaking_form(front.terms.agency)
    return web.Response(text=text, content_type=TEXT, charset="utf-8")


def _whole(call: Call, dossier: Dossier, status: int = 200, **headers: str) -> web.Response:
    return json_answer(shown(dossier, call.front.desk.today()), status, **headers)


APPLICATION_ROUTES: Final = (
    Route("POST", "/logout", _logout, "End a token", NoBody, body=NoBody),
    Route(
        "GET", "/applications", _list, "The register, the latest first / 登记簿", DossierList,
        query=ListQuery,
    ),
    Route(
        "POST", "/applications", _apply, "Take an application in / 受理申请", DossierShape,
        status=201, body=ApplicationShape, problems=(403, 503),
    ),
    Route(
        "GET", f"/applications/{NUMBER}", _show, "One application / 申请详情", DossierShape,
        problems=(404,),
    ),
    Route(
        "POST", f"/applications/{NUMBER}/grant", _grant, "Permit it / 许可", DossierShape,
        body=NoBody, problems=(403, 404, 409, 503),
    ),
    Route(
        "POST", f"/applications/{NUMBER}/refuse", _refuse, "Do not permit it / 不许可",
        DossierShape, body=RefusalShape, problems=(403, 404, 409, 503),
    ),
    Route(
        "POST", f"/applications/{NUMBER}/revoke", _revoke, "Take the permit back / 撤销许可",
        DossierShape, body=RevocationShape, problems=(403, 404, 409, 503),
    ),
    Route(
        "GET", f"/applications/{NUMBER}/refusal", _refusal,
        "The decision not to permit, as text / 不许可查询决定书", TEXT, problems=(404,),
    ),
    Route(
        "GET", "/undertaking", _undertaking,
        "The duty of secrecy and the undertaking to sign, as text / 保密义务告知与保密承诺书", TEXT,
    ),
)  # fmt: skip
"""What the desk does."""
