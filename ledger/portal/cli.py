"""`fengcun portal`: the supervisor's pages, on the supervisor's own machine.

Exit codes as for `fengcun ledger`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from aiohttp import web

from ledger.commands.app import (
    JsonOption,
    PassphraseFileOption,
    ProtectOption,
    chosen_passphrase,
    plain_errors,
    print_json,
)
from ledger.errors import ConfigurationError
from ledger.keys import load_recipients, load_verifier_keys, load_witness_key
from ledger.note import VerifierKey
from ledger.portal.accounts_cli import StateOption, account_app
from ledger.portal.application import Parts, application
from ledger.portal.index.index import Index
from ledger.portal.keyring import Keyring
from ledger.portal.listening import Listening, listening, tls_context
from ledger.portal.logs import Source, source_of, sources_of
from ledger.portal.looks import Looks, create_looks

portal_app = typer.Typer(
    help="The supervisor's portal. 检察监督平台.", invoke_without_command=True,
    no_args_is_help=True,
)  # fmt: skip
portal_app.add_typer(account_app, name="account")

DEFAULT_LISTEN: Final = "127.0.0.1:8490"
INDEX_FOLDER: Final = "index"
CLOSE_SECONDS_MAX: Final = 5.0
# Whoever sends garbage must not fill the log with what aiohttp thinks of it.
_quiet = logging.getLogger(f"{__name__}.aiohttp")
_quiet.setLevel(logging.CRITICAL + 1)


@portal_app.command()
def create(
    state: StateOption,
    origin: Annotated[
        str, typer.Option(help="name of the portal's own log, e.g. procuratorate.example/portal")
    ],
    recipient: Annotated[
        list[Path], typer.Option(help="a .pub file, of who may read it; two at least")
    ],
    protect: ProtectOption = False,
    passphrase_file: PassphraseFileOption = None,
    force_filesystem: Annotated[
        bool, typer.Option(help="accept a file system that may not keep a sync")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the log in which every look is recorded, with its own keys. Never overwrites."""
    with plain_errors():
        key = create_looks(
            state, origin, load_recipients(recipient),
            passphrase=chosen_passphrase(passphrase_file, protect=protect),
            force_filesystem=force_filesystem,
        )  # fmt: skip
    if as_json:
        print_json({"log_key": str(key)})
        return
    typer.echo(f"监督方自己的记录已建立 / the portal's own log: {state / 'log'}")
    typer.echo(f"公钥 / its public key: {key}")
    typer.echo("下一步 / next: fengcun portal account add NAME --role supervisor --state ...")


@portal_app.callback()
def serve(
    context: typer.Context,
    log: Annotated[
        list[str] | None,
        typer.Option(help="NAME=DIRECTORY or NAME=URL, e.g. 公安=/srv/police; repeatable"),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE with that log's public key, log.vkey; repeatable"),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE with the public key of who cosigns that log; repeatable"),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="the portal's own directory")] = None,
    listen: Annotated[str, typer.Option(help="address and port")] = DEFAULT_LISTEN,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate of this server")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="its private key")] = None,
    client_ca: Annotated[
        Path | None, typer.Option(help="PEM certificates that sign those of people who sign in")
    ] = None,
    identity: Annotated[
        Path | None, typer.Option(help="the private key for payloads, under a passphrase")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM certificates that sign those of https:// logs")
    ] = None,
) -> None:
    """Serve the portal until SIGTERM."""
    if context.invoked_subcommand is not None:
        return
    with plain_errors():
        if state is None:
            raise ConfigurationError("--state is missing: the portal's own directory")
        place = listening(listen, tls_cert, tls_key, client_ca)
        sources = sources_given(log or [], key or [], ca_file)
        witnesses = witnesses_given(witness or [], sources)
        rule_words = context.obj if isinstance(context.obj, Mapping) else {}
        asyncio.run(run(place, state, sources, witnesses, identity, rule_words))


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
    """Serve until a signal. `rule_words`: see `Parts`. Raises `LedgerError`."""
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
    runner = web.AppRunner(
        application(parts), access_log=None, logger=_quiet, shutdown_timeout=CLOSE_SECONDS_MAX
    )
    try:
        await runner.setup()
        try:
            site = web.TCPSite(runner, place.host, place.port, ssl_context=tls)
            await site.start()
        except OSError as error:
            raise ConfigurationError(
                f"{place.host}:{place.port} cannot be listened on: {error.strerror}"
            ) from None
        typer.echo(f"监督平台就绪 / portal ready: {place.url}", err=True)
        await stopping.wait()
    finally:
        await runner.cleanup()
        await asyncio.to_thread(index.close)
