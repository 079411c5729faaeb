"""A disk in memory that forgets at a crash what was not synced, and no more than POSIX allows.

Data: after a crash any subset of the sectors of 512 bytes written since the file's last sync may be
there, and so any subset of blocks of 4 KiB. Names: of each folder, some of the changes since its
last sync may be there; a rename is one change of the target's folder. Lengths: of a file that was
never synced, nothing is certain. `crash_states` goes through all of it, `crashed` draws one.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from random import Random
from typing import Self

from ledger.store import folder_of

BLOCK_BYTES = 512


@dataclass
class Inode:
    durable: bytearray = field(default_factory=bytearray)
    volatile: bytearray = field(default_factory=bytearray)
    dirty_blocks: set[int] = field(default_factory=set)

    def after_crash(self, kept_blocks: Set[int], *, extended: bool) -> Inode:
        """With those of the dirty blocks, and perhaps the length, that reached the disk."""
        data = bytearray(self.durable)
        if len(self.volatile) > len(data) and extended:
            data.extend(bytes(len(self.volatile) - len(data)))
        for block in self.dirty_blocks & kept_blocks:
            start = block * BLOCK_BYTES
            if start < len(data):
                end = min(start + BLOCK_BYTES, len(data))
                data[start:end] = self.volatile[start:end]
        return Inode(bytearray(data), data)

    def copy(self) -> Inode:
        return Inode(bytearray(self.durable), bytearray(self.volatile), set(self.dirty_blocks))


@dataclass(frozen=True)
class Change:
    """Names that appear (path -> inode, or None for a folder) and names that go."""

    folder: str
    added: dict[str, int | None]
    removed: tuple[str, ...]


class SimulatedDisk:
    """A `Disk` and a `LogReader`. `before_change` is called before anything is changed."""

    def __init__(self) -> None:
        self._inodes: dict[int, Inode] = {}
        self._durable: dict[str, int | None] = {".": None}
        self._volatile: dict[str, int | None] = {".": None}
        self._changes: list[Change] = []
        self._handles: dict[int, int] = {}
        self._next = 1
        self._mutex = threading.RLock()
        self.before_change: Callable[[], None] = lambda: None
        self.on_read: Callable[[str], None] = lambda path: None

    def crashed(self, random: Random) -> Self:
        """What a machine may find after losing power now: one of many, and of each folder a prefix
        of its changes, as on file systems with a journal."""
        with self._mutex:
            counts = {
                folder: random.randint(0, len(self._pending(folder)))
                for folder in {change.folder for change in self._changes}
            }
            changes = []
            for change in self._changes:
                if counts[change.folder] > 0:
                    counts[change.folder] -= 1
                    changes.append(change)
            blocks = {
                number: {block for block in sorted(inode.dirty_blocks) if random.random() < 0.5}
                for number, inode in self._inodes.items()
            }
            extended = {number for number in self._inodes if random.random() < 0.5}
            return self.after(changes, blocks, extended)

    def after(self, changes: list[Change], blocks: dict[int, set[int]], extended: Set[int]) -> Self:
        """After a crash that let exactly these changes of names, blocks and lengths through."""
        after = type(self)()
        names = dict(self._durable)
        for change in changes:
            if change.folder in names:
                _apply(change, names)
        after._durable, after._volatile = names, dict(names)
        for number in {found for found in names.values() if found is not None}:
            kept, longer = blocks.get(number, set()), number in extended
            after._inodes[number] = self._inodes[number].after_crash(kept, extended=longer)
        after._next = self._next
        return after

    def unsynced(self) -> tuple[list[Change], dict[int, Inode]]:
        """What a crash may or may not leave: changes of names, and files with dirty sectors."""
        dirty = {
            number: inode
            for number, inode in self._inodes.items()
            if inode.dirty_blocks or len(inode.volatile) > len(inode.durable)
        }
        return list(self._changes), dirty

    def numbers(self) -> dict[str, int | None]:
        """Every name and its file, by number."""
        return dict(self._volatile)

    def durable_in(self, folder: str) -> list[bytes]:
        """What would be in the files of a folder after a crash that keeps nothing more."""
        return [
            bytes(self._inodes[number].durable)
            for path, number in self._durable.items()
            if number is not None and folder_of(path) == folder
        ]

    def contents(self) -> dict[str, bytes | None]:
        """Every name, with what is in the file; None for a folder."""
        return {
            path: None if number is None else bytes(self._inodes[number].volatile)
            for path, number in self._volatile.items()
        }

    def has_unsynced_names(self, folder: str) -> bool:
        return bool(self._pending(folder))

    def copy(self) -> Self:
        with self._mutex:
            made = type(self)()
            made._inodes = {number: inode.copy() for number, inode in self._inodes.items()}
            made._durable, made._volatile = dict(self._durable), dict(self._volatile)
            made._changes, made._next = list(self._changes), self._next
            return made

    def lock(self) -> None:
        """There is one process in this world."""

    def read(self, path: str) -> bytes:
        self.on_read(path)
        with self._mutex:
            number = self._volatile.get(path)
            if number is None:
                raise FileNotFoundError(errno.ENOENT, "No such file", path)
            return bytes(self._inodes[number].volatile)

    def segments(self) -> list[tuple[str, bytes]]:
        with self._mutex:
            names = self.names(".state/wal")
            return [(name, self.read(f".state/wal/{name}")) for name in names]

    def names(self, folder: str) -> list[str]:
        with self._mutex:
            return sorted(
                path.rpartition("/")[2]
                for path in self._volatile
                if path != "." and folder_of(path) == folder
            )

    def make_folder(self, folder: str) -> bool:
        with self._changing():
            if folder in self._volatile:
                return False
            self._change(Change(folder_of(folder), {folder: None}, ()))
            return True

    def create(self, path: str, size_bytes: int) -> int:
        with self._changing():
            if path in self._volatile:
                raise FileExistsError(errno.EEXIST, "File exists", path)
            number = self._next
            self._next += 1
            self._inodes[number] = Inode(volatile=bytearray(size_bytes))
            self._change(Change(folder_of(path), {path: number}, ()))
            self._handles[number] = number
            return number

    def write(self, handle: int, data: bytes, offset: int) -> None:
        with self._changing():
            inode = self._inodes[handle]
            if len(inode.volatile) < offset + len(data):
                inode.volatile.extend(bytes(offset + len(data) - len(inode.volatile)))
            inode.volatile[offset : offset + len(data)] = data
            inode.dirty_blocks |= set(
                range(offset // BLOCK_BYTES, -(-(offset + len(data)) // BLOCK_BYTES))
            )

    def sync(self, handle: int) -> None:
        with self._changing():
            inode = self._inodes[handle]
            inode.durable, inode.dirty_blocks = bytearray(inode.volatile), set()

    def close(self, handle: int) -> None:
        self._handles.pop(handle, None)

    def rename(self, source: str, target: str) -> None:
        with self._changing():
            number = self._volatile[source]
            self._change(Change(folder_of(target), {target: number}, (source,)))

    def remove(self, path: str) -> None:
        with self._changing():
            self._change(Change(folder_of(path), {}, (path,)))

    def remove_folder(self, folder: str) -> None:
        with self._changing():
            for name in self.names(folder):
                self._change(Change(folder, {}, (f"{folder}/{name}",)))
            self._change(Change(folder_of(folder), {}, (folder,)))

    def sync_folder(self, folder: str) -> None:
        with self._changing():
            for change in self._pending(folder):
                _apply(change, self._durable)
                self._changes.remove(change)

    def free_bytes(self) -> int:
        return 1 << 40

    def _changing(self) -> threading.RLock:
        self.before_change()
        return self._mutex

    def _change(self, change: Change) -> None:
        _apply(change, self._volatile)
        self._changes.append(change)

    def _pending(self, folder: str) -> list[Change]:
        return [change for change in self._changes if change.folder == folder]


def _apply(change: Change, names: dict[str, int | None]) -> None:
    names.update(change.added)
    for path in change.removed:
        names.pop(path, None)
        for below in [name for name in names if name.startswith(f"{path}/")]:
            names.pop(below)
