"""`fengcun portal` at work: from what was given on the command line to a signal."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer
from aiohttp import web

from ledger.accounts.connections import HANDSHAKE_SECONDS_MAX, Arrivals, Limits
from ledger.errors import ConfigurationError
from ledger.keys import load_verifier_keys, load_witness_key
from ledger.note import VerifierKey
from ledger.portal.application import Parts, application
from ledger.portal.index.index import Index
from ledger.portal.keyring import Keyring
from ledger.portal.listening import Listening, tls_context
from ledger.portal.logs import Source, source_of, sources_of
from ledger.portal.looks import Looks

INDEX_FOLDER: Final = "index"
CLOSE_SECONDS_MAX: Final = 5.0
# Whoever sends garbage must not fill the log with what aiohttp thinks of it.
_quiet = logging.getLogger(f"{__name__}.aiohttp")
_quiet.setLevel(logging.CRITICAL + 1)


def sources_given(logs: list[str], keys: list[str], ca_file: Path | None) -> dict[str, Source]:
    """Raises `ConfigurationError`."""
    files = _by_name(keys, "--key")
    sources = []
    for name, places in _by_name(logs, "--log").items():
        if len(places) > 1:
            raise ConfigurationError(f"two logs are named {name}")
        if name not in files:
            raise ConfigurationError(f"--key {name}=FILE is missing: the public key of that log")
        texts = [str(each) for each in load_verifier_keys([Path(f) for f in files.pop(name)])]
        sources.append(source_of(name, places[0], texts, ca_file=ca_file))
    if files:
        raise ConfigurationError(f"--key {next(iter(files))}=...: no --log has that name")
    return sources_of(sources)


def witnesses_given(
    witnesses: list[str], sources: Mapping[str, Source]
) -> dict[str, tuple[VerifierKey, ...]]:
    """Raises `ConfigurationError`."""
    found = _by_name(witnesses, "--witness")
    if unknown := found.keys() - sources.keys():
        raise ConfigurationError(f"--witness {min(unknown)}=...: no --log has that name")
    return {
        name: tuple(load_witness_key(Path(file)) for file in files) for name, files in found.items()
    }


def _by_name(given: list[str], option: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise ConfigurationError(f"{option} is NAME=..., e.g. {option} 公安=/srv/police")
        found.setdefault(name, []).append(value)
    return found


async def run(
    place: Listening,
    state: Path,
    sources: Mapping[str, Source],
    witnesses: Mapping[str, tuple[VerifierKey, ...]],
    identity: Path | None,
    rule_words: Mapping[str, str],
) -> None:
    """Serve until a signal. Raises `LedgerError`."""
    tls = await asyncio.to_thread(tls_context, place)
    keyring = await asyncio.to_thread(Keyring, identity, time.monotonic)
    looks = await asyncio.to_thread(Looks, state)
    index = await asyncio.to_thread(Index.open, state / INDEX_FOLDER, sources)
    parts = Parts(
        state, sources, looks, index, keyring, secure=place.secure, witnesses=witnesses,
        rule_words=rule_words,
    )  # fmt: skip
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    app, arrivals = application(parts), Arrivals(Limits())
    app.middlewares.insert(0, arrivals.begun)
    runner = web.AppRunner(app, access_log=None, logger=_quiet, shutdown_timeout=CLOSE_SECONDS_MAX)
    try:
        await runner.setup()
        server = await _listen(place, arrivals, runner, tls)
        typer.echo(f"监督平台就绪 / portal ready: {place.url}", err=True)
        await stopping.wait()
        server.close()
    finally:
        await runner.cleanup()
        await asyncio.to_thread(index.close)


async def _listen(
    place: Listening, arrivals: Arrivals, runner: web.AppRunner, tls: ssl.SSLContext | None
) -> asyncio.Server:
    """Raises `ConfigurationError`."""
    assert runner.server is not None
    handshake = None if tls is None else HANDSHAKE_SECONDS_MAX
    try:
        return await asyncio.get_running_loop().create_server(
            arrivals.protocols(runner.server), place.host, place.port, ssl=tls,
            ssl_handshake_timeout=handshake,
        )  # fmt: skip
    except OSError as error:
        raise ConfigurationError(
            f"{place.host}:{place.port} cannot be listened on: {error.strerror}"
        ) from None
