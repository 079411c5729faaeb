"""Statistics (统计): figures of a time for the work report, and the same as a spreadsheet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Final

from aiohttp import web

from ledger.fields import EntryKind
from ledger.portal.beijing import day_of
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
from ledger.portal.index.model import By, Each, Query, Tally
from ledger.portal.looks import Look
from ledger.portal.opinions.model import Opinion
from ledger.portal.pages.entries import query_of
from ledger.portal.pages.opinions import REGISTER
from ledger.portal.route import Route
from ledger.portal.statistics.report import Counts, Figure, figures, for_outside
from ledger.portal.statistics.sheet import TITLES, WITHHELD, sheet_of
from ledger.portal.words import TOO_OFTEN, Words

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
    highest = max((each.number or 0 for each in report if not each.days), default=0)
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
    try:
        query = query_of(_filters(asked), request.app[SOURCES], None)
    except ValueError:
        raise Problem(400, _BAD_DATES) from None
    origins = {request.app[SOURCES][name].origin for name in query.logs}
    opinions = [
        each
        for each in request.app[REGISTER].opinions.values()
        if each.log in origins
        and each.issued_on is not None
        and asked.since <= each.issued_on.isoformat() <= asked.until
    ]
    report = await asyncio.to_thread(_counted, request.app[INDEX], query, opinions)
    return for_outside(report) if asked.outside else report


def _counted(index: Index, query: Query, opinions: list[Opinion]) -> list[Figure]:
    """Blocks."""

    def of(kind: EntryKind) -> Tally:
        return Tally(query.logs, frozenset({kind}), query.since, query.until)

    decisions = of(EntryKind.DECISION)
    counts = Counts(
        index.count_by(By.VERDICT, Each.MONTH, decisions),
        index.count_by(By.RULE, Each.ALL, replace(decisions, verdict="refuse")),
        index.count_by(By.EVENT, Each.ALL, of(EntryKind.PERMIT)),
        index.count_by(By.EVENT, Each.ALL, of(EntryKind.CERTIFICATE)),
        opinions,
    )
    return figures(counts)


ROUTES: Final = (
    Route("GET", "/statistics", _see),
    Route("GET", "/statistics/sheet", _sheet),
)
