"""监督方自身的记录: who of the supervisors looked at what, out of the portal's own log."""

from __future__ import annotations

import asyncio
import re
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from ledger.errors import LedgerError
from ledger.evidence.proven import ProvenLog
from ledger.fields import EntryKind
from ledger.portal.beijing import beijing
from ledger.portal.context import (
    KEYRING,
    LOOKS,
    PACES,
    ROSTER,
    SOURCES,
    Problem,
    person_of,
    record_look,
    render,
    see_other,
)
from ledger.portal.logs import Source
from ledger.portal.looks import Look
from ledger.portal.own_log import LOOKS as EVENTS
from ledger.portal.own_log import Asked, Listed, listed, payloads, row_of
from ledger.portal.pages.entry import PROVEN
from ledger.portal.pages.opinions import own_source
from ledger.portal.pages.verification import RUNS, job_of
from ledger.portal.proof.lookup import ProvenLogs
from ledger.portal.route import Route
from ledger.portal.words import KINDS, ROLES, TOO_OFTEN, Words

OWN: Final = "/own"
"""What it is kept under beside the agencies' logs: none of them can have such a name."""
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_ACCOUNT: Final = re.compile(r"[\w.-]{1,32}")
_FILTERS: Final = {
    **{event.value: words for event, words in EVENTS.items()},
    **{kind.value: KINDS[kind] for kind in (EntryKind.OPINION, EntryKind.REPLY)},
}
_BAD_FILTER: Final = Words(
    "查询条件不正确，请检查事项和账户。",
    "These conditions cannot be understood: check the matter and the account.",
)
_UNREADABLE: Final = Words(
    "监督方自身的记录无法读取，不能确认。请核验，并联系管理员。",
    "The supervisor's own record cannot be read: nothing is confirmed. Verify it, and tell the"
    " administrator.",
)


async def _see(request: web.Request) -> web.Response:
    """This look is in the record, and the first in the list that it shows."""
    app, person = request.app, person_of(request)
    if app[PACES]["search"].wait_seconds(person.name) > 0:
        raise Problem(429, TOO_OFTEN)
    looks, given = app[LOOKS], {name: request.query.get(name, "") for name in _ASKED}
    asked, before = _asked(request, given)
    source = own_source(looks)
    # As a pseudonym: whatever was typed for an account is written nowhere.
    filters = {**given, "account": asked.by}
    index = await record_look(request, Look.OWN, log=source, filters=filters)
    complete = await looks.until_public(index)
    try:
        log, found = await asyncio.to_thread(_read, app[PROVEN], source, index, asked, before)
    except (OSError, LedgerError):
        raise Problem(502, _UNREADABLE) from None
    identity, opened = app[KEYRING].of(person.sitting), {}
    if identity is not None:
        opened = await asyncio.to_thread(payloads, identity, log, found.proven)
    if opened:
        await record_look(request, Look.PAYLOAD, log=source, entries=sorted(opened))
    accounts = sorted(app[ROSTER].accounts)
    names = {looks.pseudonyms.of("supervisor", name): name for name in accounts}
    logs = {each.origin: name for name, each in app[SOURCES].items()}
    older = None if found.before is None else {**given, "before": str(found.before)}
    return render(
        request,
        "looks.html",
        rows=[row_of(each, names, logs, opened.get(each.index)) for each in found.proven],
        unproved=found.unproved,
        complete=complete,
        given=given,
        events=_FILTERS,
        accounts=accounts,
        roles={role.value: words for role, words in ROLES.items()},
        newest=before is None,
        older=None if older is None else urlencode({k: v for k, v in older.items() if v}),
        beginning=urlencode({k: given[k] for k in ("event", "account") if given[k]}),
        origin=looks.origin,
        state=await app[RUNS].state(OWN),
        beijing=beijing,
    )


_ASKED: Final = ("event", "account", "before")


def _asked(request: web.Request, given: dict[str, str]) -> tuple[Asked, int | None]:
    """Raises `Problem`. An account may be one that is gone: its looks are not."""
    event, account, before = (given[name] for name in _ASKED)
    if (
        (event and event not in _FILTERS)
        or (account and _ACCOUNT.fullmatch(account) is None)
        or (before and _INDEX.fullmatch(before) is None)
    ):
        raise Problem(400, _BAD_FILTER)
    by = request.app[LOOKS].pseudonyms.of("supervisor", account) if account else ""
    return Asked(event, by), int(before) if before else None


def _read(
    logs: ProvenLogs, source: Source, index: int, asked: Asked, before: int | None
) -> tuple[ProvenLog, Listed]:
    log = logs.log(OWN, source.reader(), source.keys, index)
    return log, listed(log, asked, before)


async def _verify(request: web.Request) -> web.Response:
    source = own_source(request.app[LOOKS])
    await record_look(request, Look.VERIFY, log=source)
    request.app[RUNS].start(OWN, job_of(source, ()))
    return see_other("/looks")


ROUTES: Final = (
    Route("GET", "/looks", _see),
    Route("POST", "/looks/verification", _verify),
)
