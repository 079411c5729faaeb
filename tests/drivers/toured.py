"""A tour: one program in a driver's own language, built once and run against any database.

What a tour prints is a line a step. Two runs that find the same database print the same lines.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TOURS = Path(__file__).with_name("tours")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fengcun-tours"
FETCH_MAX_S = 300
RUN_MAX_S = 120
LAST = "the end: reached"
"""The last line: a tour that breaks off does not print it."""

Command = tuple[str, ...]


class Missing(Exception):
    """The language, the driver or its registry is not to be had here; the message says which."""


@dataclass(frozen=True, slots=True)
class Tour:
    """``needs`` are programs or files; ``fetch`` may use the network and its failure is nobody's
    fault, ``build`` may not. Commands run in a copy of the tour's folder, outside the checkout."""

    name: str
    needs: tuple[str, ...]
    run: Command
    fetch: Command = ()
    build: Command = ()
    digests: tuple[tuple[str, str], ...] = ()

    def prepared(self) -> Path:
        """Where it can be run. Raises Missing."""
        for need in self.needs:
            if not (shutil.which(need) or Path(need).exists()):
                raise Missing(f"{need} is not installed")
        source = TOURS / self.name
        home = CACHE / f"{self.name}-{_digest(source)}"
        done = home / ".done"
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(source, home)
            if self.fetch and (failed := _run(self.fetch, home)).returncode:
                raise Missing(f"could not be fetched: {' '.join(self.fetch)}: {_last(failed)}")
            for name, digest in self.digests:
                found = hashlib.sha256((home / name).read_bytes()).hexdigest()
                assert found == digest, f"{name} is not what was locked: {found}"
            if self.build:
                built = _run(self.build, home)
                assert built.returncode == 0, built.stdout + built.stderr
            done.touch()
        return home

    def lines(self, part: str, where: Mapping[str, str]) -> list[str]:
        """Walk a part of it, "open" or "protected"; `where` in the variables of libpq."""
        return walked((*self.run, part), self.prepared(), where)


def walked(command: Command, home: Path, where: Mapping[str, str]) -> list[str]:
    """The lines that a program prints; AssertionError where it hangs, fails or breaks off."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    try:
        done = subprocess.run(
            command, cwd=home, capture_output=True, timeout=RUN_MAX_S, check=False,
            env={**kept, "LC_ALL": "C.UTF-8", "TZ": "Asia/Shanghai", **where},
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        printed = (late.stdout or b"").decode("utf-8", "replace")
        raise AssertionError(f"hangs after: {printed[-3000:]}") from None
    errors = done.stderr.decode("utf-8", "replace")
    lines = done.stdout.decode("utf-8").splitlines()
    assert (done.returncode, lines[-1:]) == (0, [LAST]), "\n".join([*lines[-9:], errors])
    return lines[:-1]


def difference(direct: list[str], through: list[str]) -> str:
    """Empty where the lines are the same."""
    return "\n".join(
        difflib.unified_diff(direct, through, "direct", "through the proxy", lineterm="", n=0)
    )


TOURS_BY_NAME = {
    tour.name: tour
    for tour in (
        Tour(
            "pgjdbc",
            needs=("javac", "mvn"),
            fetch=(
                *("mvn", "-q", "-B", "-C", "dependency:copy-dependencies"),
                "-DoutputDirectory=lib",
            ),
            build=("sh", "-c", "javac -encoding UTF-8 -cp 'lib/*' -d classes *.java"),
            run=("java", "-Xshare:auto", "-cp", "lib/*:classes", "Tour"),
            digests=(
                (
                    "lib/postgresql-42.7.14.jar",
                    "73914527305a40cce504b0d3d90b23caf565136912d607ae8ae7c5895512332c",
                ),
            ),
        ),
        Tour(
            "node",
            needs=("node", "npm"),
            fetch=("npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"),
            run=("node", "tour.js"),
        ),
        Tour(
            "pq",
            needs=("go",),
            fetch=("go", "mod", "download"),
            build=("go", "build", "-o", "tour", "."),
            run=("./tour",),
        ),
        Tour(
            "pgx",
            needs=("go",),
            fetch=("go", "mod", "download"),
            build=("go", "build", "-o", "tour", "."),
            run=("./tour",),
        ),
        Tour(
            "odbc",
            needs=("isql", "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so"),
            run=(sys.executable, "tour.py"),
        ),
        Tour(
            "dbd_pg",
            needs=("perl",),
            fetch=("perl", "-MDBD::Pg", "-e", "1"),
            run=("perl", "tour.pl"),
        ),
    )
}


def _digest(folder: Path) -> str:
    """Of everything in it and of how it is built."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _run(command: Command, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=home, capture_output=True, text=True, timeout=FETCH_MAX_S, check=False
    )


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
