"""A notary in a process of its own, on a log in a temporary directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ledger.log import create_log
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, key_directory

ROOT = Path(__file__).parents[3]


def notary_command(directory: Path, *prefix: str) -> list[str]:
    """`prefix` is what it runs under."""
    return [
        *(*prefix, sys.executable, "-m", "ledger.notary"),
        *("--log", str(directory / "log"), "--keys", str(directory / "keys")),
        *("--socket", str(directory / "s"), "--proxy-id", PROXY_ID),
        *("--force-filesystem", "--reserve-bytes", "0"),
    ]


def start_notary(directory: Path, *prefix: str) -> subprocess.Popen[str]:
    """Returns when it serves."""
    process = subprocess.Popen(
        notary_command(directory, *prefix),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def notary_process(directory: Path) -> tuple[SmallLog, subprocess.Popen[str], Path]:
    _, keys = key_directory(directory)
    log = SmallLog(directory / "log", keys)
    create_log(log.disk, keys, PROXY_ID, now_ms=log.clock(), reserve_bytes=0)
    return log, start_notary(directory), directory / "s"
