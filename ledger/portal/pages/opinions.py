"""Opinions (纠正意见): the list with what is late, one with its steps, and taking the next one."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ledger.errors import FormatError, LedgerError
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.portal.beijing import day_of
from ledger.portal.context import (
    INDEX,
    LOOKS,
    SOURCES,
    Problem,
    form_of,
    opened,
    person_of,
    render,
    see_other,
)
from ledger.portal.keyring import Payload
from ledger.portal.logs import Source
from ledger.portal.looks import Looks
from ledger.portal.opinions.entries import TEXT_CHARACTERS_MAX, text_of
from ledger.portal.opinions.model import MAY, Act, NotNow, Opinion, Result, Step, next_steps
from ledger.portal.opinions.register import Register
from ledger.portal.opinions.words import RESULTS, STEPS, state_of
from ledger.portal.proof.packs import chosen
from ledger.portal.route import Route
from ledger.portal.words import NOT_YOURS, Words

REGISTER: Final = web.AppKey("register", Register)
OWN_NAME: Final = "监督方"
_NO_SUCH: Final = Words("没有该编号的意见。", "There is no opinion of that number.")
_BAD: Final = Words(
    f"请填写正文（至多 {TEXT_CHARACTERS_MAX} 字）、记录号和日期。",
    f"Write the text ({TEXT_CHARACTERS_MAX} characters at most), the entries and the dates.",
)


def own_source(looks: Looks) -> Source:
    """The supervisor's own log, for what proves and opens its entries."""
    return Source(OWN_NAME, str(looks.directory), tuple(looks.keys))


async def _list(request: web.Request) -> web.Response:
    today = _today()
    found = sorted(
        request.app[REGISTER].opinions.values(),
        key=lambda each: (each.over, -each.overdue_days(today), each.last_on),
    )
    return render(
        request,
        "opinions.html",
        opinions=found,
        names=_names(request),
        today=today,
        state_of=state_of,
        may_draft=bool(next_steps(None, person_of(request).role, today)),
    )


async def _new(request: web.Request) -> web.Response:
    log, entries = request.query.get("log", ""), request.query.get("entries", "")
    if log not in request.app[SOURCES]:
        log = ""
    return render(request, "opinion_new.html", log=log, entries=entries[:2000])


async def _draft(request: web.Request) -> web.Response:
    form, person = form_of(request), person_of(request)
    source = request.app[SOURCES].get(form.get("log", ""))
    try:
        text = _text(form.get("text", ""))
        if source is None or not text:
            raise FormatError("a field is missing")
        entries = chosen(form.get("entries", ""))
        states = await asyncio.to_thread(request.app[INDEX].states)
        if entries[-1] >= max((each.size for each in states if each.log == source.name), default=0):
            raise FormatError("there is no such entry")
        act = Act(
            Step.DRAFTED,
            "",
            request.app[LOOKS].pseudonyms.of("supervisor", person.name),
            _today(),
            source.origin,
            tuple(entries),
        )
        number = await request.app[REGISTER].draft(act, text, person.name)
    except FormatError:
        raise Problem(400, _BAD) from None
    except NotNow as refused:
        raise Problem(409, refused.words) from None
    return see_other(f"/opinions/{number}")


async def _one(request: web.Request) -> web.Response:
    opinion = _opinion(request)
    names, today = _names(request), _today()
    following = next_steps(opinion, person_of(request).role, today)
    texts = {}
    for taken in request.app[REGISTER].steps(opinion.number):
        texts[taken.index] = await _opened(request, taken.index)
    return render(
        request,
        "opinion.html",
        opinion=opinion,
        steps=request.app[REGISTER].steps(opinion.number),
        texts=texts,
        locked=any(text is None for text in texts.values()),
        name=names.get(opinion.log),
        today=today,
        state=state_of(opinion, today),
        following=[each for each in Step if each in following],
        step_words=STEPS,
        result_words=RESULTS,
        pack_entries=",".join(map(str, opinion.entries)),
        place=f"/logs/{quote(names.get(opinion.log, ''), safe='')}",
    )


async def _opened(request: web.Request, index: int) -> str | None:
    """The text of a step, where this session holds the key."""
    looks = request.app[LOOKS]
    source = own_source(looks)
    try:
        if not await looks.until_public(index):
            return None
        log, proven = await asyncio.to_thread(_proven, source, index)
        payload = await opened(request, source, log, proven)
        return text_of(payload.data) if isinstance(payload, Payload) else None
    except (OSError, LedgerError):
        return None


def _proven(source: Source, index: int) -> tuple[ProvenLog, ProvenEntry]:
    log = ProvenLog(source.reader(), source.keys)
    return log, log.entry(index)


async def _step(request: web.Request) -> web.Response:
    opinion, form, person = _opinion(request), form_of(request), person_of(request)
    try:
        step = Step(form.get("step", ""))
        act = Act(
            step,
            opinion.number,
            request.app[LOOKS].pseudonyms.of("supervisor", person.name),
            _today(),
            due=date.fromisoformat(form["due"]) if form.get("due") else None,
            result=Result(form["result"]) if form.get("result") else None,
        )
        text = _text(form.get("text", ""))
    except ValueError:
        raise Problem(400, _BAD) from None
    if person.role not in MAY[step]:
        raise Problem(403, NOT_YOURS)
    try:
        await request.app[REGISTER].take(act, text, person.name)
    except NotNow as refused:
        raise Problem(409, refused.words) from None
    return see_other(f"/opinions/{opinion.number}")


def _opinion(request: web.Request) -> Opinion:
    found = request.app[REGISTER].opinions.get(request.match_info["number"])
    if found is None:
        raise Problem(404, _NO_SUCH)
    return found


def _names(request: web.Request) -> dict[str, str]:
    """What people call a log, by its origin."""
    return {source.origin: name for name, source in request.app[SOURCES].items()}


def _text(text: str) -> str:
    """Raises `FormatError` for one that is too long."""
    plain = text.replace("\r\n", "\n").strip()
    if len(plain) > TEXT_CHARACTERS_MAX:
        raise FormatError("the text is too long")
    return plain


def _today() -> date:
    return day_of(datetime.now(UTC))


ROUTES: Final = (
    Route("GET", "/opinions", _list),
    Route("GET", "/opinions/new", _new),
    Route("POST", "/opinions/new", _draft),
    Route("GET", "/opinions/{number}", _one),
    Route("POST", "/opinions/{number}", _step),
)
