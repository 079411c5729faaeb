"""核验: one button, and in plain words what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ledger.note import VerifierKey
from ledger.portal.beijing import beijing, beijing_of
from ledger.portal.context import (
    WITNESSES,
    Check,
    LastCheck,
    record_look,
    render,
    see_other,
    source_of,
)
from ledger.portal.logs import Source
from ledger.portal.looks import Look
from ledger.portal.proof.runs import Runs
from ledger.portal.proof.verdict import Standing
from ledger.portal.proof.verification import Job
from ledger.portal.route import Route

RUNS: Final = web.AppKey("runs", Runs)


def job_of(source: Source, witnesses: Iterable[VerifierKey]) -> Job:
    """What the page has verified."""
    return Job(
        source.place,
        tuple(map(str, source.keys)),
        ca_file=None if source.ca_file is None else str(source.ca_file),
        witnesses=tuple(map(str, witnesses)),
    )


def last_check_of(runs: Runs) -> LastCheck:
    """What other pages say of the last verification of a log."""

    async def last_check(log: str) -> Check | None:
        kept = (await runs.state(log)).kept
        if kept is None:
            return None
        standing = kept.verdict.standing
        good = {Standing.BROKEN: False, Standing.UNSURE: None}.get(standing, True)
        return Check(kept.verdict.words, good, kept.ended_seconds)

    return last_check


def place_of(source: Source) -> str:
    """The address of the page."""
    return f"/logs/{quote(source.name, safe='')}/verification"


async def _page(request: web.Request) -> web.Response:
    source = source_of(request)
    state = await request.app[RUNS].state(source.name)
    return render(
        request,
        "verification.html",
        source=source,
        place=place_of(source),
        state=state,
        kept=state.kept,
        beijing=beijing,
        beijing_of=beijing_of,
    )


async def _start(request: web.Request) -> web.Response:
    source = source_of(request)
    await record_look(request, Look.VERIFY, log=source)
    witnesses = request.app[WITNESSES].get(source.name, ())
    request.app[RUNS].start(source.name, job_of(source, witnesses))
    return see_other(place_of(source))


async def _state(request: web.Request) -> web.Response:
    state = await request.app[RUNS].state(source_of(request).name)
    last: dict[str, object] | None = None
    if (kept := state.kept) is not None:
        last = {
            "standing": kept.verdict.standing,
            "code": kept.verdict.code,
            "index": kept.verdict.index,
            "ended_seconds": kept.ended_seconds,
        }
    return web.json_response(
        {"running": state.running, "done": state.done, "total": state.total, "last": last}
    )


ROUTES: Final = (
    Route("GET", "/logs/{log}/verification", _page),
    Route("POST", "/logs/{log}/verification", _start),
    Route("GET", "/logs/{log}/verification/state", _state),
)
