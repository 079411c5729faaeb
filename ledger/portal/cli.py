"""`fengcun portal`: the supervisor's pages, on the supervisor's own machine.

Exit codes as for `fengcun ledger`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.commands.app import (
    JsonOption,
    PassphraseFileOption,
    ProtectOption,
    chosen_passphrase,
    plain_errors,
    print_json,
)
from ledger.errors import ConfigurationError
from ledger.keys import load_recipients
from ledger.portal.accounts_cli import StateOption, account_app
from ledger.portal.looks import create_looks

portal_app = typer.Typer(
    help="The supervisor's portal. 检察监督平台.", invoke_without_command=True,
    no_args_is_help=True,
)  # fmt: skip
portal_app.add_typer(account_app, name="account")

DEFAULT_LISTEN: Final = "127.0.0.1:8490"


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
        from ledger.portal.listening import listening
        from ledger.portal.serving import run, sources_given, witnesses_given

        place = listening(listen, tls_cert, tls_key, client_ca)
        sources = sources_given(log or [], key or [], ca_file)
        witnesses = witnesses_given(witness or [], sources)
        words: Mapping[str, str] = context.obj or {}
        asyncio.run(run(place, state, sources, witnesses, identity, words))
