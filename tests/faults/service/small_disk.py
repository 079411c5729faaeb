"""A real file system of a chosen size, so that a full disk is a full disk. For root alone."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BLOCK_BYTES = 4096
TOOLS = ("mkfs.ext4", "losetup", "mount", "umount", "e2fsck", "resize2fs")


class SmallDisk:
    """An ext4 file system in a sparse file, mounted at `root`."""

    def __init__(self, image: Path, device: str, root: Path) -> None:
        self.root = root
        self._image = image
        self._device = device
        self._ballast = root / "ballast"

    @property
    def free_bytes(self) -> int:
        """What anybody but root could still write."""
        status = os.statvfs(self.root)
        return status.f_bavail * status.f_frsize

    def take(self, size_bytes: int) -> None:
        """Something else on the same disk takes so much, or half of it, or half of that ..."""
        handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT)
        try:
            while size_bytes >= BLOCK_BYTES:
                taken_bytes = os.fstat(handle).st_size
                try:
                    os.posix_fallocate(handle, taken_bytes, size_bytes)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    os.ftruncate(handle, taken_bytes)
                    size_bytes //= 2
                else:
                    return
        finally:
            os.close(handle)

    def enlarge(self, size_bytes: int) -> None:
        """The volume grows. Nobody may be using it: few sandboxes allow it while it is mounted."""
        _must("umount", self.root)
        os.truncate(self._image, self._image.stat().st_size + size_bytes)
        _must("losetup", "--set-capacity", self._device)
        _must("e2fsck", "-f", "-p", self._device)
        _must("resize2fs", self._device)
        _must("mount", self._device, self.root)


@contextmanager
def small_disk(directory: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Made and mounted below `directory`; skips the test where that is not possible."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"mounting a file system needs root and its tools (missing: {missing})")
    image, root = directory / "disk.img", directory / "disk"
    root.mkdir()
    image.touch()
    os.truncate(image, size_bytes)
    _must("mkfs.ext4", "-q", "-m", "0", image)
    attached = _run("losetup", "--find", "--show", image)
    if attached.returncode:
        pytest.skip(f"no loop device here: {attached.stderr.strip()}")
    device = attached.stdout.strip()
    try:
        mounted = _run("mount", device, root)
        if mounted.returncode:
            pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
        try:
            yield SmallDisk(image, device, root)
        finally:
            _must("umount", "--lazy", root)
    finally:
        _must("losetup", "--detach", device)


def _must(*command: str | Path) -> None:
    done = _run(*command)
    assert done.returncode == 0, done.stderr


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
