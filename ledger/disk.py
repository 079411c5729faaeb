"""The few things the log asks of a disk, as one small interface.

Tests put a simulator or a fault behind it; production has `LocalDisk`. Every path is relative to
the directory of the log. Errors are `OSError`, and the caller treats each of them as final.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final, Protocol

from ledger.errors import ConfigurationError

DURABLE_FILESYSTEMS: Final = frozenset({"ext4", "xfs", "zfs", "btrfs"})


class Disk(Protocol):
    def lock(self) -> None:
        """Become the only writer, or raise `ConfigurationError`."""

    def read(self, path: str) -> bytes:
        """The whole file. Raises `FileNotFoundError`."""

    def names(self, folder: str) -> list[str]:
        """What is in the folder, sorted; empty when there is no such folder."""

    def make_folder(self, folder: str) -> bool:
        """Create one level; False when it was there."""

    def create(self, path: str, size_bytes: int) -> int:
        """A new file with its space allocated, open for `write`. Fails when it exists."""

    def write(self, handle: int, data: bytes, offset: int) -> None:
        """All of `data`."""

    def sync(self, handle: int) -> None:
        """fdatasync."""

    def close(self, handle: int) -> None: ...

    def rename(self, source: str, target: str) -> None: ...

    def remove(self, path: str) -> None: ...

    def remove_folder(self, folder: str) -> None:
        """Files in it and then the folder, one level deep."""

    def sync_folder(self, folder: str) -> None:
        """fsync of the directory: makes creations, renames and removals in it durable."""

    def free_bytes(self) -> int: ...


class LocalDisk:
    """A directory on a local file system."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock_handle: int | None = None

    def lock(self) -> None:
        handle = os.open(self._root / ".state/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise ConfigurationError(
                f"another notary is writing {self._root}: stop the service first"
            ) from None
        self._lock_handle = handle

    def unlock(self) -> None:
        if self._lock_handle is not None:
            os.close(self._lock_handle)
            self._lock_handle = None

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self._root / folder))
        except FileNotFoundError:
            return []

    def make_folder(self, folder: str) -> bool:
        try:
            (self._root / folder).mkdir(mode=0o755)
        except FileExistsError:
            return False
        return True

    def create(self, path: str, size_bytes: int) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        handle = os.open(self._root / path, flags, 0o644)
        try:
            if size_bytes:
                os.posix_fallocate(handle, 0, size_bytes)
        except OSError:
            os.close(handle)
            raise
        return handle

    def write(self, handle: int, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written_bytes = os.pwrite(handle, view, offset)
            view, offset = view[written_bytes:], offset + written_bytes

    def sync(self, handle: int) -> None:
        os.fdatasync(handle)

    def close(self, handle: int) -> None:
        os.close(handle)

    def rename(self, source: str, target: str) -> None:
        os.rename(self._root / source, self._root / target)

    def remove(self, path: str) -> None:
        (self._root / path).unlink()

    def remove_folder(self, folder: str) -> None:
        for name in self.names(folder):
            self.remove(f"{folder}/{name}")
        (self._root / folder).rmdir()

    def sync_folder(self, folder: str) -> None:
        handle = os.open(self._root / folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def free_bytes(self) -> int:
        status = os.statvfs(self._root)
        return status.f_bavail * status.f_frsize


def require_durable_filesystem(directory: Path) -> None:
    """Raise `ConfigurationError` where a sync may not reach a disk: NFS, 9p, overlay, tmpfs."""
    kind = filesystem_kind(directory)
    if kind not in DURABLE_FILESYSTEMS:
        raise ConfigurationError(
            f"{directory} is on {kind}, where a sync may not reach a disk; use ext4 or xfs, "
            "or pass --force-filesystem for a trial"
        )


def filesystem_kind(directory: Path) -> str:
    """The type of the file system from /proc/self/mountinfo (proc(5)), or "unknown"."""
    device = directory.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    kind = "unknown"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split(" ")[2] == number:
            kind = source.split(" ")[0]
    return kind


def replace_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Outside of a log: the whole file, durable and under its name, or the one before."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
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
