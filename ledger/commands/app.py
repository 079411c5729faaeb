"""What the commands of `fengcun ledger` and `fengcun keys` share: options, errors, exit codes.

Exit codes: 0 fine, 1 something is wrong, 2 wrong usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import ConfigurationError, FormatError, LedgerError
from ledger.fetch import DirectoryLog
from ledger.keyfile import new_passphrase
from ledger.note import VerifierKey

FOUND_WRONG: Final = 1
WRONG_USAGE: Final = 2

ledger_app = typer.Typer(
    help="The audit ledger: create, verify, show, prove.", no_args_is_help=True
)
keys_app = typer.Typer(help="Keys of the ledger: make and show.", no_args_is_help=True)

LogOption = Annotated[Path, typer.Option("--log", help="log directory, or a copy of one")]
KeysOption = Annotated[Path, typer.Option("--keys", help="key directory of the proxy host")]
KeyOption = Annotated[
    list[Path], typer.Option("--key", help="file with the log's public key (log.vkey); repeatable")
]
JsonOption = Annotated[bool, typer.Option("--json", help="for programs")]
ProxyOption = Annotated[str, typer.Option("--proxy-id", help="short name of this proxy, a-z 0-9 -")]

HeadOption = Annotated[
    Path | None,
    typer.Option("--head-file", help="ledger.head_file of the service; by default <log>.head"),
]
ProtectOption = Annotated[
    bool, typer.Option("--protect", help="put private keys under a passphrase, asked for twice")
]
PassphraseFileOption = Annotated[
    Path | None,
    typer.Option(help="take the passphrase from this file, or from a descriptor: /dev/fd/3"),
]


@contextmanager
def plain_errors() -> Iterator[None]:
    """One clear line instead of a traceback; 2 for usage and configuration, 1 for the log."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever reads has enough, as `head` has: nothing to say, and nobody to say it to
    except (ConfigurationError, FileNotFoundError) as error:
        typer.echo(f"fengcun: {error}", err=True)
        raise typer.Exit(WRONG_USAGE) from error
    except (LedgerError, OSError) as error:
        typer.echo(f"fengcun: {error}", err=True)
        raise typer.Exit(FOUND_WRONG) from error


def print_json(value: object) -> None:
    """One line for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def chosen_passphrase(file: Path | None, *, protect: bool) -> bytes | None:
    """A new passphrase, if one is wanted. Raises `ConfigurationError`."""
    return new_passphrase(file) if protect or file is not None else None


def require_log(log: Path) -> DirectoryLog:
    if not (log / "checkpoint").is_file():
        raise ConfigurationError(f"there is no ledger at {log}: a log has a file named checkpoint")
    return DirectoryLog(log)


def load_checkpoint(path: Path, keys: list[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(path.read_bytes(), keys)
    except FormatError as error:
        raise ConfigurationError(f"{path} is not a checkpoint of this log: {error}") from error
