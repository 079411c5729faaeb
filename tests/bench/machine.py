"""On what the figures were taken: a figure without its machine says nothing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from ledger.disk import filesystem_kind

PACKAGES = ("fengcun", "uvloop", "cryptography", "pynacl", "postgast", "pgparse", "sqlglot")
IDLE_PERCENT_MIN = 90.0
LOOK_S = 1.0


def describe(postgres: str, log_directory: Path) -> dict[str, object]:
    """The machine, its state and the versions of everything that took part."""
    busy_percent = psutil.cpu_percent(interval=LOOK_S)
    return {
        "processor": _processor(),
        "cores_count": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "kernel": f"{platform.system()} {platform.release()}",
        "ledger_filesystem": filesystem_kind(log_directory),
        "load_average": [round(figure, 2) for figure in os.getloadavg()],
        "busy_percent_before": busy_percent,
        "quiet": busy_percent <= 100 - IDLE_PERCENT_MIN,
        "python": platform.python_version(),
        "postgres": postgres.removeprefix("postgres (PostgreSQL) "),
        "pgbouncer": _pgbouncer(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _pgbouncer() -> str | None:
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        return None
    printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return printed.stdout.splitlines()[0].removeprefix("PgBouncer ") if printed.stdout else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
