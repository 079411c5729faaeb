"""`fengcun ledger prove`: a receipt for one entry, and the checking of one without a log."""

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
    print_json,
    require_log,
)
from ledger.errors import ConfigurationError
from ledger.evidence.proven import ProvenLog
from ledger.evidence.receipt import Receipt, check_receipt
from ledger.evidence.told import receipt_as_json, receipt_lines
from ledger.keys import load_verifier_keys
from ledger.note import VerifierKey
from ledger.witnessed import kept


@ledger_app.command(name="prove")
def prove_entry(
    log: LogOption,
    index: Annotated[int, typer.Argument(min=0, help="which entry")],
    key: KeyOption,
    witness: Annotated[
        Path | None,
        typer.Option(help="a witness's public key: prove it under what the witness cosigned last"),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="write the .tlog-proof file here")] = None,
    as_json: JsonOption = False,
) -> None:
    """A proof that an entry is in the signed log; `verify --proof` checks it without the log."""
    with plain_errors():
        keys = load_verifier_keys(key)
        reader = require_log(log)
        proven_log = ProvenLog(reader, keys, _cosigned_note(log, witness))
        proven = proven_log.entry(index)
        proof = proven_log.proof(proven).to_bytes()
        check_receipt(proof, keys)
        text = proof.decode()
        if output is not None:
            output.write_bytes(proof)
    size = proven_log.size
    if as_json:
        print_json({"index": index, "size": size, "entry": proven.data.decode(), "proof": text})
    elif output is not None:
        typer.echo(f"证明已写入 / proof of entry {index} of {size:,} written: {output}")
    else:
        typer.echo(text, nl=False)


def _cosigned_note(log: Path, witness: Path | None) -> bytes | None:
    if witness is None:
        return None
    (key,) = load_verifier_keys([witness])
    found = kept(log, key)
    if found is None:
        raise ConfigurationError(f"{key.name} has cosigned nothing of this copy of the log")
    return found.note


def checked_receipt(
    file: Path,
    keys: list[VerifierKey],
    entry: Path | None,
    history: list[Path],
    witnesses: list[VerifierKey],
) -> Receipt:
    """What `verify --proof` finds. Raises `FormatError`, `FileNotFoundError`."""
    return check_receipt(
        file.read_bytes(),
        keys,
        entry=None if entry is None else entry.read_bytes(),
        history=[path.read_bytes() for path in history],
        witnesses=witnesses,
    )


def print_receipt(receipt: Receipt, *, as_json: bool) -> None:
    if as_json:
        print_json(receipt_as_json(receipt))
        return
    first, *rest = receipt_lines(receipt)
    typer.secho(first, fg=typer.colors.GREEN, bold=True)
    typer.echo("\n".join(rest))
