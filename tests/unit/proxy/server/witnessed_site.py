"""A small ledger whose settings name a real witness, which listens or does not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Middleware

from ledger.keys import load_verifier_keys
from ledger.witness.service import application
from ledger.witness.state import init_witness, watch_log
from ledger.witness.witness import Witness
from proxy.settings.service import Ledger
from proxy.settings.service import Witness as WitnessSettings
from tests.unit.proxy.server.site import make_ledger
from tests.world import HOST


class Supervised:
    """The log's settings, and the witness's own directory."""

    def __init__(self, directory: Path, **more: object) -> None:
        self.ledger: Ledger = make_ledger(directory)
        self._home = directory / "witness"
        init_witness(self._home, "procuratorate.example/w1")
        (key,) = load_verifier_keys([self.ledger.keys / "log.vkey"])
        watch_log(self._home, key)
        self.say(url=f"http://{HOST}:1", **more)

    def say(self, **more: object) -> None:
        """Other keys in its table."""
        known = {} if self.ledger.witness is None else self.ledger.witness.model_dump()
        table = {"key_file": self._home / "witness.vkey", "interval_ms": 20, **known, **more}
        witness = WitnessSettings.model_validate(table)
        self.ledger = self.ledger.model_copy(update={"witness": witness})

    @asynccontextmanager
    async def answered(
        self, app: web.Application | None = None, *, before: Sequence[Middleware] = ()
    ) -> AsyncIterator[None]:
        """By the witness, or by another in its place; `before` it is asked."""
        witness = Witness(self._home, time.time)
        served = app or application(witness)
        served.middlewares.extend(before)
        runner = web.AppRunner(served, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        self.say(url=f"http://{HOST}:{runner.addresses[0][1]}")
        try:
            yield
        finally:
            await runner.cleanup()
            witness.close()
