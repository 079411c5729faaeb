"""The directory of an index: one file for each log, replaced as a whole when it is made anew.

    <16 digits of the name's hash>-<generation>.index    the highest generation counts
    ….new, ….stage                                       being built; of no worth after a crash
    lock                                                 flock of the one process that uses it

A new generation has a new name: SQLite keeps files beside its own, and those of one generation
must never meet another.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from ledger.errors import ConfigurationError

_FILE: Final = re.compile(r"([0-9a-f]{16})-([1-9][0-9]{0,8})\.index")
_BESIDE: Final = ("", "-wal", "-shm", "-journal")


class IndexFiles:
    """Which file is the index of which log. Threads may ask; one replaces at a time."""

    def __init__(self, directory: Path, names: Iterable[str]) -> None:
        """Makes the directory if need be, and removes what belongs to no log of that name.

        Raises `ConfigurationError` where it cannot be used, or another process uses it.
        """
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"the index directory {directory} cannot be used: {error.strerror}"
            raise ConfigurationError(message) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            message = f"another portal uses the index directory {directory}: stop it first"
            raise ConfigurationError(message) from None
        self._names = {name: _stem(name) for name in sorted(names)}
        self._generations = self._found()
        self._remove_the_rest()

    @property
    def names(self) -> list[str]:
        return list(self._names)

    def path(self, name: str) -> Path | None:
        """Of the index of that log; None where there is none yet. Raises `KeyError`."""
        stem = self._names[name]
        generation = self._generations.get(stem)
        return None if generation is None else self._directory / f"{stem}-{generation}.index"

    def beginning(self, name: str) -> tuple[Path, Path]:
        """Where the next generation is built, and what it needs meanwhile. Neither is there."""
        stem = self._names[name]
        paths = self._directory / f"{stem}.new", self._directory / f"{stem}.stage"
        for path in paths:
            _remove(path)
        return paths

    def adopt(self, name: str) -> Path:
        """What was built is the index from now on. It was closed; here it becomes durable."""
        stem, old = self._names[name], self.path(name)
        generation = self._generations.get(stem, 0) + 1
        path = self._directory / f"{stem}-{generation}.index"
        built = self._directory / f"{stem}.new"
        _sync(built)
        os.rename(built, path)
        _sync(self._directory)
        self._generations[stem] = generation
        if old is not None:
            _remove(old)
        return path

    def close(self) -> None:
        os.close(self._lock)

    def _found(self) -> dict[str, int]:
        generations: dict[str, int] = {}
        for path in self._directory.iterdir():
            match = _FILE.fullmatch(path.name)
            if match is not None and match[1] in self._names.values():
                generations[match[1]] = max(int(match[2]), generations.get(match[1], 0))
        return generations

    def _remove_the_rest(self) -> None:
        kept = {f"{stem}-{generation}.index" for stem, generation in self._generations.items()}
        for path in self._directory.iterdir():
            base = re.sub(r"-(wal|shm|journal)$", "", path.name)
            ours = _FILE.fullmatch(base) or re.fullmatch(r"[0-9a-f]{16}\.(new|stage)", base)
            if ours and base not in kept:
                path.unlink()


def _stem(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]


def _remove(path: Path) -> None:
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{ending}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
