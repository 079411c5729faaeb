"""What the tests of the commands share: a small log, its public key beside it, and `verify`."""

from __future__ import annotations

import shutil
from pathlib import Path

from typer.testing import CliRunner

from ledger.cli import ledger_app
from ledger.cosignature import CosigningKey
from ledger.note import parse_note
from ledger.submission import with_cosignatures
from ledger.witnessed import keep
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


def put_older_back(log: SmallLog, known_by: str) -> None:
    """An older copy of the log in its place. What was there since is known by `memory` alone, or
    by a file of a `witness` alone, which the copy does not hold."""
    older = shutil.copytree(log.root, log.root.parent / "older")
    memory = log.memory.note()
    assert memory is not None
    log.open().append(1)
    log.close()
    note = log.disk.read("checkpoint")
    shutil.rmtree(log.root)
    older.rename(log.root)
    if known_by == "witness":
        log.memory.remember(memory)
        key = CosigningKey("procuratorate.example/w1", b"w" * 32)
        signature = key.cosign(parse_note(note).text, 1_767_225_700)
        keep(log.root, key.verifier, with_cosignatures(parse_note(note), (signature,)))


def files_of(log: SmallLog) -> dict[str, bytes]:
    """Every file beside and in the log, but for the lock, which whoever looks takes."""
    return {
        str(path): path.read_bytes()
        for path in log.root.parent.rglob("*")
        if path.is_file() and path.name != "lock"
    }
