"""`fengcun ledger consistency`: does the log of one checkpoint begin with the log of another?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.checkpoint import Checkpoint, open_checkpoint
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
from ledger.errors import ConfigurationError, FormatError
from ledger.evidence.consistency import (
    Forked,
    check_consistency,
    prove_consistency,
    require_comparable,
)
from ledger.fetch import CHECKPOINT_PATH
from ledger.keys import load_verifier_keys
from ledger.note import VerifierKey


@ledger_app.command()
def consistency(
    old: Annotated[Path, typer.Argument(help="a checkpoint of the log")],
    new: Annotated[Path, typer.Argument(help="another; which is the older, their sizes say")],
    key: KeyOption,
    log: Annotated[Path | None, typer.Option(help="a log that holds both")] = None,
    proof: Annotated[
        Path | None, typer.Option(help="instead of a log: a proof file made by --output")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="with --log: write the proof here")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show that one checkpoint's log begins with the other's. Exit 1 and FORK if it does not."""
    with plain_errors():
        keys = load_verifier_keys(key)
        if (log is None) == (proof is None):
            raise ConfigurationError("say where the proof comes from: --log or --proof")
        first, second = sorted((old, new), key=lambda path: load_checkpoint(path, keys).size)
        older, newer = load_checkpoint(first, keys), load_checkpoint(second, keys)
        try:
            require_comparable(older, newer)
            if proof is not None:
                if check_consistency(older, proof.read_bytes(), keys) != newer:
                    raise FormatError("the proof is for another checkpoint")
            elif log is not None:
                _prove(log, older, second.read_bytes(), keys, output)
        except Forked as fork:
            if as_json:
                print_json({"consistent": False, "fault": "fork", "detail": str(fork)})
            else:
                told = f"分叉：同一日志有两份历史 / FORK: the log has two histories ({fork})"
                typer.secho(told, fg=typer.colors.RED, bold=True)
            raise typer.Exit(FOUND_WRONG) from fork
    if as_json:
        print_json({"consistent": True, "old_size": older.size, "size": newer.size})
        return
    typer.secho(
        f"一致 / consistent: the log of {newer.size:,} entries begins with the {older.size:,}",
        fg=typer.colors.GREEN,
        bold=True,
    )


def _prove(
    log: Path, older: Checkpoint, newer_note: bytes, keys: list[VerifierKey], output: Path | None
) -> None:
    reader = require_log(log)
    published = open_checkpoint(reader.read(CHECKPOINT_PATH), keys)
    newer = open_checkpoint(newer_note, keys)
    if newer.size > published.size:
        raise FormatError(f"the log has {published.size} entries, the checkpoint {newer.size}")
    # Tells a fork between the log and the newer checkpoint from one between the two given.
    prove_consistency(reader, newer, reader.read(CHECKPOINT_PATH), keys)
    made = prove_consistency(reader, older, newer_note, keys)
    if output is not None:
        output.write_bytes(made.to_bytes())
