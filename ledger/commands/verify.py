"""`fengcun ledger verify`: everything again, from the entries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ledger.checkpoint import Checkpoint
from ledger.commands.app import (
    FOUND_WRONG,
    JsonOption,
    KeyOption,
    LogOption,
    ledger_app,
    load_checkpoint,
    plain_errors,
    print_json,
    require_log,
)
from ledger.commands.countersign import load_countersigner
from ledger.countersignature import CountersignerKey
from ledger.countersigned import kept as kept_countersigned
from ledger.errors import FormatError
from ledger.keys import load_verifier_keys
from ledger.note import VerifierKey
from ledger.verify import LogInvalid, verify_log
from ledger.witnessed import CosignedNote, cosigned_path, kept
from ledger.wording import (
    invalid_as_json,
    report_as_json,
    report_lines,
    sentence,
    witness_as_json,
    witness_line,
)


@ledger_app.command()
def verify(
    log: LogOption,
    key: KeyOption,
    seen: Annotated[
        list[Path] | None,
        typer.Option(help="a checkpoint of this log kept elsewhere: finds rollback and fork"),
    ] = None,
    witness: Annotated[
        list[Path] | None,
        typer.Option(help="a witness's public key: also hold the log against what it cosigned"),
    ] = None,
    countersigner: Annotated[
        list[Path] | None,
        typer.Option(help="an external signer's public key: also hold the log against its line"),
    ] = None,
    roots: Annotated[
        bool,
        typer.Option("--roots", help="all but the entries' own signatures, many times as fast"),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Recompute everything from the entries, with public keys only. Exit 1 if any is wrong."""
    with plain_errors():
        keys = load_verifier_keys(key)
        reader = require_log(log)
        checkpoints = [load_checkpoint(path, keys) for path in seen or []]
        witnessed = [_witnessed(log, each) for each in _witness_keys(witness)]
        checkpoints += [load_checkpoint(path, keys) for path, _ in witnessed]
        countersigned = [_countersigned(log, keys, path) for path in countersigner or []]
        checkpoints += [checkpoint for _, checkpoint in countersigned]
        try:
            report = verify_log(
                reader, keys, seen=checkpoints, progress=_progress, signatures=not roots
            )
        except LogInvalid as invalid:
            _clear_progress()
            print_json(invalid_as_json(invalid)) if as_json else typer.secho(
                sentence(invalid), fg=typer.colors.RED, bold=True
            )
            raise typer.Exit(FOUND_WRONG) from invalid
    _clear_progress()
    seen_by = [cosigned for _, cosigned in witnessed]
    signed_by = [(each.name, checkpoint.size) for each, checkpoint in countersigned]
    if as_json:
        countersigners = [{"countersigner": name, "size": size} for name, size in signed_by]
        witnesses = list(map(witness_as_json, seen_by))
        print_json(
            {**report_as_json(report), "witnesses": witnesses, "countersigners": countersigners}
        )
        return
    first, *rest = report_lines(report)
    typer.secho(first, fg=typer.colors.GREEN, bold=True)
    lines = [f"加签 / countersigned {name}: {size:,} entries" for name, size in signed_by]
    typer.echo("\n".join([*rest, *map(witness_line, seen_by), *lines]))


def _witness_keys(files: list[Path] | None) -> list[VerifierKey]:
    return load_verifier_keys(files) if files else []


def _witnessed(log: Path, witness: VerifierKey) -> tuple[Path, CosignedNote]:
    """What the witness cosigned last, as far as this copy of the log knows, and the file of it."""
    found = kept(log, witness)
    if found is None:
        raise FormatError(f"{witness.name} has cosigned nothing of this copy of the log")
    return cosigned_path(log, witness), found


def _countersigned(
    log: Path, keys: list[VerifierKey], path: Path
) -> tuple[CountersignerKey, Checkpoint]:
    """What the external signer signed last, as far as this copy of the log knows."""
    key = load_countersigner(path)
    checkpoint = kept_countersigned(log, keys, key)
    if checkpoint is None:
        raise FormatError(f"{key.name} has countersigned nothing of this copy of the log")
    return key, checkpoint


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        percent = 100 * done // max(1, total)
        sys.stderr.write(f"\r\x1b[K正在核验 / verifying  {done:,} of {total:,}  {percent} %")
        sys.stderr.flush()


def _clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
