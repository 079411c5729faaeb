"""Leads (违规查询线索): what accesses of a time look as if somebody should ask."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import web

from ledger.portal.beijing import day_of
from ledger.portal.context import (
    INDEX,
    PACES,
    SOURCES,
    Problem,
    person_of,
    record_look,
    render,
    wants_json,
)
from ledger.portal.leads.gather import gather
from ledger.portal.leads.model import Lead, Limits
from ledger.portal.leads.words import TITLES, said
from ledger.portal.looks import Look
from ledger.portal.pages.entries import query_of
from ledger.portal.route import Route
from ledger.portal.words import TOO_OFTEN, Words

GATHERING: Final = web.AppKey("gathering", asyncio.Lock)
"""Held while a list is made: it takes a core for seconds."""
DAYS: Final = 30
"""That are looked at where nothing else is asked for."""
_BAD_DATES: Final = Words("请检查日期。", "Check the dates.")


async def _see(request: web.Request) -> web.Response:
    if request.app[PACES]["search"].wait_seconds(person_of(request).name) > 0:
        raise Problem(429, TOO_OFTEN)
    given = {name: request.query.get(name, "") for name in ("log", "since", "until")}
    if not given["since"]:
        given["since"] = _day_before(DAYS)
    try:
        query = query_of(given, request.app[SOURCES], None)
    except ValueError:
        raise Problem(400, _BAD_DATES) from None
    index, limits = request.app[INDEX], Limits()
    async with request.app[GATHERING]:
        found = await asyncio.to_thread(gather, index, query.logs, query.since, query.until, limits)
    shown: dict[str, int] = {}
    for lead in found.leads:
        shown[lead.rule] = shown.get(lead.rule, 0) + 1
    await record_look(request, Look.LEADS, filters=given, shown=shown)
    if wants_json(request):
        leads = [lead_json(lead) for lead in found.leads]
        return web.json_response(
            {"leads": leads, "rows_count": found.rows_count, "back_to": found.back_to}
        )
    return render(
        request, "leads.html", found=found, given=given, titles=TITLES, said=said, limits=limits
    )


def lead_json(lead: Lead) -> dict[str, object]:
    """For programs."""
    return {
        "rule": lead.rule,
        "log": lead.log,
        "day": lead.day,
        "operator": lead.who.operator,
        "account": lead.who.account,
        "principals": list(lead.principals),
        "count": lead.count,
        "limit": lead.limit,
        "entries": list(lead.entries),
    }


def _day_before(days: int) -> str:
    """YYYY-MM-DD in China."""
    return (day_of(datetime.now(UTC)) - timedelta(days=days)).isoformat()


ROUTES: Final = (Route("GET", "/leads", _see),)
