"""一次访问的全貌: one entry of a log, with all that belongs to it, and its check in the browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ledger.errors import FormatError, LedgerError
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.fields import EntryKind
from ledger.portal.beijing import day_of
from ledger.portal.context import (
    KEYRING,
    Problem,
    opened,
    person_of,
    record_look,
    render,
    source_of,
)
from ledger.portal.keyring import Closed, pseudonyms_of
from ledger.portal.logs import Source
from ledger.portal.looks import Look
from ledger.portal.opinions.words import state_of
from ledger.portal.pages.opinions import REGISTER
from ledger.portal.proof.lookup import Around, ProvenLogs, around
from ledger.portal.proof.one_access import (
    MEANING_OF_STANDINGS,
    STANDINGS,
    Context,
    Opened,
    Seen,
    seen,
)
from ledger.portal.proof.receipts import receipts_of
from ledger.portal.route import Route
from ledger.portal.words import Words

PROVEN: Final = web.AppKey("proven", ProvenLogs)
RULE_WORDS: Final = web.AppKey("rule_words", Mapping[str, str])
"""Rule -> what its refusal means, in Chinese, as the policy's wording has it."""

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_NO_SUCH: Final = Words(
    "账本中没有这一号记录，或者尚未发布。", "There is no such entry, or it is not published yet."
)
_UNREADABLE: Final = Words(
    "账本无法读取，不能确认。", "The log cannot be read: nothing is confirmed."
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was proved; `around` is None where the entry itself could not be, and `why` says so."""

    log: ProvenLog
    around: Around | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What the template shows of an access."""

    main: Seen
    closed: Words | None
    decision: Seen | None
    outcome: Seen | None
    permits: Sequence[Seen]
    neighbours: Sequence[Seen]
    unproved: Sequence[int]


def index_of(request: web.Request) -> int:
    """Raises `HTTPNotFound` for what is no number of an entry."""
    text = request.match_info["index"]
    if _INDEX.fullmatch(text) is None:
        raise web.HTTPNotFound
    return int(text)


def place_of(source: Source, index: int) -> str:
    """The address of an entry's page."""
    return f"/logs/{quote(source.name, safe='')}/entries/{index}"


def proven_log(logs: ProvenLogs, source: Source, index: int) -> ProvenLog:
    """Blocks. A log that holds the entry. Raises `Problem`."""
    try:
        log = logs.log(source.name, source.reader(), source.keys, index)
    except (OSError, LedgerError):
        raise Problem(502, _UNREADABLE) from None
    if index >= log.size:
        raise Problem(404, _NO_SUCH)
    return log


def _find(logs: ProvenLogs, source: Source, index: int) -> Found:
    log = proven_log(logs, source, index)
    try:
        return Found(log, around(log, index))
    except (OSError, LedgerError) as error:
        return Found(log, None, str(error))


async def _page(request: web.Request) -> web.Response:
    source, index = source_of(request), index_of(request)
    found = await asyncio.to_thread(_find, request.app[PROVEN], source, index)
    await record_look(request, Look.ENTRY, log=source, entries=_shown(index, found))
    view = None if found.around is None else await _view(request, source, found.log, found.around)
    today = day_of(datetime.now(UTC))
    return render(
        request,
        "entry.html",
        source=source,
        index=index,
        size=found.log.size,
        place=place_of(source, index),
        why=found.why,
        view=view,
        standings=STANDINGS,
        meanings=MEANING_OF_STANDINGS,
        opinions=[
            (each, state_of(each, today))
            for each in request.app[REGISTER].about(source.origin, index)
        ],
    )


def _shown(index: int, found: Found) -> list[int]:
    """Numbers of all entries that the page shows something of."""
    here = found.around
    if here is None:
        return [index]
    others = [each for each in (here.decision, here.outcome) if each is not None]
    return [index, *(each.index for each in (*others, *here.permits, *here.neighbours))]


async def _view(request: web.Request, source: Source, log: ProvenLog, found: Around) -> View:
    context = Context(request.app.get(RULE_WORDS, MappingProxyType({})))
    main, closed = await _opened_view(request, source, log, found.entry, context)
    decision = None
    if found.decision is not None:
        decision, _ = await _opened_view(request, source, log, found.decision, context)
    permits = [
        (await _opened_view(request, source, log, each, context))[0] for each in found.permits
    ]

    def plain(each: ProvenEntry) -> Seen:
        return seen(each.index, each.entry, None, context)

    outcome = None if found.outcome is None else plain(found.outcome)
    neighbours = [plain(each) for each in found.neighbours]
    return View(main, closed, decision, outcome, permits, neighbours, found.unproved)


async def _opened_view(
    request: web.Request, source: Source, log: ProvenLog, proven: ProvenEntry, context: Context
) -> tuple[Seen, Words | None]:
    """With the payload, where there is one and this session's key opens it; else why not."""
    if proven.entry.payload is None:
        return seen(proven.index, proven.entry, None, context), None
    payload = await opened(request, source, log, proven)
    if isinstance(payload, Closed):
        return seen(proven.index, proven.entry, None, context), payload.why
    identity = request.app[KEYRING].of(person_of(request).sitting)
    pseudonym = None
    if identity is not None and proven.entry.kind is EntryKind.DECISION:
        try:
            pseudonym = (await asyncio.to_thread(pseudonyms_of, identity, log)).of
        except FormatError:
            pseudonym = None
    given = Opened(payload.data, pseudonym)
    return seen(proven.index, proven.entry, given, context), None


async def _receipts(request: web.Request) -> web.Response:
    source, index = source_of(request), index_of(request)
    log = await asyncio.to_thread(proven_log, request.app[PROVEN], source, index)
    await record_look(request, Look.ENTRY, log=source, entries=[index])
    try:
        found = await asyncio.to_thread(receipts_of, log, index)
    except (OSError, LedgerError):
        return web.json_response({"receipt": None}, status=502)
    return web.json_response(found.as_json())


ROUTES: Final = (
    Route("GET", "/logs/{log}/entries/{index}", _page),
    Route("GET", "/logs/{log}/entries/{index}/receipts", _receipts),
)
