"""Where the desk is served: TLS or a place that nobody else reaches, and how long one may take.

One request a connection, and a connection has a few seconds until its request is there: who opens
many, or sends slowly, holds a bounded number of places and no thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from ledger.accounts.connections import HANDSHAKE_SECONDS_MAX, Arrivals, Limits
from proxy.desk.doorkeeper import Doorkeeper, Findings
from proxy.desk.front.application import NO_PAGES, TABLES, Page, application
from proxy.desk.front.routes import Desk, Front, Tables
from proxy.desk.officers import Roster
from proxy.desk.rules import Terms
from proxy.errors import ConfigurationError
from proxy.settings.desk import Desk as DeskSettings
from proxy.telemetry.metrics import Metrics

_CLOSE_SECONDS_MAX: Final = 5.0
_SOCKET_MODE: Final = 0o660
# Whoever sends garbage must not fill the log with what aiohttp thinks of it.
_quiet = logging.getLogger(f"{__name__}.aiohttp")
_quiet.setLevel(logging.CRITICAL + 1)


_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Listener:
    """A desk that is served; `port` is the real one where 0 was asked for."""

    port: int
    _server: asyncio.Server
    _runner: web.AppRunner
    _doorkeeper: Doorkeeper
    _settings: DeskSettings
    _context: ssl.SSLContext | None

    def reload(self) -> None:
        """Read the certificate again, for connections from now on. Blocks. Raises
        `ConfigurationError`."""
        if self._context is not None:
            _load(self._context, self._settings)

    async def close(self) -> None:
        """Take no more, finish what is under way, and tell the ledger the last of it."""
        self._server.close()
        await self._runner.cleanup()
        self._doorkeeper.close()


async def open_front(
    settings: DeskSettings,
    desk: Desk,
    terms: Terms,
    recorder: Findings,
    metrics: Metrics,
    *,
    tables: Tables = TABLES,
    pages: Mapping[str, Page] = NO_PAGES,
    limits: Limits = _LIMITS,
) -> Listener:
    """Serve `desk`. `settings` has an officers_file. Raises `ConfigurationError`."""
    assert settings.officers_file is not None
    roster = await asyncio.to_thread(Roster, settings.officers_file)
    context = await asyncio.to_thread(_tls, settings)
    doorkeeper = Doorkeeper(roster, recorder, metrics)
    arrivals = Arrivals(limits)
    app = application(Front(desk, doorkeeper, terms, secure=context is not None), tables, pages)
    app.middlewares.insert(0, arrivals.begun)
    runner = web.AppRunner(app, access_log=None, logger=_quiet, shutdown_timeout=_CLOSE_SECONDS_MAX)
    await runner.setup()
    handlers = runner.server
    assert handlers is not None

    try:
        server = await _listen(settings, arrivals.protocols(handlers), context)
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError(
            f"[desk] {settings.host}:{settings.port} cannot be listened on: {error.strerror}"
        ) from None
    port = 0 if settings.host.startswith("/") else server.sockets[0].getsockname()[1]
    return Listener(port, server, runner, doorkeeper, settings, context)


async def _listen(
    settings: DeskSettings,
    connected: Callable[[], asyncio.Protocol],
    context: ssl.SSLContext | None,
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if settings.host.startswith("/"):
        return await loop.create_unix_server(connected, sock=_unix_socket(Path(settings.host)))
    handshake = None if context is None else HANDSHAKE_SECONDS_MAX
    return await loop.create_server(
        connected, settings.host, settings.port, ssl=context, ssl_handshake_timeout=handshake
    )


def _unix_socket(path: Path) -> socket.socket:
    """Bound, for the service and its group; in the place of one that was left there."""
    with contextlib.suppress(FileNotFoundError):
        if path.is_socket():
            path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    bound.setblocking(False)
    # Made for the service alone, and opened to its group once it is there.
    before = os.umask(0o177)
    try:
        bound.bind(str(path))
        path.chmod(_SOCKET_MODE)
    except BaseException:
        bound.close()
        raise
    finally:
        os.umask(before)
    return bound


def _tls(settings: DeskSettings) -> ssl.SSLContext | None:
    if settings.certificate_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    _load(context, settings)
    return context


def _load(context: ssl.SSLContext, settings: DeskSettings) -> None:
    assert settings.certificate_file is not None
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file, password=_none)
    except (OSError, ValueError):
        raise ConfigurationError(
            f"[desk] cannot use {settings.certificate_file} with {settings.key_file}"
        ) from None


def _none() -> str:
    raise ValueError("a key with a passphrase cannot be used")
