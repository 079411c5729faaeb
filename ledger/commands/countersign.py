"""`fengcun ledger countersign`: a second signature on the checkpoint, by an external signer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    KeyOption,
    LogOption,
    keys_app,
    ledger_app,
    plain_errors,
    print_json,
    require_log,
)
from ledger.countersignature import CountersignerKey
from ledger.countersigned import SIGNER_SECONDS, countersign
from ledger.errors import ConfigurationError, FormatError
from ledger.keys import load_verifier_keys, write_new


def load_countersigner(path: Path) -> CountersignerKey:
    """Raises `ConfigurationError`."""
    try:
        return CountersignerKey.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, FormatError) as error:
        raise ConfigurationError(
            f"{path} is no countersigner's public key: make one with `fengcun keys countersigner`"
        ) from error


@ledger_app.command(name="countersign")
def countersign_log(
    log: LogOption,
    key: KeyOption,
    countersigner: Annotated[Path, typer.Option(help="the signer's public key, a .vkey file")],
    signer: Annotated[
        str, typer.Option(help="command that reads the text and writes an SM2 signature of it")
    ],
    timeout: Annotated[float, typer.Option(min=0.1, help="seconds for it")] = SIGNER_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Have the published checkpoint signed by an external signer too. Exit 1 if it is not."""
    with plain_errors():
        require_log(log)
        keys = load_verifier_keys(key)
        public = load_countersigner(countersigner)
        checkpoint = countersign(log, keys, public, signer, timeout_seconds=timeout)
    if as_json:
        print_json({"countersigner": public.name, "size": checkpoint.size})
    else:
        typer.echo(f"已加签 / countersigned: {public.name}: {checkpoint.size:,} entries")


@keys_app.command(name="countersigner")
def countersigner_key(
    pem: Annotated[Path, typer.Argument(help="SM2 public key in PEM, of `openssl pkey -pubout`")],
    name: Annotated[str, typer.Option(help="what the signer is called, e.g. agency.example/sm2")],
    output: Annotated[Path, typer.Option(help="new file for the public key with its name")],
) -> None:
    """Give an external signer's SM2 public key a name, for verifiers."""
    with plain_errors():
        try:
            text = pem.read_text(encoding="ascii")
            public = CountersignerKey.from_pem(name, text)
        except (UnicodeDecodeError, FormatError) as error:
            raise ConfigurationError(f"{pem}: {error}") from error
        write_new(output, str(public), 0o644)
    typer.echo(str(public))
