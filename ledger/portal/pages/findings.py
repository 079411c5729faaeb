"""应封未封 and 解封审查: what the agencies' nightly scans found, read with the unlocked key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ledger.errors import FormatError, LedgerError
from ledger.fields import EntryKind
from ledger.portal.context import (
    INDEX,
    KEYRING,
    PACES,
    SOURCES,
    Index,
    Problem,
    opened,
    person_of,
    record_look,
    render,
)
from ledger.portal.findings.read import UNSEALING, LastScans, Scan, by_rule, part_of
from ledger.portal.index.model import LIMIT_MAX, Position, Query, Row
from ledger.portal.keyring import Payload
from ledger.portal.looks import Look
from ledger.portal.pages.entry import PROVEN, proven_log
from ledger.portal.route import Route
from ledger.portal.words import TOO_OFTEN

ROWS_MAX: Final = 20_000
"""Entries of findings that are looked through for the last of each rule: years of nights."""
KEYS_SHOWN_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Card:
    """What one rule found in one log last time. No ``scans``: locked, or unreadable."""

    log: str
    rule: str
    article: str
    newest: Row
    scans: Sequence[Scan]
    readable: bool


async def _unsealed(request: web.Request) -> web.Response:
    return await _page(request, unsealing=True)


async def _unmarked(request: web.Request) -> web.Response:
    return await _page(request, unsealing=False)


async def _page(request: web.Request, *, unsealing: bool) -> web.Response:
    if request.app[PACES]["search"].wait_seconds(person_of(request).name) > 0:
        raise Problem(429, TOO_OFTEN)
    logs = frozenset(request.app[SOURCES].keys())
    rows = await asyncio.to_thread(_newest, request.app[INDEX], logs)
    await record_look(request, Look.FINDINGS, unsealing=unsealing)
    unlocked = request.app[KEYRING].of(person_of(request).sitting) is not None
    cards = [
        await _card(request, log, rule, found, unlocked=unlocked)
        for (log, rule), found in sorted(by_rule(rows).items())
        if (rule in UNSEALING) is unsealing
    ]
    return render(
        request,
        "findings.html",
        cards=cards,
        unsealing=unsealing,
        unlocked=unlocked,
        keys_max=KEYS_SHOWN_MAX,
    )


async def _card(
    request: web.Request, log: str, rule: str, rows: Sequence[Row], *, unlocked: bool
) -> Card:
    article = rows[0].article or ""
    if not unlocked:
        return Card(log, rule, article, rows[0], (), readable=True)
    source, last = request.app[SOURCES][log], LastScans()
    try:
        for row in rows:
            proven = await asyncio.to_thread(proven_log, request.app[PROVEN], source, row.number)
            entry = await asyncio.to_thread(proven.entry, row.number)
            payload = await opened(request, source, proven, entry)
            if not isinstance(payload, Payload) or not last.add(row.number, part_of(payload.data)):
                break
    except (OSError, LedgerError, FormatError, Problem):
        return Card(log, rule, article, rows[0], (), readable=False)
    return Card(log, rule, article, rows[0], last.scans, readable=bool(last.scans))


def _newest(index: Index, logs: frozenset[str]) -> list[Row]:
    """Blocks."""
    query = Query(logs=logs, kinds=frozenset({EntryKind.FINDING}))
    rows: list[Row] = []
    after: Position | None = None
    while len(rows) < ROWS_MAX:
        page = index.search(query, after, LIMIT_MAX)
        rows += page.rows
        if page.after is None:
            break
        after = page.after
    return rows


ROUTES: Final = (
    Route("GET", "/findings", _unmarked),
    Route("GET", "/unsealings", _unsealed),
)
