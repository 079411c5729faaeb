"""`fengcun permit`: applications and permits, as a client of the desk's API."""

from __future__ import annotations

import json as json_format
import re
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from proxy.cli.batch import Output
from proxy.cli.batch import run as run_batch
from proxy.cli.desk_client import DEFAULT_URL, URL_VARIABLE, Answer, Json, Place, ask
from proxy.desk.model import RefusalGround, RevocationReason, State
from proxy.errors import ConfigurationError

_FILE_BYTES_MAX: Final = 1 << 20
_NUMBER: Final = re.compile(r"[a-z0-9-]{1,64}")

permit_app = typer.Typer(
    help="Permits: take applications in, decide on them. 查询许可.", no_args_is_help=True
)

UrlOption = Annotated[
    str, typer.Option("--url", envvar=URL_VARIABLE, help="The desk, or unix:/PATH.")
]
CaOption = Annotated[
    Path | None, typer.Option("--ca-file", help="PEM certificates that may have signed the desk's.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
NumberArgument = Annotated[str, typer.Argument(help="The application's number.")]


@permit_app.command()
def apply(
    file: Annotated[
        Path, typer.Option("--file", help="The application as JSON; - reads standard input.")
    ],
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """Take an application in. It names people, so it comes from a file and not from options."""
    data = sys.stdin.buffer.read(_FILE_BYTES_MAX) if str(file) == "-" else _read(file)
    _show(ask(Place(url, ca_file), "POST", "/applications", data), as_json=json)


@permit_app.command("list")
def list_applications(
    state: Annotated[State | None, typer.Option(help="Those in this state only.")] = None,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many, the latest first.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Show so many.")] = 100,
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """The register, the latest first."""
    query = f"?offset={offset}&limit={limit}" + (f"&state={state.value}" if state else "")
    answer = ask(Place(url, ca_file), "GET", f"/applications{query}")
    if json:
        typer.echo(answer.content)
        return
    found = answer.json()
    lines = found.get("applications")
    for line in lines if isinstance(lines, list) else []:
        late = "  已逾期 / overdue" if line.get("overdue") else ""
        typer.echo(
            _plain(f"{line['number']}  {line['state']}  {line['decide_by']}  {line['unit']}{late}")
        )
    typer.echo(f"共 {found.get('total')} 件 / in all")


@permit_app.command()
def show(
    number: NumberArgument,
    refusal: Annotated[
        bool, typer.Option("--refusal", help="Print the decision not to permit instead.")
    ] = False,
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """One application, and what became of it."""
    place = Place(url, ca_file)
    if refusal:
        text = ask(place, "GET", f"{_path(number)}/refusal").content.decode(errors="replace")
        typer.echo(json_format.dumps({"refusal": text}, ensure_ascii=False) if json else text)
        return
    _show(ask(place, "GET", _path(number)), as_json=json)


@permit_app.command()
def undertaking(
    url: UrlOption = DEFAULT_URL, ca_file: CaOption = None, json: JsonOption = False
) -> None:
    """The duty of secrecy and the undertaking, to be signed before one applies."""
    text = ask(Place(url, ca_file), "GET", "/undertaking").content.decode(errors="replace")
    typer.echo(json_format.dumps({"undertaking": text}, ensure_ascii=False) if json else text)


@permit_app.command()
def grant(
    number: NumberArgument,
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """Permit it. Not by who took it in."""
    _show(ask(Place(url, ca_file), "POST", f"{_path(number)}/grant", b"{}"), as_json=json)


@permit_app.command()
def refuse(
    number: NumberArgument,
    ground: Annotated[RefusalGround, typer.Option(help="Why; the decision says it.")],
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """Do not permit it."""
    body = _body(ground=ground)
    _show(ask(Place(url, ca_file), "POST", f"{_path(number)}/refuse", body), as_json=json)


@permit_app.command()
def revoke(
    number: NumberArgument,
    reason: Annotated[RevocationReason, typer.Option(help="Why.")],
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """Take a permit back; from then on it counts for nothing."""
    body = _body(reason=reason)
    _show(ask(Place(url, ca_file), "POST", f"{_path(number)}/revoke", body), as_json=json)


@permit_app.command()
def batch(
    number: NumberArgument,
    run: Annotated[
        int,
        typer.Option(
            min=1,
            max=999_999,
            help="Which check under the permit; one that was done is given again.",
        ),
    ] = 1,
    csv: Annotated[bool, typer.Option("--csv", help="Print the unit's file.")] = False,
    url: UrlOption = DEFAULT_URL,
    ca_file: CaOption = None,
    json: JsonOption = False,
) -> None:
    """Check everybody on a batch permit's list: a record to report or none. 名单核查."""
    if csv and json:
        raise ConfigurationError("--csv and --json are two forms of one answer: choose one")
    output = Output.CSV if csv else Output.JSON if json else Output.TEXT
    run_batch(Place(url, ca_file), _path(number), run, output)


def _path(number: str) -> str:
    if not _NUMBER.fullmatch(number):
        raise ConfigurationError("this is not the number of an application")
    return f"/applications/{number}"


def _body(**values: Enum) -> bytes:
    return json_format.dumps({name: value.value for name, value in values.items()}).encode()


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_FILE_BYTES_MAX)
    except OSError as error:
        raise ConfigurationError(f"--file: cannot read {file}: {error.strerror}") from None


def _show(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        typer.echo(answer.content)
        return
    dossier = answer.json()
    application = dossier.pop("application", None)
    _lines(dossier)
    if isinstance(application, dict):
        typer.echo("申请 / application:")
        _lines(application, "  ")


def _lines(values: Json, indent: str = "") -> None:
    for name, value in values.items():
        if value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            typer.echo(indent + _plain(f"{name}: {text}"))


def _plain(text: str) -> str:
    """Without what a terminal would act on."""
    return "".join(each if each.isprintable() else " " for each in text)
