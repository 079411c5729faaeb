"""What the tests of the commands share: a small log, its public key beside it, and `verify`."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from ledger.cli import ledger_app
from tests.unit.ledger.small_log import SmallLog

RUN = CliRunner()


def small_log(directory: Path, entries_count: int = 5) -> SmallLog:
    """`entries_count` decisions, closed; `log.vkey` lies beside it."""
    log = SmallLog(directory / "log").create().open()
    log.append(entries_count)
    log.close()
    (directory / "log.vkey").write_text(f"{log.keys.log.verifier}\n")
    return log


def verify(log: SmallLog, *more: str):
    key = log.root.parent / "log.vkey"
    return RUN.invoke(ledger_app, ["verify", "--log", str(log.root), "--key", str(key), *more])
