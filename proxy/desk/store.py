"""Where dossiers lie: a directory of the desk's own, one file each, one line a step.

Everything here blocks: call it in a thread. A file is replaced as a whole and synced before
anything is written into the ledger, so what the ledger names is there. The steps before stay: after
a crash the one that the ledger names counts, whichever it is. Nothing here is trusted when it is
read; `proxy.desk.desk` holds it against the ledger.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.desk.contents import LINE_BYTES_MAX
from proxy.errors import ConfigurationError

STEPS_MAX: Final = 16
_FILE: Final = re.compile(r"(xk-[0-9]{8}-[a-z2-7]{10})\.jsonl")
_NUMBER: Final = re.compile(r"xk-[0-9]{8}-[a-z2-7]{10}")


def is_number(text: str) -> bool:
    """Whether it could be an application's number, and so the name of a file."""
    return _NUMBER.fullmatch(text) is not None


class Store:
    """The files. One process writes them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def directory(self) -> Path:
        """Where the desk keeps what is its own."""
        return self._directory

    def open(self) -> None:
        """Make the directory, or see that it is the service's alone. Raises
        `ConfigurationError`."""
        try:
            self._directory.mkdir(mode=0o700, exist_ok=True)
            found = self._directory.lstat()
        except OSError as error:
            raise ConfigurationError(
                f"desk.directory: {self._directory} cannot be made or read ({error.strerror})"
            ) from None
        if not stat.S_ISDIR(found.st_mode):
            raise ConfigurationError(f"desk.directory: {self._directory} is not a directory")
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise ConfigurationError(
                f"desk.directory: {self._directory} has to be the service's alone: chown it to"
                " the service's user and chmod it 0700"
            )

    def add(self, number: str, step: bytes, *, new: bool = False) -> None:
        """Add a line to the file of ``number``, durable when this returns. Raises `OSError`; then
        the file is what it was, or has the line."""
        if not is_number(number) or b"\n" in step or not step:
            raise ValueError("no number, or no line")
        path = self._path(number)
        if new and path.exists():
            raise FileExistsError(path.name)
        # As it is on the disk: not what a reader made of it.
        before = [] if new else self._whole_lines(path)
        _replace(path, b"".join(line + b"\n" for line in [*before[-(STEPS_MAX - 1) :], step]))

    def steps(self, number: str) -> list[bytes]:
        """The lines of a file, in order; empty where it is not there or cannot be read."""
        try:
            return self._whole_lines(self._path(number))
        except OSError:
            return []

    def keep_answers(self, number: str, run: int, line: bytes) -> None:
        """What a batch check answered, durable when this returns. Raises `OSError`. It counts for
        nothing before its entry is in the ledger, and may be written again till then."""
        if not is_number(number) or not 0 < run < 10**6:
            raise ValueError("no number")
        _replace(self._answers(number, run), line)

    def answers(self, number: str, run: int) -> bytes:
        """The same; empty where it is not there or cannot be read."""
        try:
            return _read(self._answers(number, run), LINE_BYTES_MAX)
        except OSError:
            return b""

    def _answers(self, number: str, run: int) -> Path:
        return self._directory / f"{number}.answers-{run:03}.json"

    def numbers(self) -> Iterator[str]:
        """Every number there is a file of, in order."""
        for name in sorted(os.listdir(self._directory)):
            if (found := _FILE.fullmatch(name)) is not None:
                yield found[1]

    def _path(self, number: str) -> Path:
        return self._directory / f"{number}.jsonl"

    def _whole_lines(self, path: Path) -> list[bytes]:
        data = _read(path, STEPS_MAX * LINE_BYTES_MAX)
        return [line for line in data.split(b"\n") if line]


def _read(path: Path, bytes_max: int) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("not a file")
        return file.read(bytes_max)


def _replace(path: Path, data: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
