"""`fengcun ledger backup`: a copy for reading, from a log that may be in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.backup import back_up
from ledger.commands.app import (
    FOUND_WRONG,
    JsonOption,
    KeyOption,
    LogOption,
    ledger_app,
    plain_errors,
    print_json,
    require_log,
)
from ledger.keys import load_verifier_keys
from ledger.shards import erased_later
from ledger.verify import LogInvalid
from ledger.wording import invalid_as_json, report_as_json, sentence


@ledger_app.command()
def backup(
    log: LogOption,
    key: KeyOption,
    output: Annotated[Path, typer.Option(help="the copy: an empty directory, or the last copy")],
    without_payloads: Annotated[
        bool, typer.Option("--without-payloads", help="as a witness's mirror")
    ] = False,
    later: Annotated[
        list[Path] | None,
        typer.Option(
            help="with a frozen log: each log that goes on from it, the newest first, where one "
            "records that something was erased from it"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Copy what is published and verify the copy. For reading: no service goes on from it."""
    with plain_errors():
        reader = require_log(log)
        keys = load_verifier_keys(key)
        try:
            erased = erased_later(reader, list(map(require_log, later or [])), keys)
            copied = back_up(log, output, keys, payloads=not without_payloads, erased=erased)
        except LogInvalid as invalid:
            print_json(invalid_as_json(invalid)) if as_json else typer.secho(
                sentence(invalid), fg=typer.colors.RED, bold=True
            )
            raise typer.Exit(FOUND_WRONG) from invalid
    if as_json:
        print_json({**report_as_json(copied.report), "files_count": copied.files_count})
        return
    size, count = f"{copied.report.size:,}", f"{copied.files_count:,}"
    typer.echo(f"已备份并核验 / backed up and verified: {size} entries, {count} files copied")
