"""The whole of what is served."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from aiohttp import web

from ledger.accounts.attempts import Failures
from ledger.accounts.codes import Codes
from ledger.accounts.doorkeeper import Doorkeeper
from ledger.accounts.roster import Roster
from ledger.errors import ConfigurationError
from ledger.header import Header
from ledger.portal.access import require_table
from ledger.portal.accounts import Account, read_accounts
from ledger.portal.context import CODES, DOORKEEPER, LOOKS, SECURE, SOURCES, Source
from ledger.portal.gate import BODY_BYTES_MAX, admitted, answered, with_headers
from ledger.portal.looks import Look, Looks, NotRecorded, moment
from ledger.portal.pages.verification import RUNS
from ledger.portal.proof.runs import Runs
from ledger.portal.route import Route
from ledger.portal.routes import ROUTES

ACCOUNTS_FILE: Final = "accounts.toml"
CODES_FILE: Final = "codes.json"
SWEEP_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 60.0
_log = logging.getLogger(__name__)


def application(
    state: Path,
    sources: Mapping[str, Source],
    looks: Looks,
    *,
    secure: bool,
    routes: Sequence[Route] = ROUTES,
) -> web.Application:
    """All routes. Made within a running loop. Raises `ConfigurationError`; reads files."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[answered, admitted])
    app.on_response_prepare.append(with_headers)
    background = set[asyncio.Task[None]]()

    def told(failures: Failures) -> None:
        task = asyncio.get_running_loop().create_task(_tell(looks, failures))
        background.add(task)
        task.add_done_callback(background.discard)

    app[SOURCES], app[LOOKS], app[SECURE] = sources, looks, secure
    app[CODES] = Codes(state / CODES_FILE)
    app[RUNS] = Runs(state / "verification")
    roster: Roster[Account] = Roster(state / ACCOUNTS_FILE, read_accounts, ConfigurationError)
    doorkeeper = Doorkeeper(roster, told=told)
    app[DOORKEEPER] = doorkeeper
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

    async def kept(_: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_sweep(doorkeeper)), asyncio.create_task(_beat(looks))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await app[RUNS].close()
        doorkeeper.close()
        await asyncio.gather(*background)
        await looks.close()

    app.cleanup_ctx.append(kept)
    return app


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
