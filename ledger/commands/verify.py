"""`fengcun ledger verify`: everything again, from the entries."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    FOUND_WRONG,
    JsonOption,
    KeyOption,
    ledger_app,
    load_checkpoint,
    plain_errors,
    print_json,
    require_log,
)
from ledger.commands.export import verify_evidence
from ledger.commands.prove import checked_receipt, print_receipt
from ledger.errors import ConfigurationError, FormatError
from ledger.keys import load_verifier_keys
from ledger.note import VerifierKey
from ledger.shards import shard_of, verify_earlier
from ledger.verify import LogInvalid, verify_log
from ledger.witnessed import CosignedNote, cosigned_path, kept
from ledger.wording import (
    earlier_line,
    invalid_as_json,
    report_as_json,
    report_lines,
    sentence,
    witness_as_json,
    witness_line,
)


@dataclass(frozen=True, slots=True)
class Checks:
    """What a log is held against, and how closely."""

    seen: list[Path]
    predecessors: list[Path]
    signatures: bool


@ledger_app.command()
def verify(
    key: KeyOption,
    log: Annotated[Path | None, typer.Option(help="log directory, or a copy of one")] = None,
    proof: Annotated[
        Path | None, typer.Option(help="a receipt made by `prove`; needs no log")
    ] = None,
    pack: Annotated[
        Path | None, typer.Option(help="an evidence pack made by `export`; needs no log")
    ] = None,
    entry: Annotated[
        Path | None, typer.Option(help="with --proof: the entry, where the proof holds none")
    ] = None,
    genesis: Annotated[
        list[Path] | None,
        typer.Option(
            help="with --proof, to check the entry's signature: the receipt of entry 0, and of "
            "each entry that changed a key since; repeatable"
        ),
    ] = None,
    seen: Annotated[
        list[Path] | None,
        typer.Option(help="a checkpoint of this log kept elsewhere: finds rollback and fork"),
    ] = None,
    witness: Annotated[
        list[Path] | None,
        typer.Option(help="a witness's public key: also hold the log against what it cosigned"),
    ] = None,
    roots: Annotated[
        bool,
        typer.Option("--roots", help="all but the entries' own signatures, many times as fast"),
    ] = False,
    predecessor: Annotated[
        list[Path] | None,
        typer.Option(help="an earlier log that this one continues, and those before; repeatable"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute everything from the entries, with public keys only. Exit 1 if any is wrong."""
    with plain_errors():
        if sum(each is not None for each in (log, proof, pack)) != 1:
            raise ConfigurationError("say what to verify: one of --log, --proof and --pack")
        keys, witnesses = load_verifier_keys(key), _witness_keys(witness)
        if proof is not None:
            receipt = checked_receipt(proof, keys, entry, genesis or [], witnesses)
            print_receipt(receipt, as_json=as_json)
        elif pack is not None:
            verify_evidence(pack, keys, witnesses, as_json=as_json)
        elif log is not None:
            checks = Checks(seen or [], predecessor or [], signatures=not roots)
            _verify_log(log, keys, checks, witnesses, as_json=as_json)


def _verify_log(
    log: Path,
    keys: list[VerifierKey],
    checks: Checks,
    witnesses: list[VerifierKey],
    *,
    as_json: bool,
) -> None:
    reader = require_log(log)
    checkpoints = [load_checkpoint(path, keys) for path in checks.seen]
    witnessed = [_witnessed(log, each) for each in witnesses]
    checkpoints += [load_checkpoint(path, keys) for path, _ in witnessed]
    shards = [shard_of(require_log(path)) for path in checks.predecessors]
    signatures = checks.signatures
    try:
        report = verify_log(
            reader, keys, seen=checkpoints, progress=_progress, signatures=signatures
        )
        earlier = verify_earlier(report, shards, keys, signatures=signatures, progress=_progress)
    except LogInvalid as invalid:
        _clear_progress()
        print_json(invalid_as_json(invalid)) if as_json else typer.secho(
            sentence(invalid), fg=typer.colors.RED, bold=True
        )
        raise typer.Exit(FOUND_WRONG) from invalid
    _clear_progress()
    seen_by = [cosigned for _, cosigned in witnessed]
    if as_json:
        row = {**report_as_json(report), "witnesses": list(map(witness_as_json, seen_by))}
        print_json({**row, "earlier": list(map(report_as_json, earlier))})
        return
    first, *rest = report_lines(report)
    typer.secho(first, fg=typer.colors.GREEN, bold=True)
    lines = [*rest, *map(witness_line, seen_by), *map(earlier_line, earlier)]
    typer.echo("\n".join(lines))


def _witness_keys(files: list[Path] | None) -> list[VerifierKey]:
    return load_verifier_keys(files) if files else []


def _witnessed(log: Path, witness: VerifierKey) -> tuple[Path, CosignedNote]:
    """What the witness cosigned last, as far as this copy of the log knows, and the file of it."""
    found = kept(log, witness)
    if found is None:
        raise FormatError(f"{witness.name} has cosigned nothing of this copy of the log")
    return cosigned_path(log, witness), found


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        percent = 100 * done // max(1, total)
        sys.stderr.write(f"\r\x1b[K正在核验 / verifying  {done:,} of {total:,}  {percent} %")
        sys.stderr.flush()


def _clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
