"""`fengcun ledger open`: payloads in plain text, for a recipient, of entries that are proved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    KeyOption,
    LogOption,
    ledger_app,
    plain_errors,
    require_log,
)
from ledger.evidence.opened import open_proven, proven_opener
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.evidence.told import gist_of, kind_of
from ledger.keys import load_identity, load_verifier_keys
from ledger.printable import as_json_line, pretty


@ledger_app.command(name="open")
def open_payloads(
    indices: Annotated[list[int], typer.Argument(metavar="INDEX...", min=0, help="which entries")],
    log: LogOption,
    key: KeyOption,
    identity: Annotated[Path, typer.Option(help="a recipient's private key")],
    as_json: JsonOption = False,
) -> None:
    """Decrypt payloads, of entries that are proved to be in the signed log and of no others."""
    with plain_errors():
        proven_log = ProvenLog(require_log(log), load_verifier_keys(key))
        opener = proven_opener(proven_log, load_identity(identity))
        for index in indices:
            proven = proven_log.entry(index)
            _print_opened(proven, open_proven(opener, proven), proven_log, as_json=as_json)


def _print_opened(
    proven: ProvenEntry, payload: bytes, proven_log: ProvenLog, *, as_json: bool
) -> None:
    entry = proven.entry
    if as_json:
        row = {"index": proven.index, "time": entry.time, "kind": entry.kind.value}
        text = payload.decode(errors="replace")
        typer.echo(as_json_line({**row, "header": entry.header, "payload": text}))
        return
    head = f"第 {proven.index} 号记录 / entry {proven.index} of {proven_log.size:,}, proved"
    typer.secho(head, bold=True)
    typer.echo(f"{entry.time}  {kind_of(entry)}  {gist_of(entry)}")
    typer.echo("    " + pretty(payload).replace("\n", "\n    "))
