"""``/metrics`` and ``/healthz`` on an address of their own, away from the applications' port."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from proxy.errors import ConfigurationError

_HEADERS: Final = {"Cache-Control": "no-store", "Server": "fengcun"}


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the service may be sent applications.

    `ready`: listening, policy in force. `ledger`: the ledger can append. `catalogue`: every
    database answered and its catalogue is known. `policy`: the policy fits every database, so that
    nothing is refused because nobody knows what it would mean. `witness`: it cosigned lately, or
    none is asked over a network.
    """

    ready: bool
    ledger: bool
    catalogue: bool
    policy: bool
    witness: bool = True

    @property
    def healthy(self) -> bool:
        """All of them."""
        return self.ready and self.ledger and self.catalogue and self.policy and self.witness


class AddressUnusable(ConfigurationError):
    """The address of ``[metrics]`` is taken, or is not one of this machine."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running endpoint; `port` is the real one where 0 was asked for."""

    port: int
    _runner: web.AppRunner

    async def close(self) -> None:
        """Stop listening and finish what is being answered."""
        await self._runner.cleanup()


async def start_endpoint(
    host: str,
    port: int,
    *,
    exposition: Callable[[], bytes],
    health: Callable[[], Awaitable[Health]],
) -> Endpoint:
    """Serve on `host`:`port`. Raises `AddressUnusable`."""
    runner = web.AppRunner(build_app(exposition, health), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise AddressUnusable(_explain(host, port, error)) from error
    return Endpoint(port=runner.addresses[0][1], _runner=runner)


def build_app(
    exposition: Callable[[], bytes], health: Callable[[], Awaitable[Health]]
) -> web.Application:
    """The two pages. `exposition` may read files, so it is called in a thread."""

    async def metrics(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(exposition)
        return web.Response(body=body, headers={**_HEADERS, "Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_request: web.Request) -> web.Response:
        now = await health()
        return web.json_response(asdict(now), status=200 if now.healthy else 503, headers=_HEADERS)

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", healthz)
    return app


def _explain(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            why = "is in use: stop the other process or choose another port"
        case errno.EADDRNOTAVAIL:
            why = "is not an address of this machine"
        case errno.EACCES | errno.EPERM:
            why = "needs privileges: choose a port above 1023"
        case _:
            why = "cannot be listened on"
    return f"[metrics] {host}:{port} {why}"
