"""The whole of what is served."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

from ledger.accounts.attempts import Failures
from ledger.accounts.codes import Codes
from ledger.accounts.doorkeeper import Doorkeeper
from ledger.accounts.pace import Pace
from ledger.accounts.roster import Roster
from ledger.accounts.sittings import Sitting
from ledger.errors import ConfigurationError
from ledger.evidence.proven import KeyHint
from ledger.header import Header
from ledger.note import VerifierKey
from ledger.portal.access import require_table
from ledger.portal.accounts import ACCOUNTS_FILE, Account, read_accounts
from ledger.portal.context import (
    CLOSING,
    CODES,
    DOORKEEPER,
    FEED,
    INDEX,
    KEYRING,
    LAST_CHECK,
    LOOKS,
    PACES,
    ROSTER,
    SEARCHES,
    SECURE,
    SOURCES,
    STATE,
    WITNESSES,
    Index,
    LastCheck,
)
from ledger.portal.feed import Feed
from ledger.portal.gate import BODY_BYTES_MAX, admitted, answered, with_headers
from ledger.portal.keyring import Keyring
from ledger.portal.logs import Source
from ledger.portal.looks import Look, Looks, NotRecorded, moment
from ledger.portal.opinions.register import Register
from ledger.portal.pages.entry import PROVEN, RULE_WORDS
from ledger.portal.pages.leads import GATHERING
from ledger.portal.pages.opinions import REGISTER
from ledger.portal.pages.pack import MAKING, making
from ledger.portal.pages.verification import RUNS, last_check_of
from ledger.portal.proof.key_hint import key_hint
from ledger.portal.proof.lookup import ProvenLogs
from ledger.portal.proof.runs import Runs
from ledger.portal.route import Route
from ledger.portal.routes import ROUTES
from ledger.portal.searches import Searches

CODES_FILE: Final = "codes.json"
PACES_PER_MINUTE: Final = {"search": (20, 60.0), "person": (10, 10.0), "follow": (6, 12.0)}
"""By what is done, for each account: so many at once, and so many a minute."""
SWEEP_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a portal is made of. `state` holds its accounts; `secure`: it is served over TLS."""

    state: Path
    sources: Mapping[str, Source]
    looks: Looks
    index: Index
    keyring: Keyring
    secure: bool
    last_check: LastCheck | None = None
    """None: what the verifications of this portal came to."""
    witnesses: Mapping[str, tuple[VerifierKey, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    rule_words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Rule -> what its refusal means, in Chinese."""


def application(parts: Parts, routes: Sequence[Route] = ROUTES) -> web.Application:
    """All routes. Made within a running loop. Raises `ConfigurationError`; reads files."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[answered, admitted])
    app.on_response_prepare.append(with_headers)
    state, looks, keyring = parts.state, parts.looks, parts.keyring
    searches, feed = Searches(), Feed(parts.index, parts.sources)
    background = set[asyncio.Task[None]]()

    def told(failures: Failures) -> None:
        task = asyncio.get_running_loop().create_task(_tell(looks, failures))
        background.add(task)
        task.add_done_callback(background.discard)

    def ended(sitting: Sitting[Account]) -> None:
        keyring.drop(sitting)
        searches.drop(sitting)

    app[SOURCES], app[LOOKS], app[SECURE] = parts.sources, looks, parts.secure
    app[INDEX], app[WITNESSES] = parts.index, parts.witnesses
    app[CLOSING] = asyncio.Event()
    app[STATE], app[KEYRING], app[SEARCHES], app[FEED] = state, keyring, searches, feed
    app[PACES] = {
        name: Pace(burst, per_minute, time.monotonic)
        for name, (burst, per_minute) in PACES_PER_MINUTE.items()
    }
    app[REGISTER], app[GATHERING] = Register(looks), asyncio.Lock()
    app[REGISTER].read()
    app[CODES] = Codes(state / CODES_FILE)

    def hint(log: str) -> KeyHint | None:
        return key_hint(parts.index, log)

    app[RUNS], app[PROVEN] = Runs(state / "verification"), ProvenLogs(hint)
    app[LAST_CHECK] = parts.last_check or last_check_of(app[RUNS])
    app[RULE_WORDS], app[MAKING] = parts.rule_words, making(state)
    roster: Roster[Account] = Roster(state / ACCOUNTS_FILE, read_accounts, ConfigurationError)
    doorkeeper = Doorkeeper(roster, told=told, ended=ended)
    app[ROSTER], app[DOORKEEPER] = roster, doorkeeper
    _serve(app, routes)

    async def kept(_: web.Application) -> AsyncIterator[None]:
        work = (_sweep(doorkeeper), _beat(looks), feed.run())
        tasks = [asyncio.create_task(each) for each in work]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app[RUNS].close()
        doorkeeper.close()
        await asyncio.gather(*background)
        await looks.close()

    async def closing(_: web.Application) -> None:
        app[CLOSING].set()

    app.on_shutdown.append(closing)
    app.cleanup_ctx.append(kept)
    return app


def _serve(app: web.Application, routes: Sequence[Route]) -> None:
    """Raises `ConfigurationError` where who may use them is not written down."""
    for route in routes:
        if route.method == "GET":
            app.router.add_get(route.path, route.handle, allow_head=False)
        else:
            app.router.add_post(route.path, route.handle)
    require_table(
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None
    )


async def _tell(looks: Looks, failures: Failures) -> None:
    """Failed sign-ins, in one entry. What people typed as a name is not in it."""
    now = time.time()
    header: Header = {
        "observed_count": failures.count,
        "window_from": moment(failures.since),
        "window_until": moment(now),
    }
    with contextlib.suppress(NotRecorded):
        await looks.write(Look.REFUSED, header, failures.content())


async def _sweep(doorkeeper: Doorkeeper[Account]) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        doorkeeper.sweep()


async def _beat(looks: Looks) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        with contextlib.suppress(NotRecorded):
            await looks.heartbeat()
