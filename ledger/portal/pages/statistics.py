"""Statistics (统计): figures of a time for the work report, and the same as a spreadsheet."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final

from aiohttp import web

from ledger.errors import LedgerError
from ledger.fields import EntryKind
from ledger.portal.beijing import beijing, day_of
from ledger.portal.context import (
    INDEX,
    PACES,
    SOURCES,
    Index,
    Problem,
    language_of,
    person_of,
    record_look,
    render,
)
from ledger.portal.index.model import LIMIT_MAX, By, Each, Position, Query, Row, Tally
from ledger.portal.looks import Look
from ledger.portal.opinions.model import Opinion
from ledger.portal.pages.entries import query_of
from ledger.portal.pages.opinions import REGISTER
from ledger.portal.route import Route
from ledger.portal.statistics.figure import Figure, Section, for_outside
from ledger.portal.statistics.printed import Basis, Cover, print_of
from ledger.portal.statistics.report import Counts, figures
from ledger.portal.statistics.sheet import TITLES, WITHHELD, sheet_of
from ledger.portal.statistics.timeliness import (
    TELLING,
    Matter,
    Period,
    applications,
    replies,
    timely,
)
from ledger.portal.words import TOO_OFTEN, Words

ROWS_MAX: Final = 200_000
"""Entries of applications of which it is counted whether they were decided in time."""
RECEIVED_BEFORE_DAYS_MAX: Final = 366
"""How long before the period an application that is due in it can have been received."""
_BAD_DATES: Final = Words("请检查日期。", "Check the dates.")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The time, as two days in China, and whether small cells are withheld."""

    log: str
    since: str
    until: str
    outside: bool


async def _see(request: web.Request) -> web.Response:
    asked = _asked(request)
    report = await _report(request, asked)
    await record_look(request, Look.STATISTICS, filters=_filters(asked))
    highest = max((each.number or 0 for each in report if each.counts), default=0)
    return render(
        request,
        "statistics.html",
        sections=[(key, list(rows)) for key, rows in groupby(report, lambda each: each.section)],
        titles=TITLES,
        withheld=WITHHELD,
        asked=asked,
        highest=max(highest, 1),
    )


async def _sheet(request: web.Request) -> web.Response:
    """For outside: small cells are always withheld."""
    asked = _asked(request)
    report = for_outside(await _report(request, asked))
    await record_look(request, Look.EXPORT, filters=_filters(asked))
    data = sheet_of(report, asked.since, asked.until, language_of(request))
    return web.Response(
        body=data,
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="fengcun-statistics.csv"'},
    )


async def _print(request: web.Request) -> web.Response:
    """The same as PDF, with what it was counted from."""
    asked = _asked(request)
    bases = await asyncio.to_thread(_bases, request.app, sorted(_query(request, asked).logs))
    report = for_outside(await _report(request, asked))
    await record_look(request, Look.EXPORT, filters=_filters(asked), form="pdf")
    made_at = beijing(time.time())
    cover = Cover(asked.since, asked.until, made_at, bases)
    data = await asyncio.to_thread(print_of, report, cover, language_of(request))
    return web.Response(
        body=data,
        content_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="fengcun-statistics.pdf"'},
    )


def _bases(app: web.Application, names: Sequence[str]) -> list[Basis]:
    """Blocks. What each log holds before it is counted."""
    indexed = {each.log: each.size for each in app[INDEX].states()}
    found = []
    for name in names:
        source = app[SOURCES][name]
        size = root = None
        # Figures are from the index, which is there while a log cannot be reached.
        with suppress(LedgerError, OSError):
            checkpoint = source.checkpoint()
            size, root = checkpoint.size, b64encode(checkpoint.root).decode()
        found.append(Basis(name, source.origin, indexed.get(name), size, root))
    return found


def _asked(request: web.Request) -> _Asked:
    """This year, unless other days are named. Raises `Problem`."""
    if request.app[PACES]["search"].wait_seconds(person_of(request).name) > 0:
        raise Problem(429, TOO_OFTEN)
    today = day_of(datetime.now(UTC))
    try:
        since, until = (
            date.fromisoformat(request.query.get(name) or day.isoformat())
            for name, day in (("since", today.replace(month=1, day=1)), ("until", today))
        )
    except ValueError:
        raise Problem(400, _BAD_DATES) from None
    log, outside = request.query.get("log", ""), bool(request.query.get("outside"))
    return _Asked(log, since.isoformat(), until.isoformat(), outside)


def _filters(asked: _Asked) -> dict[str, str]:
    return {"log": asked.log, "since": asked.since, "until": asked.until}


async def _report(request: web.Request, asked: _Asked) -> list[Figure]:
    query = _query(request, asked)
    names = {request.app[SOURCES][name].origin: name for name in query.logs}
    opinions = [each for each in request.app[REGISTER].opinions.values() if each.log in names]
    since, until = (date.fromisoformat(each) for each in (asked.since, asked.until))
    period = Period(since, until, day_of(datetime.now(UTC)))
    report = await asyncio.to_thread(
        _counted, request.app[INDEX], query, opinions, replies(opinions, names), period
    )
    return for_outside(report) if asked.outside else report


def _query(request: web.Request, asked: _Asked) -> Query:
    """Its two moments are the period's. Raises `Problem`."""
    try:
        return query_of(_filters(asked), request.app[SOURCES], None)
    except ValueError:
        raise Problem(400, _BAD_DATES) from None


def _counted(
    index: Index,
    query: Query,
    opinions: list[Opinion],
    answered: tuple[Matter, ...],
    period: Period,
) -> list[Figure]:
    """Blocks."""

    def of(kind: EntryKind) -> Tally:
        return Tally(query.logs, frozenset({kind}), query.since, query.until)

    rows = list(_applications(index, _since_before(query, period)))
    inside = [row for row in rows if query.since is None or row.time >= query.since]
    received = applications(rows)
    decisions = of(EntryKind.DECISION)
    counts = Counts(
        index.count_by(By.VERDICT, Each.MONTH, decisions),
        index.count_by(By.RULE, Each.ALL, replace(decisions, verdict="refuse")),
        index.count_by(By.EVENT, Each.ALL, of(EntryKind.PERMIT)),
        index.count_by(By.EVENT, Each.ALL, of(EntryKind.CERTIFICATE)),
        [
            each
            for each in opinions
            if each.issued_on is not None and period.since <= each.issued_on <= period.until
        ],
        [
            *timely(received.matters, period, Section.PERMITS_BY_MONTH, Section.PERMITS_BY_LOG),
            *timely(answered, period, Section.OPINIONS_BY_MONTH, Section.OPINIONS_BY_LOG),
        ],
        len(applications(inside).without_day),
    )
    return figures(counts)


def _since_before(query: Query, period: Period) -> Query:
    """Also what was received before the period, and may be due in it."""
    try:
        day = period.since - timedelta(days=RECEIVED_BEFORE_DAYS_MAX)
        earlier = query_of({"since": day.isoformat()}, {}, None).since
    except (ValueError, OverflowError):
        earlier = None
    return replace(query, since=earlier)


def _applications(index: Index, query: Query) -> Iterator[Row]:
    """The entries of permits that say when one was received, or decided."""
    pages_left = ROWS_MAX // LIMIT_MAX
    for event in sorted(TELLING):
        asked = replace(query, kinds=frozenset({EntryKind.PERMIT}), event=event)
        after: Position | None = None
        while pages_left:
            page = index.search(asked, after, LIMIT_MAX)
            yield from page.rows
            if page.after is None:
                break
            after, pages_left = page.after, pages_left - 1
        else:
            raise Problem(413, _TOO_MANY)


_TOO_MANY: Final = Words(
    "期间内的许可申请过多，请缩短期间。", "Too many applications: choose less time."
)

ROUTES: Final = (
    Route("GET", "/statistics", _see),
    Route("GET", "/statistics/sheet", _sheet),
    Route("GET", "/statistics/print", _print),
)
