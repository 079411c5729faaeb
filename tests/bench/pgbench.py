"""One run of pgbench against one connection string, and the figures in what it prints."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Protocol = Literal["simple", "extended", "prepared"]

_TPS = re.compile(r"^tps = ([0-9.]+) ", re.MULTILINE)
_FAILED = re.compile(r"^number of failed transactions: (\d+) ", re.MULTILINE)


class PgbenchFailed(Exception):
    """pgbench ended early or its statements failed; the message is its own."""


@dataclass(frozen=True, slots=True)
class Run:
    """``latencies_us``: one for each transaction, where they were asked for."""

    transactions_per_second: float
    latencies_us: tuple[int, ...] = ()


def run(
    binary: Path,
    conninfo: str,
    script: str,
    *,
    protocol: Protocol = "simple",
    clients_count: int = 1,
    seconds: int = 1,
    reconnect: bool = False,
    latencies: bool = False,
) -> Run:
    """Run ``script`` over and over. Raises `PgbenchFailed`."""
    with tempfile.TemporaryDirectory(prefix="fengcun-pgbench-") as name:
        directory = Path(name)
        file = directory / "script.sql"
        file.write_text(script, encoding="utf-8")
        command = [str(binary), "--no-vacuum", "--file", str(file), "--protocol", protocol]
        command += ["--client", str(clients_count), "--time", str(seconds)]
        command += ["--connect"] if reconnect else []
        command += ["--log"] if latencies else []
        done = subprocess.run(
            [*command, conninfo], cwd=directory, capture_output=True, text=True, check=False
        )
        if done.returncode or _failed_count(done.stdout):
            raise PgbenchFailed(_first_error(done.stderr) or f"exit code {done.returncode}")
        logged = "".join(log.read_text() for log in directory.glob("pgbench_log.*"))
    return Run(tps(done.stdout), latencies_us(logged))


def tps(printed: str) -> float:
    """The figure that leaves out the first connections, or with --connect includes them all."""
    found = _TPS.search(printed)
    if found is None:
        raise PgbenchFailed("pgbench printed no throughput")
    return float(found[1])


def latencies_us(logged: str) -> tuple[int, ...]:
    """The third column of a transaction log (pgbench(1), "Per-Transaction Logging")."""
    return tuple(int(line.split(" ", 3)[2]) for line in logged.splitlines())


def _failed_count(printed: str) -> int:
    found = _FAILED.search(printed)
    return int(found[1]) if found else 0


def _first_error(printed: str) -> str:
    """The line that says why; what follows it only says that the run was aborted."""
    return next((line for line in printed.splitlines() if "error: " in line), "")
