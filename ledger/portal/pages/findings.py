"""应封未封 and 解封审查: what the agencies' nightly scans found, read with the unlocked key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from ledger.errors import FormatError, LedgerError
from ledger.fields import EntryKind
from ledger.portal.beijing import day_of
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
from ledger.portal.findings.review import ORIGINS, Review, review_of_key, review_of_order
from ledger.portal.index.model import LIMIT_MAX, Position, Query, Row
from ledger.portal.keyring import Payload
from ledger.portal.looks import Look
from ledger.portal.pages.entry import PROVEN, proven_log
from ledger.portal.route import Route
from ledger.portal.words import TOO_OFTEN

ROWS_MAX: Final = 20_000
"""Entries of findings that are looked through for the last of each rule: years of nights."""
KEYS_SHOWN_MAX: Final = 500
ORDERS_SHOWN_MAX: Final = 200
REVIEWED: Final = "unsealed"
"""The rule whose keys have what a review is reckoned from."""


@dataclass(frozen=True, slots=True)
class Card:
    """What one rule found in one log last time. No ``scans``: locked, or unreadable."""

    log: str
    rule: str
    article: str
    newest: Row
    scans: Sequence[Scan]
    readable: bool

    def reviews(self, scan: Scan) -> Sequence[Review]:
        """Of each row that is shown, where the rule is the one that says enough."""
        if self.rule != REVIEWED:
            return ()
        scanned_on = day_of(datetime.fromisoformat(self.newest.time))
        columns = scan.first.columns
        return [review_of_key(columns, key, scanned_on) for key in scan.keys[:KEYS_SHOWN_MAX]]


@dataclass(frozen=True, slots=True)
class Order:
    """An entry of kind ``unseal``. No ``review``: it is not proved to be in the log."""

    row: Row
    review: Review | None


async def _unsealed(request: web.Request) -> web.Response:
    return await _page(request, unsealing=True)


async def _unmarked(request: web.Request) -> web.Response:
    return await _page(request, unsealing=False)


async def _page(request: web.Request, *, unsealing: bool) -> web.Response:
    if request.app[PACES]["search"].wait_seconds(person_of(request).name) > 0:
        raise Problem(429, TOO_OFTEN)
    logs = frozenset(request.app[SOURCES].keys())
    rows = await asyncio.to_thread(_newest, request.app[INDEX], logs, EntryKind.FINDING, ROWS_MAX)
    found_orders = (
        await asyncio.to_thread(
            _newest, request.app[INDEX], logs, EntryKind.UNSEAL, ORDERS_SHOWN_MAX
        )
        if unsealing
        else []
    )
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
        orders=[await _order(request, row) for row in found_orders[:ORDERS_SHOWN_MAX]],
        orders_left_out=len(found_orders) > ORDERS_SHOWN_MAX,
        origins=ORIGINS,
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


async def _order(request: web.Request, row: Row) -> Order:
    source = request.app[SOURCES][row.log]
    try:
        proven = await asyncio.to_thread(proven_log, request.app[PROVEN], source, row.number)
        entry = (await asyncio.to_thread(proven.entry, row.number)).entry
    except (OSError, LedgerError, Problem):
        return Order(row, None)
    if entry.kind is not EntryKind.UNSEAL:
        return Order(row, None)
    return Order(row, review_of_order(entry.header, day_of(datetime.fromisoformat(entry.time))))


def _newest(index: Index, logs: frozenset[str], kind: EntryKind, most: int) -> list[Row]:
    """Blocks. Of that kind the newest first, and no page more once there are so many."""
    query = Query(logs=logs, kinds=frozenset({kind}))
    rows: list[Row] = []
    after: Position | None = None
    while len(rows) <= most:
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
