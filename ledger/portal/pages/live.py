"""What is recorded right now, as it comes: server-sent events (WHATWG HTML, section 9.2).

In the portal's own log stand where somebody began to follow and where they had come to. Not each
group of rows: whoever follows that log, too, would never see the end of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from ledger.portal.context import (
    CLOSING,
    FEED,
    INDEX,
    LOOKS,
    PACES,
    Problem,
    language_of,
    person_of,
    record_look,
    render,
)
from ledger.portal.index.model import Page, Position, Row
from ledger.portal.looks import Look, NotRecorded
from ledger.portal.rendering import beijing
from ledger.portal.route import Route
from ledger.portal.rows import gist_of
from ledger.portal.words import KINDS, OF_STATUS, TOO_OFTEN, Language

LIMIT: Final = 50
WAIT_SECONDS_MAX: Final = 15.0


async def _see(request: web.Request) -> web.Response:
    """From now on; the first rows come with the events."""
    start = await asyncio.to_thread(request.app[INDEX].end)
    return render(request, "live.html", start=str(start))


async def _events(request: web.Request) -> web.StreamResponse:
    """One event for each group of rows; its id is where to go on after a break."""
    if request.app[PACES]["follow"].wait_seconds(person_of(request).name) > 0:
        raise Problem(429, TOO_OFTEN)
    try:
        given = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        after = Position.parse(given)
    except ValueError:
        raise Problem(400, OF_STATUS[400]) from None
    await record_look(request, Look.FOLLOW, since=str(after))
    response = web.StreamResponse()
    response.content_type, response.charset = "text/event-stream", "utf-8"
    await response.prepare(request)
    reached = after
    try:
        async for page in _pages(request, after):
            if page is None:
                await response.write(b": nothing new\n\n")
                continue
            reached = page.after or reached
            await response.write(_event(page, reached, language_of(request)))
    except ConnectionError:
        pass
    finally:
        # Where it cannot be recorded nothing more is shown, and what was is in the first entry.
        with contextlib.suppress(NotRecorded):
            await record_look(request, Look.FOLLOW, since=str(after), until=str(reached))
    return response


async def _pages(request: web.Request, after: Position) -> AsyncIterator[Page | None]:
    """Until the session or the portal ends; None now and then, where there is nothing new."""
    app, sitting = request.app, person_of(request).sitting
    while not (app[CLOSING].is_set() or sitting.over or app[LOOKS].failed):
        page = await asyncio.to_thread(app[INDEX].tail, after, LIMIT)
        if page.after is None or page.after == after:
            yield None
            await app[FEED].news(WAIT_SECONDS_MAX)
            continue
        after = page.after
        yield page


def _event(page: Page, reached: Position, language: Language) -> bytes:
    rows = json.dumps([_shown(row, language) for row in page.rows], ensure_ascii=False)
    return f"id: {reached}\ndata: {rows}\n\n".encode()


def _shown(row: Row, language: Language) -> dict[str, object]:
    kind = KINDS.get(row.kind) if row.kind is not None else None
    return {
        "log": row.log,
        "number": row.number,
        "time": beijing(row.time),
        "kind": "—" if kind is None else kind.to(language),
        "gist": gist_of(row).to(language),
        "bad": row.flaw is not None,
    }


ROUTES: Final = (Route("GET", "/live", _see), Route("GET", "/live/events", _events))
