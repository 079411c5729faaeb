"""Looking for entries: a list over all logs with filters, and everything about one person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from ledger.envelope import Identity
from ledger.errors import FormatError, LedgerError
from ledger.evidence.moments import parse_moment
from ledger.fields import EntryKind
from ledger.portal.context import (
    INDEX,
    KEYRING,
    PACES,
    SEARCHES,
    SOURCES,
    Problem,
    form_of,
    person_of,
    record_look,
    render,
    see_other,
    wants_json,
)
from ledger.portal.index.model import By, Named, Position, Query, Role, Row
from ledger.portal.keyring import pseudonyms_of
from ledger.portal.logs import Source
from ledger.portal.looks import Look
from ledger.portal.pages.entry import PROVEN
from ledger.portal.proof.lookup import ProvenLogs
from ledger.portal.route import Route
from ledger.portal.rows import gist_of, row_json
from ledger.portal.searches import Sought
from ledger.portal.words import KINDS, TOO_OFTEN, VERDICTS, Words
from ledger.pseudonyms import PERSON_DOMAIN, plain_identity

LIMIT: Final = 50
_IDENTITY_CHARACTERS_MAX: Final = 64
_BAD_FILTER: Final = Words(
    "查询条件不正确，请检查日期和选项。",
    "These conditions cannot be understood: check the dates and choices.",
)
_GONE: Final = Words(
    "该人员查询已失效，请重新查询。", "This search for a person is gone. Please search again."
)
_NO_NUMBER: Final = Words("请输入证件号码。", "Enter the number of an identity document.")
_FLAGS: Final = ("refused", "without_case", "cut")
_TEXTS: Final = (
    *("log", "kind", "verdict", "principal", "rule", "operator", "since", "until"),
    *_FLAGS,
)


def query_of(given: Mapping[str, str], logs: Mapping[str, Source], sought: Sought | None) -> Query:
    """Raises `FormatError` or `ValueError` for what is no filter."""
    names = [given["log"]] if given.get("log") else list(logs)
    if not set(names) <= logs.keys():
        raise FormatError("there is no such log")
    named: tuple[Named, ...] = ()
    if sought is not None:
        named = (Named(Role.PERSON, tuple(sorted(set(sought.pseudonyms.values())))),)
    if operator := given.get("operator"):
        named += (Named(Role.OPERATOR, (operator,)),)
    kind = given.get("kind")
    return Query(
        logs=frozenset(names),
        kinds=frozenset({EntryKind(kind)}) if kind else frozenset(),
        since=_moment(given.get("since")),
        until=_moment(given.get("until"), days=1),
        principal=given.get("principal") or None,
        verdict=given.get("verdict") or None,
        rule=given.get("rule") or None,
        named=named,
        refused=bool(given.get("refused")),
        without_case=bool(given.get("without_case")),
        cut=bool(given.get("cut")),
    )


def _moment(text: str | None, days: int = 0) -> str | None:
    """A day of Beijing; with `days` 1 the end of it."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except OverflowError as error:
        raise FormatError("there is no such day") from error
    return parse_moment(f"{day.isoformat()}T00:00:00+08:00")


async def _list(request: web.Request) -> web.Response:
    _keep_pace(request, "search")
    given = {name: request.query[name] for name in _TEXTS if request.query.get(name)}
    handle, sought = request.query.get("person", ""), None
    if handle:
        sought = request.app[SEARCHES].find(person_of(request).sitting, handle)
        if sought is None:
            raise Problem(404, _GONE)
    try:
        query = query_of(given, request.app[SOURCES], sought)
        start = request.query.get("after")
        after = Position.parse(start) if start else None
    except ValueError:
        raise Problem(400, _BAD_FILTER) from None
    index = request.app[INDEX]
    page = await asyncio.to_thread(index.search, query, after, LIMIT)
    look = None if sought is None else sought.look
    shown = _shown(page.rows)
    await record_look(request, Look.SEARCH, filters=given, shown=shown, person_look=look)
    kept = {**given, **({"person": handle} if handle else {})}
    following = None if page.after is None else urlencode({**kept, "after": str(page.after)})
    if wants_json(request):
        place = None if following is None else f"/entries?{following}"
        return web.json_response({"rows": [row_json(row) for row in page.rows], "next": place})
    principals, rules = await asyncio.gather(
        asyncio.to_thread(index.values, By.PRINCIPAL), asyncio.to_thread(index.values, By.RULE)
    )
    return render(
        request, "entries.html", rows=page.rows, given=_all(given), handle=handle, sought=sought,
        following=following, first=after is None, principals=principals, rules=rules,
        kinds=KINDS, verdicts=VERDICTS, gist_of=gist_of,
        beginning=urlencode(kept),
    )  # fmt: skip


def _all(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given.get(name, "") for name in _TEXTS}


def _shown(rows: tuple[Row, ...]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.log, []).append(row.number)
    return found


async def _see_person(request: web.Request) -> web.Response:
    return _person_form(request)


def _person_form(
    request: web.Request, status: int = 200, problem: Words | None = None
) -> web.Response:
    unlocked = request.app[KEYRING].of(person_of(request).sitting) is not None
    return render(request, "person.html", status, unlocked=unlocked, problem=problem)


async def _look_for(request: web.Request) -> web.Response:
    """The number becomes a pseudonym here, and is in no address and no file of this machine."""
    _keep_pace(request, "person")
    app, sitting = request.app, person_of(request).sitting
    identity = app[KEYRING].of(sitting)
    if identity is None:
        return see_other("/unlock?to=/person")
    number = plain_identity(form_of(request).get("number", ""))
    if not 0 < len(number) <= _IDENTITY_CHARACTERS_MAX:
        return _person_form(request, 400, _NO_NUMBER)
    found: dict[str, str] = {}
    unknown: list[str] = []
    for source in app[SOURCES].values():
        try:
            found[source.name] = await asyncio.to_thread(
                _pseudonym, app[PROVEN], identity, source, number
            )
        except (LedgerError, OSError):
            unknown.append(source.name)
    look = await record_look(request, Look.PERSON, person=number, pseudonyms=found, unknown=unknown)
    handle = app[SEARCHES].keep(sitting, Sought(found, tuple(unknown), look))
    return see_other(f"/entries?person={handle}")


def _pseudonym(logs: ProvenLogs, identity: Identity, source: Source, number: str) -> str:
    """Blocks. Raises what reading the log does, and `FormatError` where the key is not for it."""
    log = logs.log(source.name, source.reader(), source.keys)
    return pseudonyms_of(identity, log).of(PERSON_DOMAIN, number)


def _keep_pace(request: web.Request, what: str) -> None:
    """Raises `Problem` for who is too fast."""
    if request.app[PACES][what].wait_seconds(person_of(request).name) > 0:
        raise Problem(429, TOO_OFTEN)


ROUTES: Final = (
    Route("GET", "/entries", _list),
    Route("GET", "/person", _see_person),
    Route("POST", "/person", _look_for),
)
