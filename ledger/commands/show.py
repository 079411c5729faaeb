"""`fengcun ledger show`: entries as people read them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    LogOption,
    ledger_app,
    plain_errors,
    print_json,
    require_log,
)
from ledger.entry import Entry, parse_entry
from ledger.fetch import entries
from ledger.fields import EntryKind
from ledger.keys import load_identity
from ledger.opener import PayloadOpener


@ledger_app.command()
def show(
    log: LogOption,
    start: Annotated[int, typer.Option("--from", min=0, help="first entry")] = 0,
    count: Annotated[int, typer.Option(min=1, help="at most so many")] = 20,
    kind: Annotated[EntryKind | None, typer.Option(help="only this kind")] = None,
    identity: Annotated[
        Path | None, typer.Option(help="a recipient's private key: shows payloads")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print entries. Checks nothing: run verify for that."""
    with plain_errors():
        reader = require_log(log)
        opener = None if identity is None else PayloadOpener(reader, load_identity(identity))
        shown = 0
        for index, data, ciphertext in entries(reader, start):
            entry = parse_entry(data)[0]
            if kind is not None and entry.kind is not kind:
                continue
            _show_entry(index, entry, _open_payload(opener, entry, ciphertext), as_json=as_json)
            shown += 1
            if shown == count:
                return


def _open_payload(opener: PayloadOpener | None, entry: Entry, ciphertext: bytes) -> str | None:
    if opener is None or entry.payload is None:
        return None
    if not ciphertext:
        return "(本副本不含密文 / not in this copy)"
    return opener.open(entry, ciphertext).decode(errors="replace")


def _show_entry(index: int, entry: Entry, payload: str | None, *, as_json: bool) -> None:
    if as_json:
        row: dict[str, object] = {"index": index, "time": entry.time, "kind": entry.kind.value}
        row["header"] = entry.header
        if payload is not None:
            row["payload"] = payload
        print_json(row)
        return
    fields = "  ".join(f"{name}={_brief(value)}" for name, value in entry.header.items())
    typer.echo(f"{index:>8}  {entry.time}  {entry.kind:<11}  {fields}")
    if payload is not None:
        # Control characters of someone else's text must not steer the reader's terminal.
        printable = "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in payload)
        typer.echo("          " + printable.replace("\n", "\n          "))


def _brief(value: object) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 48 else f"{text[:45]}..."
