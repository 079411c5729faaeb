"""`fengcun keys protect` and `unprotect`: a passphrase on private files that are there already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import PassphraseFileOption, keys_app, plain_errors
from ledger.keyfile import find_passphrase, new_passphrase, once, passphrase_from
from ledger.keyfile import protect as protect_file
from ledger.keyfile import unprotect as unprotect_file

FilesArgument = Annotated[
    list[Path], typer.Argument(help="log.key, entry.key, pseudonym.key, witness.key, *.identity")
]


@keys_app.command()
def protect(files: FilesArgument, passphrase_file: PassphraseFileOption = None) -> None:
    """Put private files under one passphrase. The blocks they had on the disk are not wiped."""
    with plain_errors():
        passphrase = new_passphrase(passphrase_file)
        for file in files:
            protect_file(file, passphrase)
            typer.echo(f"已加口令 / protected: {file}")


@keys_app.command()
def unprotect(files: FilesArgument, passphrase_file: PassphraseFileOption = None) -> None:
    """Take the passphrase off private files."""
    with plain_errors():
        given = None if passphrase_file is None else passphrase_from(passphrase_file)
        passphrase = once(find_passphrase if given is None else lambda _: given)
        for file in files:
            unprotect_file(file, passphrase)
            typer.echo(f"已去口令 / in clear again: {file}")
