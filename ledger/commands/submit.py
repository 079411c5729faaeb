"""`fengcun ledger submit`: have a log's checkpoint cosigned, over HTTP or carried by hand."""

from __future__ import annotations

import asyncio
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
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.keys import load_witness_key
from ledger.note import VerifierKey
from ledger.submission import submission_from
from ledger.witnessed import CosignedNote, accept, have_cosigned, keep, kept
from ledger.wording import witness_as_json, witness_line


@ledger_app.command()
def submit(
    log: LogOption,
    witness_key: Annotated[Path, typer.Option(help="the witness's public key, witness.vkey")],
    url: Annotated[str | None, typer.Option(help="the witness's submission prefix")] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="who may have signed its certificate, for https")
    ] = None,
    to_file: Annotated[
        Path | None, typer.Option(help="write the submission here, to be carried there")
    ] = None,
    answer: Annotated[
        Path | None, typer.Option(help="the cosignature that was carried back")
    ] = None,
    submission: Annotated[
        Path | None, typer.Option(help="with --answer: the submission it is for")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Have the published checkpoint cosigned by a witness: --url, or --to-file and --answer."""
    with plain_errors():
        reader = require_log(log)
        witness = load_witness_key(witness_key)
        before = kept(log, witness)
        old_size = 0 if before is None else before.checkpoint.size
        if to_file is not None:
            to_file.write_bytes(submission_from(reader, old_size).to_bytes())
            typer.echo(f"提交文件已写入 / submission written: {to_file}")
            return
        if url is not None:
            cosigned = asyncio.run(_over_http(reader, witness, url, ca_file, old_size))
        else:
            cosigned = _carried(witness, answer, submission)
        if cosigned.checkpoint.size < old_size:
            raise ConfigurationError(f"{witness.name} has cosigned more than that already")
        keep(log, witness, cosigned.note)
    if as_json:
        print_json(witness_as_json(cosigned))
    else:
        typer.echo(f"已共签 / cosigned: {witness_line(cosigned)}")


def _carried(witness: VerifierKey, answer: Path | None, submission: Path | None) -> CosignedNote:
    if answer is None or submission is None:
        raise ConfigurationError("say how: --url, --to-file, or --answer with --submission")
    note = submission.read_bytes().partition(b"\n\n")[2]
    return accept(note, answer.read_bytes(), witness)


async def _over_http(
    reader: DirectoryLog, witness: VerifierKey, url: str, ca_file: Path | None, old_size: int
) -> CosignedNote:
    # HTTP is slow to import, and only this way of submitting needs it.
    from ledger.asking import witness_at

    async with witness_at(url, ca_file) as asked:
        return await have_cosigned(reader, witness, asked.ask, old_size)
