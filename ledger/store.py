"""The files of a log and the discipline of writing them: nothing is named before it is durable.

checkpoint, tile/, payload/       published, see `publish`
.state/wal/<first index>.seg      what was promised, see `wal`
.state/lock, .state/new           the one writer, and the file it is writing
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from ledger.disk import Disk
from ledger.errors import DiskReserveReached, LedgerDamaged
from ledger.wal import SegmentHeader, encode_segment_header, segment_name

WAL_FOLDER: Final = ".state/wal"
SEGMENT_BYTES: Final = 64 << 20
RESERVE_BYTES: Final = 256 << 20
# Kept free at the end of each segment, for the frame that says why the notary stopped.
STOP_ROOM_BYTES: Final = 16 << 10

_NEW_FILE: Final = ".state/new"
_NEW_SEGMENT: Final = ".state/new-segment"


def folder_of(path: str) -> str:
    return path.rpartition("/")[0] or "."


def make_folders(disk: Disk, folder: str) -> None:
    """Like mkdir -p, and each level durable in its parent: one that is there may not be yet."""
    parts = folder.split("/")
    for depth in range(1, len(parts) + 1):
        level = "/".join(parts[:depth])
        disk.make_folder(level)
        disk.sync_folder(folder_of(level))


def write_file(disk: Disk, path: str, data: bytes) -> None:
    """Replace the file as a whole: new file, sync, rename, sync of its folder."""
    _write_and_name(disk, path, data)
    disk.sync_folder(folder_of(path))


def _write_and_name(disk: Disk, path: str, data: bytes) -> None:
    handle = disk.create(_NEW_FILE, 0)
    try:
        disk.write(handle, data, 0)
        disk.sync(handle)
    finally:
        disk.close(handle)
    disk.rename(_NEW_FILE, path)


def write_immutable(disk: Disk, path: str, data: bytes) -> None:
    """A file that is written once: what is there already must be the same bytes.

    Its name is durable after the caller's next sync of the folder. What was written is read back:
    one flipped bit below a signed root has ended public logs.
    """
    try:
        present = disk.read(path)
    except FileNotFoundError:
        _write_and_name(disk, path, data)
        present = disk.read(path)
    if present != data:
        raise LedgerDamaged(f"{path} is not what this log has published: two writers or a bad disk")


def remove_leftovers(disk: Disk) -> None:
    """Files that were being written when the process died; they were never named."""
    for path in (_NEW_FILE, _NEW_SEGMENT):
        if path.rpartition("/")[2] in disk.names(".state"):
            disk.remove(path)


class WalWriter:
    """Appends frames to preallocated segments. One thread appends, another may retire segments."""

    def __init__(
        self,
        disk: Disk,
        origin: str,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        self._disk = disk
        self._origin = origin
        self._segment_bytes = segment_bytes
        self._reserve_bytes = reserve_bytes
        self._handle: int | None = None
        self._offset = 0
        self._end = 0
        self._first_indices: deque[int] = deque()

    def start_segment(
        self, first_index: int, root: bytes, created_ms: int, frames: Iterable[bytes] = ()
    ) -> None:
        """A fresh segment that holds `frames` already, in place of one of the same name."""
        header = SegmentHeader(self._origin, first_index, root, created_ms)
        data = encode_segment_header(header) + b"".join(frames)
        size_bytes = max(self._segment_bytes, len(data) + STOP_ROOM_BYTES)
        handle = self._disk.create(_NEW_SEGMENT, size_bytes)
        self._disk.write(handle, data, 0)
        self._disk.sync(handle)
        self._disk.rename(_NEW_SEGMENT, f"{WAL_FOLDER}/{segment_name(first_index)}")
        self._disk.sync_folder(WAL_FOLDER)
        self.close()
        self._handle, self._offset, self._end = handle, len(data), size_bytes
        # The one that was replaced is gone: counted twice, `retire` would delete this one for it.
        if first_index not in self._first_indices:
            self._first_indices.append(first_index)

    def make_room(
        self, frame_bytes: int, next_index: int, root: bytes, now_ms: int, *, owed_bytes: int = 0
    ) -> None:
        """Before anything is numbered or signed: is there space for a frame of up to that size?

        `owed_bytes` is what publishing will write of what is durable already. Raises
        `DiskReserveReached` while the stop can still be recorded, and all of it published.
        """
        free_bytes = self._disk.free_bytes() - owed_bytes
        if free_bytes < self._reserve_bytes:
            raise DiskReserveReached("the disk is full up to the reserve: make space, then restart")
        if self._offset + frame_bytes + STOP_ROOM_BYTES <= self._end:
            return
        if frame_bytes + STOP_ROOM_BYTES > self._segment_bytes // 2:
            self._segment_bytes = 2 * (frame_bytes + STOP_ROOM_BYTES)
        if free_bytes < self._reserve_bytes + self._segment_bytes:
            raise DiskReserveReached("no space for another log segment: make space, then restart")
        self.start_segment(next_index, root, now_ms)

    def append(self, frame: bytes) -> None:
        """Durable when this returns. Room was made before."""
        assert self._handle is not None
        assert self._offset + len(frame) <= self._end
        self._disk.write(self._handle, frame, self._offset)
        self._disk.sync(self._handle)
        self._offset += len(frame)

    def retire(self, published_size: int) -> None:
        """Delete the segments that hold nothing but published entries."""
        while len(self._first_indices) > 1 and self._first_indices[1] <= published_size:
            self._disk.remove(f"{WAL_FOLDER}/{segment_name(self._first_indices.popleft())}")
            # Oldest first on the disk too: a crash that keeps a later removal only leaves a gap.
            self._disk.sync_folder(WAL_FOLDER)

    def close(self) -> None:
        if self._handle is not None:
            self._disk.close(self._handle)
            self._handle = None
