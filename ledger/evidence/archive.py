"""Where an evidence pack is written: a new folder, or a zip file. Streams; never overwrites."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ledger.errors import ConfigurationError

# Zip files hold a time for each file; one that means nothing keeps two equal packs equal.
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    name: str
    size_bytes: int
    sha256: str


class Archive(Protocol):
    def add(self, name: str, chunks: Iterable[bytes]) -> WrittenFile:
        """Write a file as its chunks come."""

    def finish(self) -> None:
        """Durable, and under its name."""

    def abandon(self) -> None:
        """Leave nothing that could be taken for a pack."""


def open_archive(output: Path) -> Archive:
    """A zip file where the name says so, else a folder. Raises `ConfigurationError`."""
    if output.suffix.lower() == ".zip":
        return ZipArchive(output)
    return FolderArchive(output)


class FolderArchive:
    """The manifest is written last: a folder without one is no pack."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigurationError(f"{folder} is there already: a pack is never overwritten")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder

    def add(self, name: str, chunks: Iterable[bytes]) -> WrittenFile:
        path = self._folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        digest, size_bytes = hashlib.sha256(), 0
        with path.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size_bytes += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        return WrittenFile(name, size_bytes, digest.hexdigest())

    def finish(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def abandon(self) -> None:
        (self._folder / "manifest.json").unlink(missing_ok=True)


class ZipArchive:
    """Written beside its name, and renamed when it is whole."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise ConfigurationError(f"{path} is there already: a pack is never overwritten")
        self._path = path
        self._new = path.with_name(f".{path.name}.new")
        handle = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, chunks: Iterable[bytes]) -> WrittenFile:
        info = zipfile.ZipInfo(name, _ZIP_TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        digest, size_bytes = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size_bytes += len(chunk)
        return WrittenFile(name, size_bytes, digest.hexdigest())

    def finish(self) -> None:
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._new.rename(self._path)

    def abandon(self) -> None:
        with suppress(OSError, ValueError):
            self._zip.close()
        with suppress(OSError):
            self._file.close()
        self._new.unlink(missing_ok=True)
