"""What the pages share: where things are kept in the application, who asks, and three verbs.

A page is a module in `pages` with its `ROUTES`. It gets a request whose sender is signed in, may be
there by `access.TABLE`, and sent a form with the right token, and it calls

    await record_look(request, Look.ENTRY, log=source, entries=[57])    before it shows anything
    await opened(request, source, proven_log, proven)                   a payload, if unlocked
    render(request, "entry.html", entry=...)                            -> the answer
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from aiohttp import web

from ledger.accounts.codes import Codes
from ledger.accounts.doorkeeper import Doorkeeper
from ledger.accounts.pace import Pace
from ledger.accounts.roster import Roster
from ledger.accounts.sittings import Sitting
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.note import VerifierKey
from ledger.portal.access import TABLE, Role
from ledger.portal.accounts import Account
from ledger.portal.feed import Feed, Progress
from ledger.portal.index.model import (
    By,
    Counted,
    Each,
    LogState,
    Page,
    Position,
    Query,
    Refreshed,
    Tally,
)
from ledger.portal.keyring import Closed, Keyring, Payload, open_payload
from ledger.portal.logs import Source
from ledger.portal.looks import Look, Looks, listed
from ledger.portal.rendering import page
from ledger.portal.searches import Searches
from ledger.portal.words import ROLES, Language, Words


class Index(Protocol):
    """What is asked of the index over the logs; it finds, and proves nothing. All of it blocks."""

    def refresh(self, source: Source, progress: Progress | None = None) -> Refreshed: ...

    def search(self, query: Query, after: Position | None = None, limit: int = 50) -> Page: ...

    def count_by(self, by: By, each: Each, tally: Tally | None = None) -> Sequence[Counted]: ...

    def tail(self, after: Position, limit: int = 50) -> Page: ...

    def end(self) -> Position: ...

    def values(self, by: By) -> Sequence[str]: ...

    def states(self) -> list[LogState]: ...


@dataclass(frozen=True, slots=True)
class Check:
    """What the last verification of a log came to. `good` is None where nothing is known."""

    words: Words
    good: bool | None
    ended_seconds: float
    """Unix seconds."""


class LastCheck(Protocol):
    """By the name of the log; None where there was none."""

    async def __call__(self, log: str, /) -> Check | None: ...


Form = Mapping[str, str]

SOURCES: Final = web.AppKey("sources", Mapping[str, Source])
"""By name, in the order they were given."""
INDEX: Final = web.AppKey("index", Index)
LAST_CHECK: Final = web.AppKey("last_check", LastCheck)
WITNESSES: Final = web.AppKey("witnesses", Mapping[str, tuple[VerifierKey, ...]])
"""By the name of the log: who is expected to cosign it."""
STATE: Final = web.AppKey("state", Path)
"""The portal's own directory."""
CLOSING: Final = web.AppKey("closing", asyncio.Event)
"""Set when the portal stops: what goes on without end ends."""
FEED: Final = web.AppKey("feed", Feed)
SEARCHES: Final = web.AppKey("searches", Searches)
PACES: Final = web.AppKey("paces", Mapping[str, Pace])
KEYRING: Final = web.AppKey("keyring", Keyring)
LOOKS: Final = web.AppKey("looks", Looks)
DOORKEEPER: Final = web.AppKey("doorkeeper", Doorkeeper[Account])
ROSTER: Final = web.AppKey("roster", Roster[Account])
CODES: Final = web.AppKey("codes", Codes)
SECURE: Final = web.AppKey("secure", bool)
"""Whether it is served over TLS."""

SESSION: Final = "portal"
_SITTING: Final = web.RequestKey("sitting", Sitting[Account])
_FORM: Final = web.RequestKey("form", Mapping[str, str])
_LANGUAGE: Final = "language"


class Problem(Exception):
    """An answer that says what is wrong, to be raised by any page."""

    def __init__(self, status: int, words: Words) -> None:
        self.status = status
        self.words = words
        super().__init__(words.english)


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, for as long as `sitting`."""

    name: str
    role: Role
    sitting: Sitting[Account]


def admit(request: web.Request, sitting: Sitting[Account] | None, form: Form) -> None:
    """What the pages find in the request from now on."""
    request[_FORM] = form
    if sitting is not None:
        request[_SITTING] = sitting


def signed_in(request: web.Request) -> Person | None:
    """Who asks, or None where nobody is signed in."""
    sitting = request.get(_SITTING)
    if sitting is None:
        return None
    return Person(sitting.account.name, sitting.account.role, sitting)


def person_of(request: web.Request) -> Person:
    """Who asks, of a route that is not for strangers."""
    person = signed_in(request)
    assert person is not None
    return person


def form_of(request: web.Request) -> Form:
    """The fields of a form that was posted, without its token."""
    return request[_FORM]


def source_of(request: web.Request) -> Source:
    """The log named in the path as `{log}`. Raises `HTTPNotFound`."""
    source = request.app[SOURCES].get(request.match_info["log"])
    if source is None:
        raise web.HTTPNotFound
    return source


def language_of(request: web.Request) -> Language:
    """Chinese, unless English was chosen."""
    chosen = request.cookies.get(cookie_name(request.app, _LANGUAGE))
    return Language.ENGLISH if chosen == Language.ENGLISH else Language.CHINESE


def cookie_name(app: web.Application, what: str) -> str:
    """With a prefix that keeps other hosts and plain HTTP from setting it (RFC 6265bis)."""
    return f"__Host-fengcun-{what}" if app[SECURE] else f"fengcun-{what}"


def set_cookie(request: web.Request, response: web.Response, what: str, value: str) -> None:
    """For this site alone, out of reach of scripts, gone with the browser."""
    response.set_cookie(
        cookie_name(request.app, what), value, path="/", httponly=True, samesite="Strict",
        secure=request.app[SECURE],
    )  # fmt: skip


def wants_json(request: web.Request) -> bool:
    """Asked for by a program. Whoever takes pages, too, as browsers do, gets a page."""
    accepted = ",".join(request.headers.getall("Accept", ())).lower()
    return "application/json" in accepted and "text/html" not in accepted


def see_other(place: str) -> web.Response:
    """Go on there, with GET. `place` is a path of ours."""
    return web.Response(status=303, headers={"Location": place})


def render(
    request: web.Request, template: str, status: int = 200, **values: object
) -> web.Response:
    """A page in the language of the request. Templates have `t(chinese, english)`, too, and
    `may(method, path)`: whether the one who asks may be there."""
    person = signed_in(request)
    shared = {
        "person": person,
        "role": None if person is None else ROLES[person.role],
        "form_token": None if person is None else person.sitting.form_token,
        "may": partial(_may, person),
        "here": request.rel_url.raw_path_qs if request.method == "GET" else "/",
        "sources": request.app[SOURCES],
    }
    return page(template, language_of(request), {**shared, **values}, status)


def _may(person: Person | None, method: str, path: str) -> bool:
    return person is not None and person.role in TABLE[method, path]


async def record_look(
    request: web.Request,
    event: Look,
    *,
    log: Source | None = None,
    entries: Sequence[int] = (),
    person: str | None = None,
    **detail: object,
) -> int:
    """Write down what is about to be shown; the index of the entry in the portal's own log.

    `person` is an identity number; the entry has its pseudonym. `detail` goes into the payload,
    and must hold no name and no number of anybody but the account's. Raises `NotRecorded`.
    """
    looks, who = request.app[LOOKS], person_of(request)
    of = looks.pseudonyms.of
    source = request.remote or "local"
    header = {
        "supervisor": of("supervisor", who.name),
        "role": who.role.value,
        "session": who.sitting.number,
        "source": of("source", source),
        "log": None if log is None else log.origin,
        "entries": listed(entries) or None,
        "person": None if person is None else of("person", person),
    }
    payload = {"supervisor": who.name, "source": source, **detail}
    if len(entries) > len(header["entries"] or ()):
        payload["entries"] = list(entries)
    return await looks.write(event, header, payload)


async def opened(
    request: web.Request, source: Source, log: ProvenLog, proven: ProvenEntry
) -> Payload | Closed:
    """The payload of a proved entry, where this session holds the key; the look is recorded before.

    Raises `NotRecorded`.
    """
    identity = request.app[KEYRING].of(person_of(request).sitting)
    found = await asyncio.to_thread(open_payload, identity, log, proven)
    if isinstance(found, Payload):
        await record_look(request, Look.PAYLOAD, log=source, entries=[proven.index])
    return found
