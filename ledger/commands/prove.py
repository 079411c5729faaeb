"""`fengcun ledger prove`: a receipt for one entry."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.checkpoint import open_checkpoint
from ledger.commands.app import (
    JsonOption,
    KeyOption,
    LogOption,
    ledger_app,
    plain_errors,
    print_json,
    require_log,
)
from ledger.fetch import entry_at
from ledger.keys import load_verifier_keys
from ledger.proof import check_proof, prove


@ledger_app.command(name="prove")
def prove_entry(
    log: LogOption,
    index: Annotated[int, typer.Argument(min=0, help="which entry")],
    key: KeyOption,
    output: Annotated[Path | None, typer.Option(help="write the .tlog-proof file here")] = None,
    as_json: JsonOption = False,
) -> None:
    """A proof that an entry is in the signed log, which anyone can check offline."""
    with plain_errors():
        keys = load_verifier_keys(key)
        reader = require_log(log)
        proof = prove(reader, index)
        size = open_checkpoint(proof.checkpoint_note, keys).size
        entry = entry_at(reader, index, size)
        check_proof(entry, proof, keys)
        text = proof.to_bytes().decode()
        if output is not None:
            output.write_text(text)
    if as_json:
        print_json({"index": index, "size": size, "entry": entry.decode(), "proof": text})
    elif output is not None:
        typer.echo(f"证明已写入 / proof of entry {index} of {size:,} written: {output}")
    else:
        typer.echo(text, nl=False)
