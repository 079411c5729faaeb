"""`fengcun ledger freeze`: the last entry of a log, once."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ledger.commands.app import (
    HeadOption,
    JsonOption,
    KeysOption,
    LogOption,
    ProxyOption,
    ledger_app,
    plain_errors,
    print_json,
    require_log,
)
from ledger.disk import LocalDisk
from ledger.errors import ConfigurationError, LogFrozen
from ledger.fields import Shape
from ledger.head import HeadMemory, default_head
from ledger.keys import load_keys
from ledger.log import freeze_log
from ledger.seen import seen_by_any


@ledger_app.command()
def freeze(
    log: LogOption,
    keys: KeysOption,
    proxy_id: ProxyOption = "p1",
    successor: Annotated[
        str | None, typer.Option(help="origin of the log that goes on, e.g. court.example/2027")
    ] = None,
    head_file: HeadOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a log for good, its notary being stopped. It stays readable and is never signed again."""
    with plain_errors():
        if successor is not None and not Shape.WORD.item_grammar.fullmatch(f'"{successor}"'):
            raise ConfigurationError("--successor is not an origin")
        reader = require_log(log)
        loaded = load_keys(keys, proxy_id)
        memory = HeadMemory(head_file or default_head(log), log)
        disk = LocalDisk(reader.root)
        try:
            freeze_log(
                disk,
                loaded,
                proxy_id,
                clock_ms=lambda: time.time_ns() // 1_000_000,
                successor=successor,
                key_files=LocalDisk(keys),
                seen=seen_by_any(log, loaded.log_verifiers),
                memory=memory,
            )
        except LogFrozen as already:
            if already.successor != successor:
                raise
        finally:
            disk.unlock()
    if as_json:
        print_json({"origin": loaded.origin, "frozen": True, "successor": successor})
        return
    typer.echo(f"账本已封存 / ledger frozen: {loaded.origin}")
    typer.echo("下一步 / next: fengcun ledger create --predecessor " + str(log))
