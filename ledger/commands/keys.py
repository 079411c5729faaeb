"""`fengcun keys`: make key pairs, show public keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    KeysOption,
    PassphraseFileOption,
    ProtectOption,
    ProxyOption,
    chosen_passphrase,
    keys_app,
    plain_errors,
    print_json,
)
from ledger.keys import init_keys, load_recipients, load_verifier_keys, write_identity


@keys_app.command()
def init(
    keys: KeysOption,
    origin: Annotated[str, typer.Option(help="name of the log, e.g. court.example/fengcun/p1")],
    recipient: Annotated[
        list[Path], typer.Option(help="a .pub file; two at least, made with `keys recipient`")
    ],
    proxy_id: ProxyOption = "p1",
    protect: ProtectOption = False,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the signing keys of a proxy host. Never overwrites."""
    with plain_errors():
        made = init_keys(
            keys,
            origin=origin,
            proxy_id=proxy_id,
            recipients=load_recipients(recipient),
            passphrase=chosen_passphrase(passphrase_file, protect=protect),
        )
    _show_keys(str(made.log.verifier), str(made.entry.verifier), recipient, {}, as_json=as_json)


@keys_app.command()
def recipient(
    name: Annotated[str, typer.Argument(help="who reads with it, e.g. procuratorate")],
    directory: Annotated[Path, typer.Option(help="where to write the two files")] = Path(),
    protect: ProtectOption = False,
    passphrase_file: PassphraseFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a recipient's key pair, on the recipient's own machine. Only the .pub file travels."""
    with plain_errors():
        passphrase = chosen_passphrase(passphrase_file, protect=protect)
        made, private, public = write_identity(directory, name, passphrase)
    if as_json:
        print_json({"identity": str(private), "public": str(public), "id": made.recipient.id})
        return
    typer.echo(f"私钥（勿外传） / private, keep it: {private}")
    typer.echo(f"公钥 / public, hand it over:       {public}")


@keys_app.command(name="show")
def show_keys(keys: KeysOption, as_json: JsonOption = False) -> None:
    """Print the public keys of a key directory. Reads no private key."""
    with plain_errors():
        recipients = sorted((keys / "recipients").glob("*.pub"))
        log = load_verifier_keys([keys / "log.vkey"])[0]
        entry = load_verifier_keys([keys / "entry.vkey"])[0]
        coming = {
            f"next_{what}_key": str(load_verifier_keys([path])[0])
            for what in ("log", "entry")
            if (path := keys / f"{what}.next.vkey").exists()
        }
        _show_keys(str(log), str(entry), recipients, coming, as_json=as_json)


def _show_keys(
    log: str, entry: str, recipients: list[Path], coming: dict[str, str], *, as_json: bool
) -> None:
    named = [str(one) for one in load_recipients(recipients)]
    if as_json:
        print_json({"log_key": log, "entry_key": entry, "recipients": named, **coming})
        return
    typer.echo(f"检查点公钥 / log key:    {log}")
    typer.echo(f"记录公钥   / entry key:  {entry}")
    for line in named:
        typer.echo(f"收件人     / recipient:  {line}")
    for what, key in coming.items():
        typer.echo(f"继任公钥   / {what.replace('_', ' ')}: {key}")
