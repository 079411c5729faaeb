"""`fengcun ledger submit`: have a log's checkpoint cosigned, over HTTP or carried by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

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
from ledger.keys import load_verifier_keys
from ledger.note import VerifierKey
from ledger.submission import submission_from
from ledger.witnessed import (
    Ask,
    CosignedNote,
    WitnessUnavailable,
    accept,
    have_cosigned,
    keep,
    kept,
)
from ledger.wording import witness_as_json, witness_line

if TYPE_CHECKING:
    import aiohttp

_ANSWER_SECONDS_MAX: Final = 30.0
_ANSWER_BYTES_MAX: Final = 65_536


@ledger_app.command()
def submit(
    log: LogOption,
    witness_key: Annotated[Path, typer.Option(help="the witness's public key, witness.vkey")],
    url: Annotated[str | None, typer.Option(help="the witness's submission prefix")] = None,
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
        (witness,) = load_verifier_keys([witness_key])
        before = kept(log, witness)
        old_size = 0 if before is None else before.checkpoint.size
        if to_file is not None:
            to_file.write_bytes(submission_from(reader, old_size).to_bytes())
            typer.echo(f"提交文件已写入 / submission written: {to_file}")
            return
        cosigned = _cosigned(reader, witness, url, answer, submission, old_size)
        if cosigned.checkpoint.size < old_size:
            raise ConfigurationError(f"{witness.name} has cosigned more than that already")
        keep(log, witness, cosigned.note)
    if as_json:
        print_json(witness_as_json(cosigned))
    else:
        typer.echo(f"已共签 / cosigned: {witness_line(cosigned)}")


def _cosigned(
    reader: DirectoryLog,
    witness: VerifierKey,
    url: str | None,
    answer: Path | None,
    submission: Path | None,
    old_size: int,
) -> CosignedNote:
    if url is not None:
        return asyncio.run(_over_http(reader, witness, url, old_size))
    if answer is None or submission is None:
        raise ConfigurationError("say how: --url, --to-file, or --answer with --submission")
    note = submission.read_bytes().partition(b"\n\n")[2]
    return accept(note, answer.read_bytes(), witness)


def http_ask(session: aiohttp.ClientSession, url: str) -> Ask:
    """How to ask the witness at this submission prefix. Raises `WitnessUnavailable`."""

    import aiohttp

    async def ask(data: bytes) -> tuple[int, bytes]:
        address = f"{url.rstrip('/')}/add-checkpoint"
        try:
            async with session.post(address, data=data, allow_redirects=False) as response:
                return response.status, await response.content.read(_ANSWER_BYTES_MAX)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise WitnessUnavailable("the witness does not answer at that address") from error

    return ask


async def _over_http(
    reader: DirectoryLog, witness: VerifierKey, url: str, old_size: int
) -> CosignedNote:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS_MAX)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        return await have_cosigned(reader, witness, http_ask(session, url), old_size)
