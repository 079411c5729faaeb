"""Getting a driver's tests, and an environment in which they run. Everything is pinned by digest
and kept below ``build/drivers``."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.drivers.suites.catalogue import SOURCES, Suite
from tests.world import installed_binaries

KEPT = Path(__file__).parents[3] / "build" / "drivers"
_PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


class NotToBeHad(Exception):
    """A suite or its environment cannot be downloaded here; the message says what failed."""


def environment(suite: Suite) -> Path:
    """The Python of a virtual environment with exactly what the suite's lock names."""
    digest = hashlib.sha256(suite.requirements.read_bytes()).hexdigest()[:12]
    home = KEPT / f"{suite.name}-{digest}"
    python, done = home / "bin" / "python", home / ".done"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        _run(sys.executable, "-m", "venv", home)
        locked = ("--only-binary", ":all:", "--require-hashes", "--requirement", suite.requirements)
        _run(python, *_PIP, "install", *locked)
        done.touch()
    return python


def unpack(suite: Suite, home: Path) -> None:
    """A fresh copy of the suite's files in ``home``."""
    with tarfile.open(fileobj=io.BytesIO(_archive(suite))) as archive:
        for member in archive.getmembers():
            _, _, path = member.name.partition("/")
            if path.split("/")[0] in suite.files:
                member.name = path
                archive.extract(member, home, filter="data")


def _archive(suite: Suite) -> bytes:
    kept = KEPT / f"{suite.name}-{suite.version}.tar.gz"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as name:
            found = _cloned(suite, Path(name)) if suite.commit else _downloaded(suite, Path(name))
            found.rename(kept)
    return kept.read_bytes()


def _downloaded(suite: Suite, directory: Path) -> Path:
    """From the package index. pip asks even a source archive for its metadata, and psycopg2's
    looks for pg_config before it answers."""
    pinned = [line for line in SOURCES.read_text().splitlines() if line.startswith(suite.name)]
    wanted = directory / "wanted.lock"
    wanted.write_text(next(line for line in pinned if line.split("==")[0] == suite.name) + "\n")
    beside = [str(binaries) for binaries in installed_binaries()]
    path = os.pathsep.join([os.environ.get("PATH", ""), *beside])
    _run(
        sys.executable, *_PIP, "download", "--no-deps", "--no-binary", ":all:", "--dest", directory,
        "--require-hashes", "--requirement", wanted, path=path,
    )  # fmt: skip
    return next(directory.glob("*.tar.gz"))


def _cloned(suite: Suite, directory: Path) -> Path:
    commit = suite.commit
    assert commit is not None
    repository = os.environ.get(commit.variable) or commit.repository
    git = ("git", "-C", directory)
    _run(*git, "init", "--quiet")
    _run(*git, "fetch", "--quiet", "--depth", "1", repository, commit.commit)
    archive = directory / "archive.tar.gz"
    _run(*git, "archive", "--prefix", "source/", "--output", archive, commit.commit, *suite.files)
    return archive


def _run(*command: str | Path, path: str | None = None) -> None:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    if path is not None:
        environment["PATH"] = path
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NotToBeHad(said[-1] if said else f"{command[0]} failed")
