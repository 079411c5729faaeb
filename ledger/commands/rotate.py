"""`fengcun keys rotate`, `retire`, `recipients`: what the next start of the notary shall change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    KeysOption,
    LogOption,
    keys_app,
    plain_errors,
    print_json,
    require_log,
)
from ledger.errors import ConfigurationError
from ledger.keys import load_recipients
from ledger.prepare import ask_retirement, change_recipients, prepare_successor

_AT_THE_NEXT_START = "下次启动时生效 / takes effect at the next start of the notary"


@keys_app.command()
def rotate(
    what: Annotated[str, typer.Argument(help="entry or log")],
    keys: KeysOption,
    as_json: JsonOption = False,
) -> None:
    """Prepare the key that follows; the log announces it at the next start. Never overwrites."""
    with plain_errors():
        if what not in ("entry", "log"):
            raise ConfigurationError("rotate which key: entry or log")
        key = prepare_successor(keys, "entry" if what == "entry" else "log")
    if as_json:
        print_json({"what": what, "next_key": str(key), "file": str(keys / f"{what}.next.vkey")})
        return
    typer.echo(f"新公钥 / next {what} key: {key}")
    typer.echo(_AT_THE_NEXT_START)
    if what == "log":
        typer.echo(
            "请先交给检察机关和见证人 / hand it to the procuratorate and the witnesses: both keys\n"
            "sign until `fengcun keys retire log`, and after that who has only the old one cannot "
            "verify."
        )


@keys_app.command()
def retire(
    what: Annotated[str, typer.Argument(help="log")],
    keys: KeysOption,
    log: LogOption,
    as_json: JsonOption = False,
) -> None:
    """End the time in which two log keys sign: the older one signs no more."""
    with plain_errors():
        if what != "log":
            raise ConfigurationError("only a log key has an overlap to end: `keys retire log`")
        key = ask_retirement(keys, require_log(log))
    if as_json:
        print_json({"retired_key": str(key)})
        return
    typer.echo(f"停用旧公钥 / to be retired: {key}")
    typer.echo(_AT_THE_NEXT_START)


@keys_app.command()
def recipients(
    keys: KeysOption,
    add: Annotated[list[Path] | None, typer.Option(help="a .pub file; repeatable")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="a recipient's id; repeatable")] = None,
    as_json: JsonOption = False,
) -> None:
    """Change who can read payloads from the next start on. Two at least remain.

    Who is removed reads nothing that is written after that start, and can still read what was
    written before it: it was encrypted to that key, too.
    """
    with plain_errors():
        if not add and not remove:
            raise ConfigurationError("say whom: --add FILE.pub, --remove ID")
        named = change_recipients(keys, load_recipients(add or []), remove or [])
    if as_json:
        print_json({"recipients": [str(recipient) for recipient in named]})
        return
    for recipient in named:
        typer.echo(f"收件人 / recipient: {recipient.id}  {recipient.name}")
    typer.echo(_AT_THE_NEXT_START)
    if remove:
        typer.echo(
            "被移除者仍能解开此前的密文 / who was removed can still open what was written before"
        )
