"""`fengcun certificate`: issue, revoke, verify. Data of people come by files and standard input."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.fetch import DirectoryLog
from ledger.keys import load_verifier_keys
from proxy.cli.certificate_check import (
    FILE_BYTES_MAX,
    Finding,
    Standing,
    check,
    code_in,
    document_of,
)
from proxy.desk.certificate.code import InvalidCode, parse_code
from proxy.desk.certificate.decoding import REQUEST_BYTES_MAX, decode_request
from proxy.desk.certificate.form import today_in_china
from proxy.desk.model import Officer, Role
from proxy.errors import ConfigurationError
from proxy.record.line import connect_ledger, require_origin
from proxy.settings import load_settings

if TYPE_CHECKING:
    from proxy.desk.certificate.desk import CertificateDesk

T = TypeVar("T")

certificate_app = typer.Typer(
    help="Certificates that there is no record: issue, revoke, verify.", no_args_is_help=True
)
ConfigOption = Annotated[Path, typer.Option("--config", "-c", help="The service's fengcun.toml.")]
OfficerOption = Annotated[
    str, typer.Option(help="The officer's own login, for the record.", metavar="LOGIN")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

_SAID: Final = {
    Standing.GENUINE: "在册，内容一致 / on record, as it is here",
    Standing.REVOKED: "已经撤销 / it was revoked",
    Standing.ALTERED: "在册内容与此不同 / on record is something else under this number",
    Standing.UNKNOWN: "本副本中没有该文书 / this copy of the log has no such document",
    Standing.OTHER_LOG: "核验码属于另一账本 / the code is of another log",
}


@certificate_app.command()
def issue(
    config: ConfigOption,
    officer: OfficerOption,
    request: Annotated[
        Path | None, typer.Option(help="The request in JSON; standard input by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Issue a form, or refuse it, beside the running service; prints where the PDF is."""
    body = _read(request, REQUEST_BYTES_MAX + 1)
    wanted = decode_request(body, today=today_in_china())
    clerk = _clerk(officer)
    issued = _with_desk(config, lambda desk: desk.issue(clerk, wanted))
    if as_json:
        said = {"serial": issued.serial, "form": issued.form.value, "file": str(issued.path)}
        typer.echo(json.dumps({**said, "entry": issued.index}, ensure_ascii=False))
    else:
        typer.echo(f"{issued.serial}  {issued.path}")


@certificate_app.command()
def revoke(
    serial: Annotated[int, typer.Argument(min=1, help="The serial of the form.")],
    config: ConfigOption,
    officer: OfficerOption,
) -> None:
    """Take a form back: from then on verify says so."""
    clerk = _clerk(officer)
    index = _with_desk(config, lambda desk: desk.revoke(clerk, serial))
    typer.echo(f"已撤销 / revoked: {serial:06d}, entry {index}")


@certificate_app.command()
def verify(
    document: Annotated[
        str, typer.Argument(help="A PDF, or the code on a paper.", metavar="FILE|CODE")
    ],
    log: Annotated[Path, typer.Option(help="The log's directory, or a copy of one.")],
    key: Annotated[list[Path], typer.Option(help="The log's public key, log.vkey; repeatable.")],
    printed: Annotated[
        Path | None,
        typer.Option(
            help="With a code: what stands on the paper, in JSON; standard input by default."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Is this very document on record, and not revoked? Offline; exit 1 if it is not."""
    try:
        keys = load_verifier_keys(key)
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from None
    if not (log / "checkpoint").is_file():
        raise ConfigurationError(f"there is no ledger at {log}")
    reader = DirectoryLog(log)
    try:
        if Path(document).is_file():
            file = _read(Path(document), FILE_BYTES_MAX + 1)
            found = check(reader, keys, code_in(file), file=file)
        else:
            code = parse_code(document)
            said = _printed(printed)
            found = check(reader, keys, code, document=document_of(said))
    except InvalidCode as error:
        raise ConfigurationError(f"{error} / 不是有效的核验码或者证明文件") from None
    except ValueError as error:
        raise ConfigurationError(f"--printed: {error}") from None
    _tell(found, as_json=as_json)
    raise typer.Exit(0 if found.standing is Standing.GENUINE else 1)


def _tell(found: Finding, *, as_json: bool) -> None:
    if as_json:
        said = {
            "standing": found.standing.value,
            "serial": found.serial,
            "event": found.event,
            "entry": found.index,
            "issued_at": found.issued_at,
            "valid_until": found.valid_until,
            "log_entries": found.entries_count,
            "log_until": found.until,
        }
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    typer.echo(f"{found.serial}  {_SAID[found.standing]}")
    if found.index is not None:
        typer.echo(f"  {found.event}  {found.issued_at}  → {found.valid_until}  #{found.index}")
    typer.echo(f"  账本副本至 / log until {found.until}, {found.entries_count} entries")


def _printed(file: Path | None) -> dict[str, object]:
    try:
        value: object = json.loads(_read(file, REQUEST_BYTES_MAX + 1))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("a JSON object of what stands on the paper is wanted")
    return value


def _read(file: Path | None, bytes_max: int) -> bytes:
    if file is None:
        return sys.stdin.buffer.read(bytes_max)
    try:
        with file.open("rb") as opened:
            return opened.read(bytes_max)
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise ConfigurationError(f"cannot read {file}: {reason}") from None


def _clerk(login: str) -> Officer:
    if not login.isprintable() or not 0 < len(login) <= 64:
        raise ConfigurationError("--officer: 1 to 64 printable characters")
    return Officer(login, frozenset({Role.CLERK}))


def _with_desk(config: Path, work: Callable[[CertificateDesk], Awaitable[T]]) -> T:
    """By a line of our own to the notary of the running service."""
    from proxy.desk.certificate.opening import configured, open_certificate_desk

    settings = load_settings(config)
    configured(settings)
    require_origin(settings.ledger.keys, settings.ledger.origin)

    async def run() -> T:
        ledger = await connect_ledger(settings.ledger.socket_path, settings.ledger.keys)
        try:
            return await work(open_certificate_desk(settings, ledger))
        finally:
            await ledger.close()

    return asyncio.run(run())
