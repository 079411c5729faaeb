"""`fengcun ledger export`: an evidence pack, and the checking of one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

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
from ledger.errors import ConfigurationError
from ledger.evidence.archive import open_archive
from ledger.evidence.pack import Order, write_pack
from ledger.evidence.pack_check import check_pack
from ledger.evidence.pack_formats import parse_keys
from ledger.evidence.proven import ProvenLog
from ledger.evidence.selection import select
from ledger.evidence.verifier import as_json as pack_as_json
from ledger.evidence.verifier import told
from ledger.keys import load_identity, load_verifier_keys
from ledger.note import VerifierKey
from ledger.witnessed import CosignedNote, kept


@ledger_app.command()
def export(
    log: LogOption,
    key: KeyOption,
    output: Annotated[Path, typer.Option(help="a new folder, or a new file named .zip")],
    since: Annotated[
        str | None,
        typer.Option(help="a checkpoint file kept from before, an index, or a time (2026-01-31)"),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="the last index, or a time; of a date, that day too")
    ] = None,
    index: Annotated[list[int] | None, typer.Option(min=0, help="this entry; repeatable")] = None,
    identity: Annotated[
        Path | None, typer.Option(help="a recipient's private key: adds the plain texts")
    ] = None,
    witness: Annotated[
        list[Path] | None,
        typer.Option(help="a witness's public key: adds what it cosigned; repeatable"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write an evidence pack, which anybody can check without Fengcun and without the log."""
    with plain_errors():
        if since is None and until is None and not index:
            raise ConfigurationError("say which entries: --since, --until or --index")
        keys = load_verifier_keys(key)
        proven_log = ProvenLog(require_log(log), keys)
        since_file = Path(since) if since is not None and Path(since).is_file() else None
        seen = None if since_file is None else load_checkpoint(since_file, keys)
        order = Order(
            since_note=None if since_file is None else since_file.read_bytes(),
            since=seen,
            cosigned=[_cosigned(log, each) for each in _witness_keys(witness)],
            identity=None if identity is None else load_identity(identity),
            made_seconds=int(time.time()),
        )
        start = since if seen is None else seen.size
        selection = select(proven_log, since=start, until=until, indices=index or ())
        sha256 = write_pack(proven_log, selection, open_archive(output), order, _progress)
    _clear_progress()
    if as_json:
        ranges = [list(pair) for pair in selection.ranges]
        row = {"output": str(output), "count": selection.count, "selected": ranges}
        print_json({**row, "size": proven_log.size, "manifest_sha256": sha256})
        return
    typer.echo(f"证据包已写入 / evidence pack written: {output}, {selection.count:,} entries")
    typer.echo(f"清单校验值，请另行记下 / manifest SHA-256, note it down elsewhere: {sha256}")
    if identity is not None:
        typer.secho("含明文，注意保密 / it holds plain texts: keep it confidential", fg="yellow")


def verify_evidence(
    pack: Path, keys: list[VerifierKey], witnesses: list[VerifierKey], *, as_json: bool
) -> None:
    """`verify --pack`: the pack's own check, by the copy of it that came with Fengcun."""
    if not pack.exists():
        raise ConfigurationError(f"there is no evidence pack at {pack}")
    known = parse_keys("".join(f"{key}\n" for key in keys))
    cosigners = parse_keys("".join(f"{key}\n" for key in witnesses))
    result = check_pack(pack, known, cosigners, lambda index: _progress(index, 0))
    _clear_progress()
    if as_json:
        print_json(pack_as_json(result, own_key=False))
    else:
        first, *rest = told(result, own_key=False)
        colour = typer.colors.RED if result.faults else typer.colors.GREEN
        typer.secho(first, fg=colour, bold=True)
        typer.echo("\n".join(rest))
    if result.faults:
        raise typer.Exit(FOUND_WRONG)


def _witness_keys(files: list[Path] | None) -> list[VerifierKey]:
    return load_verifier_keys(files) if files else []


def _cosigned(log: Path, witness: VerifierKey) -> CosignedNote:
    found = kept(log, witness)
    if found is None:
        raise ConfigurationError(f"{witness.name} has cosigned nothing of this copy of the log")
    return found


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        share = f" of {total:,}  {100 * done // total} %" if total else ""
        sys.stderr.write(f"\r\x1b[K正在处理 / working  {done:,}{share}")
        sys.stderr.flush()


def _clear_progress() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
