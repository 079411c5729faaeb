"""`fengcun ledger create`: the genesis entry, once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ledger.checkpoint import Checkpoint
from ledger.commands.app import (
    JsonOption,
    KeysOption,
    LogOption,
    ProxyOption,
    ledger_app,
    load_checkpoint,
    plain_errors,
    print_json,
)
from ledger.disk import LocalDisk, require_durable_filesystem
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.keys import load_keys, load_verifier_keys
from ledger.log import create_log
from ledger.note import VerifierKey
from ledger.shards import require_frozen


@ledger_app.command()
def create(
    log: LogOption,
    keys: KeysOption,
    proxy_id: ProxyOption = "p1",
    predecessor: Annotated[
        Path | None,
        typer.Option(help="the frozen log this one continues, or a file with its last checkpoint"),
    ] = None,
    predecessor_key: Annotated[Path | None, typer.Option(help="public key of that log")] = None,
    force_filesystem: Annotated[
        bool, typer.Option(help="accept a file system that may not keep a sync")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the genesis entry. A log is created once, by this command and by nothing else."""
    with plain_errors():
        loaded = load_keys(keys, proxy_id)
        last = None
        if predecessor is not None:
            if predecessor_key is None:
                raise ConfigurationError("--predecessor needs --predecessor-key")
            last = _last_of(predecessor, load_verifier_keys([predecessor_key]), loaded.origin)
        log.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not force_filesystem:
            require_durable_filesystem(log)
        create_log(
            LocalDisk(log),
            loaded,
            proxy_id,
            now_ms=time.time_ns() // 1_000_000,
            predecessor=last,
        )
    if as_json:
        print_json({"origin": loaded.origin, "log_key": str(loaded.log.verifier)})
        return
    typer.echo(f"账本已建立 / ledger created: {loaded.origin} in {log}")
    typer.echo(
        f"请把这行公钥交给检察机关 / give this public key to the procuratorate:\n"
        f"{loaded.log.verifier}"
    )


def _last_of(predecessor: Path, keys: list[VerifierKey], origin: str) -> Checkpoint:
    """Of a directory it is checked that nothing can come after it; a lone checkpoint shows less."""
    if predecessor.is_dir():
        return require_frozen(DirectoryLog(predecessor), keys, origin)
    typer.echo(
        "未检查前一账本是否已封存 / not checked that the earlier log is frozen: "
        "give its directory to have it checked",
        err=True,
    )
    return load_checkpoint(predecessor, keys)
