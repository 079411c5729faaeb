"""`fengcun ledger erase`: payloads go by order of law, on a log that nobody writes."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path
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
from ledger.erase import Earlier, Erased
from ledger.erase import erase as erase_payloads
from ledger.erasure import Order, indices_from
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.head import HeadMemory, default_head
from ledger.keys import load_keys
from ledger.seen import seen_by_any
from ledger.shards import continued, shard_of


@ledger_app.command()
def erase(
    entries: Annotated[list[str], typer.Argument(help="which entries: 7, or a range 12-40")],
    log: LogOption,
    keys: KeysOption,
    order: Annotated[str, typer.Option(help="number of the order, no person in it")],
    authority: Annotated[str, typer.Option(help="who ordered it")],
    article: Annotated[str | None, typer.Option(help="the law it rests on")] = None,
    of: Annotated[
        Path | None,
        typer.Option(help="a frozen log that the entries are of; the order is recorded in --log"),
    ] = None,
    predecessor: Annotated[
        list[Path] | None,
        typer.Option(help="with --of: each log between the two; repeatable"),
    ] = None,
    proxy_id: ProxyOption = "p1",
    head_file: HeadOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    as_json: JsonOption = False,
) -> None:
    """Erase payloads by order of law. Stop the service first. There is no way back."""
    with plain_errors(), ExitStack() as locks:
        reader = require_log(log)
        indices = _indices(entries)
        _require_owner(log)
        earlier = _earlier(reader, of, predecessor or [], locks)
        loaded = load_keys(keys, proxy_id)
        memory = HeadMemory(head_file or default_head(log), log)
        if not yes:
            count = len(indices)
            question = f"销毁 {count} 条密文，不可恢复 / erase {count} payloads for good?"
            typer.confirm(question, abort=True, err=True)
        disk = LocalDisk(log)
        locks.callback(disk.unlock)
        done = erase_payloads(
            disk,
            reader,
            loaded,
            proxy_id,
            indices,
            Order(order, authority, article),
            earlier=earlier,
            seen=seen_by_any(log, loaded.log_verifiers),
            memory=memory,
            clock_ms=lambda: time.time_ns() // 1_000_000,
        )
    _report(done, as_json=as_json)


def _indices(words: list[str]) -> list[int]:
    try:
        return indices_from(words)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _earlier(
    newest: DirectoryLog, of: Path | None, between: list[Path], locks: ExitStack
) -> Earlier | None:
    """The frozen log, once it is sure that `newest` continues it: an order in a log that does not
    would excuse nothing."""
    if of is None:
        if between:
            raise ConfigurationError("--predecessor names what lies between --log and --of")
        return None
    frozen = shard_of(require_log(of))
    _require_owner(of)
    *others, last = continued(newest, [frozen, *(shard_of(require_log(each)) for each in between)])
    if last is not frozen:
        raise ConfigurationError(f"{last.origin} does not lie between --log and --of")
    disk = LocalDisk(of)
    locks.callback(disk.unlock)
    return Earlier(frozen, disk, tuple(each.reader for each in others))


def _require_owner(log: Path) -> None:
    """Files of another owner in the log would stop the service at its next start."""
    owner = log.stat().st_uid
    if owner != os.geteuid():
        raise ConfigurationError(f"{log} belongs to user {owner}: run this as that user")


def _report(done: Erased, *, as_json: bool) -> None:
    if as_json:
        print_json({"recorded": done.recorded, "finished": done.finished})
        return
    if done.recorded:
        count = len(done.recorded)
        typer.echo(f"已依令销毁 / erased, and the order recorded: {count} payloads")
    if done.finished:
        count = len(done.finished)
        typer.echo(f"已完成此前的销毁 / recorded before, finished now: {count} payloads")
    typer.echo(
        "副本与备份须另行处理 / copies and backups have to be seen to, too: run backup again"
    )
