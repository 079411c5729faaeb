"""`fengcun witness`: the supervisor's own machine. Exit codes as for `fengcun ledger`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    PassphraseFileOption,
    ProtectOption,
    chosen_passphrase,
    plain_errors,
    print_json,
)
from ledger.errors import ConfigurationError, FormatError
from ledger.keys import load_verifier_keys
from ledger.note import Algorithm
from ledger.witness.rules import Refused
from ledger.witness.state import init_witness, unwatch_log, watch_log
from ledger.witness.witness import Witness

witness_app = typer.Typer(
    help="The witness: cosigns what a log signs, as long as it only grows.", no_args_is_help=True
)

DirectoryOption = Annotated[Path, typer.Option("--directory", help="the witness's own directory")]


@witness_app.command()
def init(
    directory: DirectoryOption,
    name: Annotated[str, typer.Option(help="e.g. procuratorate.example/w1")],
    protect: ProtectOption = False,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the witness's key pair. Never overwrites."""
    with plain_errors():
        passphrase = chosen_passphrase(passphrase_file, protect=protect)
        key = init_witness(directory, name, passphrase)
    if as_json:
        print_json({"witness_key": str(key.verifier)})
        return
    typer.echo(f"见证人公钥 / witness key: {key.verifier}")
    typer.echo("下一步 / next: fengcun witness watch --directory ... log.vkey")


@witness_app.command()
def watch(
    directory: DirectoryOption,
    log_key: Annotated[list[Path], typer.Argument(help="the public key of a log, log.vkey")],
    as_json: JsonOption = False,
) -> None:
    """Cosign for these logs from now on. Get the keys by a way you trust."""
    with plain_errors():
        keys = load_verifier_keys(log_key)
        if any(key.algorithm is not Algorithm.ED25519 for key in keys):
            raise ConfigurationError("this is a witness's key: a log's is wanted, log.vkey")
        for key in keys:
            watch_log(directory, key)
    if as_json:
        print_json({"watched": [key.name for key in keys]})
        return
    for key in keys:
        typer.echo(f"已登记 / watched: {key.name}")


@witness_app.command()
def unwatch(
    directory: DirectoryOption,
    log_key: Annotated[Path, typer.Argument(help="a key that was retired, or a frozen log's")],
    as_json: JsonOption = False,
) -> None:
    """Cosign nothing that only this key signs. Restart `serve` afterwards."""
    with plain_errors():
        keys = load_verifier_keys([log_key])
        for key in keys:
            unwatch_log(directory, key)
    if as_json:
        print_json({"unwatched": [str(key) for key in keys]})
        return
    for key in keys:
        typer.echo(f"已移除 / no longer watched: {key.name} {key.id.hex()}")


@witness_app.command()
def cosign(
    directory: DirectoryOption,
    submission: Annotated[Path, typer.Argument(help="a file made by `fengcun ledger submit`")],
    output: Annotated[Path, typer.Option(help="write the cosignature here, to carry back")],
    as_json: JsonOption = False,
) -> None:
    """Cosign from file to file, where no network joins the two machines."""
    with plain_errors():
        witness = Witness(directory, time.time)
        try:
            signature = witness.cosign(submission.read_bytes())
        except Refused as refused:
            seen = "" if refused.seen_size is None else f" ({refused.seen_size} entries seen)"
            raise FormatError(f"not cosigned: {refused}{seen}") from refused
        finally:
            witness.close()
        output.write_bytes(signature.to_line())
    if as_json:
        print_json({"cosignature": signature.to_line().decode().strip()})
        return
    typer.echo(f"共签已写入 / cosignature written: {output}")


@witness_app.command()
def serve(
    directory: DirectoryOption,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")] = 8480,
) -> None:
    """Answer submissions over HTTP until SIGTERM. Put TLS in front of it."""
    from aiohttp import web

    from ledger.witness.service import application

    with plain_errors():
        witness = Witness(directory, time.time)
        try:
            if not witness.state.log_keys:
                raise ConfigurationError("this witness watches no log: run `fengcun witness watch`")
            typer.echo(f"见证人就绪 / witness ready: http://{host}:{port}", err=True)
            web.run_app(application(witness), host=host, port=port, print=None, access_log=None)
        finally:
            witness.close()
