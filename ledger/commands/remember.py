"""`fengcun ledger remember`: an operator vouches that nothing newer than this log was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    HeadOption,
    JsonOption,
    KeyOption,
    LogOption,
    ledger_app,
    load_checkpoint,
    plain_errors,
    print_json,
    require_log,
)
from ledger.errors import ConfigurationError
from ledger.fetch import CHECKPOINT_PATH
from ledger.head import HeadMemory, default_head
from ledger.keys import load_verifier_keys
from ledger.verify import verify_log


@ledger_app.command()
def remember(
    log: LogOption,
    key: KeyOption,
    head_file: HeadOption = None,
    seen: Annotated[
        list[Path] | None,
        typer.Option(help="a checkpoint of this log kept elsewhere, a witness's above all"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say that nothing newer than this log was ever signed: where its remembered head is lost.

    Of an older copy this is not true, and the service would fork the log: create a new one.
    """
    with plain_errors():
        keys = load_verifier_keys(key)
        reader = require_log(log)
        memory = HeadMemory(head_file or default_head(log), log)
        if memory.note() is not None:
            raise ConfigurationError(f"{memory.path} is there, and knows better: nothing was done")
        note = reader.read(CHECKPOINT_PATH)
        report = verify_log(reader, keys, seen=[load_checkpoint(path, keys) for path in seen or []])
        memory.begin(note)
    if as_json:
        print_json({"head": str(memory.path), "size": report.published_size})
        return
    count = f"{report.published_size:,}"
    typer.echo(f"已记住 / remembered in {memory.path}: {count} entries are all there are")
