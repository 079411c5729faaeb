"""How the API is written down: tables of routes, from which it is served and described.

A part of the desk adds what it has by a table of its own, handed to `application`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol

from aiohttp import web
from pydantic import BaseModel

from ledger.accounts.doorkeeper import NotLoggedIn
from ledger.accounts.sittings import Way
from proxy.desk.batch.desk import BatchDesk
from proxy.desk.doorkeeper import Doorkeeper
from proxy.desk.front.shapes import Malformed, NoBody, read_shape, read_texts
from proxy.desk.model import Application, Dossier, Officer, RefusalGround, State
from proxy.desk.rules import Terms

NUMBER: Final = r"{number:[a-z0-9-]{1,64}}"
"""An application's number in a path."""
BODY_SECONDS_MAX: Final = 15.0


class Desk(Protocol):
    """What the front needs of `proxy.desk.desk.Desk`."""

    async def apply(self, officer: Officer, application: Application) -> Dossier: ...

    async def grant(self, officer: Officer, number: str) -> Dossier: ...

    async def refuse(self, officer: Officer, number: str, ground: RefusalGround) -> Dossier: ...

    async def revoke(self, officer: Officer, number: str, reason_code: str) -> Dossier: ...

    def dossier(self, number: str) -> Dossier: ...

    def dossiers(self, state: State | None = None) -> tuple[Dossier, ...]: ...

    def today(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Front:
    """What every handler works with. ``secure``: over TLS, so that cookies go over nothing else.
    ``batch``: where batch checks are made."""

    desk: Desk
    doorkeeper: Doorkeeper
    terms: Terms
    secure: bool = False
    batch: BatchDesk | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, of an officer who is let in. ``body`` and ``query`` are of the
    route's shapes."""

    front: Front
    request: web.Request
    officer: Officer
    body: BaseModel
    query: BaseModel

    @property
    def number(self) -> str:
        """The application's number in the path."""
        return self.request.match_info["number"]


Handler = Callable[[Call], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``path`` is below /api/v1. ``answer`` is the shape of a JSON answer, or the
    content type of another. ``problems`` are statuses it can have beside those all can."""

    method: Literal["GET", "POST"]
    path: str
    handle: Handler
    summary: str
    answer: type[BaseModel] | str
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()


PREFIX: Final = "/api/v1"
Tables = Sequence[Sequence[Route]]


def served(front: Front, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of aiohttp: first who asks, then what."""

    async def serve(request: web.Request) -> web.Response:
        officer = await _officer(front, request)
        query = read_query(request, route.query)
        data = await read_body(request)
        return await route.handle(
            Call(front, request, officer, _json(request, data, route.body), query)
        )

    return serve


async def read_body(request: web.Request) -> bytes:
    """All of it. Raises `TimeoutError` for a slow one, and what aiohttp has for a large one."""
    async with asyncio.timeout(BODY_SECONDS_MAX):
        return await request.read()


def read_query(request: web.Request, shape: type[BaseModel] | None) -> BaseModel:
    """Raises `Malformed` for what is not known, or there twice."""
    values: dict[str, object] = dict(request.query)
    if len(values) < len(request.query):
        raise Malformed
    # A number in a query is a text that looks like one.
    plain = {name: _whole(text) for name, text in values.items()}
    return read_texts(plain, shape or NoBody)


def _whole(text: object) -> object:
    return (
        int(text)
        if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10
        else text
    )


def _json(request: web.Request, data: bytes, shape: type[BaseModel] | None) -> BaseModel:
    if shape is None:
        if data:
            raise Malformed
        return NoBody()
    if not data and not any(field.is_required() for field in shape.model_fields.values()):
        return shape()
    if request.content_type != "application/json" or request.charset not in (None, "utf-8"):
        raise web.HTTPUnsupportedMediaType
    return read_shape(data, shape)


def json_answer(shape: BaseModel, status: int = 200, **headers: str) -> web.Response:
    """JSON of a shape."""
    body = shape.model_dump_json().encode()
    content_type = "application/json"
    return web.Response(status=status, body=body, content_type=content_type, headers=headers)


async def _officer(front: Front, request: web.Request) -> Officer:
    """Who asks, by name and password or by a token. Cookies count for nothing here."""
    given = request.headers.getall("Authorization", [])
    scheme, _, value = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() == "bearer":
        sitting = await front.doorkeeper.find(value.strip(), Way.API)
        if sitting is None:
            raise NotLoggedIn
        return sitting.account.officer
    if scheme.lower() != "basic":
        raise NotLoggedIn
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise NotLoggedIn from None
    name, colon, password = decoded.partition(":")
    if not colon:
        raise NotLoggedIn
    account = await front.doorkeeper.check(name, password, source_of(request))
    return account.officer


def source_of(request: web.Request) -> str:
    """The address that a request comes from, without its port."""
    return request.remote or "local"
