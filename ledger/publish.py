"""Bundles, tiles, payloads, then the checkpoint that covers them: the log as others read it.

Publication is a function of what the write-ahead log holds, so doing it again after a crash
writes the same bytes. A partial tile exists for each published size until its full tile does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.disk import Disk
from ledger.merkle import leaf_hash
from ledger.store import folder_of, make_folders, write_file, write_immutable
from ledger.tile import (
    TILE_WIDTH,
    TileStack,
    bundle_path,
    encode_bundle,
    encode_payload_bundle,
    payload_path,
)
from ledger.wal import Frame

CHECKPOINT_PATH: Final = "checkpoint"


@dataclass(slots=True)
class RightEdge:
    """The unfinished part of what is published: all that publishing more of it needs to know."""

    stack: TileStack = field(default_factory=TileStack)
    entries: list[bytes] = field(default_factory=list)  # of the unfinished bundle
    ciphertexts: list[bytes] = field(default_factory=list)


class Publisher:
    def __init__(self, disk: Disk, edge: RightEdge) -> None:
        self._disk = disk
        self._edge = edge
        self._edge_bytes = sum(map(len, (*edge.entries, *edge.ciphertexts)))
        self._written: set[str] = set()
        self._made_folders: set[str] = set()
        self._unsynced_folders: set[str] = set()

    @property
    def size(self) -> int:
        return self._edge.stack.size

    @property
    def edge_bytes(self) -> int:
        """Of the entries and payloads that the next publication writes again."""
        return self._edge_bytes

    def publish(self, frames: Sequence[Frame]) -> None:
        """Publish up to the end of the last frame. They continue what is published."""
        edge = self._edge
        finished: list[str] = []
        for frame in frames:
            assert frame.first_index == edge.stack.size
            for entry, ciphertext in zip(frame.entries, frame.ciphertexts, strict=True):
                edge.entries.append(entry)
                edge.ciphertexts.append(ciphertext)
                full_tiles = edge.stack.append(leaf_hash(entry))
                if full_tiles:
                    finished += self._write_bundles(TILE_WIDTH)
                    edge.entries, edge.ciphertexts = [], []
                for slot, data in full_tiles:
                    self._write(slot.path, data)
                    finished.append(slot.path)
        if edge.entries:
            self._write_bundles(len(edge.entries))
        for slot, data in edge.stack.partial_tiles():
            self._write(slot.path, data)
        for folder in sorted(self._unsynced_folders):
            self._disk.sync_folder(folder)
        self._unsynced_folders.clear()
        write_file(self._disk, CHECKPOINT_PATH, frames[-1].checkpoint_note)
        for path in finished:
            self._remove_partials(path)
        self._edge_bytes = sum(map(len, (*edge.entries, *edge.ciphertexts)))

    def _write_bundles(self, width: int) -> list[str]:
        number = (self._edge.stack.size - 1) // TILE_WIDTH
        paths = [bundle_path(number, width), payload_path(number, width)]
        self._write(paths[0], encode_bundle(self._edge.entries))
        self._write(paths[1], encode_payload_bundle(self._edge.ciphertexts))
        return paths

    def _write(self, path: str, data: bytes) -> None:
        """Skips the partial tile of an upper level that has not grown since the last time."""
        if path in self._written:
            return
        folder = folder_of(path)
        if folder not in self._made_folders:
            make_folders(self._disk, folder)
            self._made_folders.add(folder)
        write_immutable(self._disk, path, data)
        self._unsynced_folders.add(folder)
        if ".p/" in path:
            self._written.add(path)

    def _remove_partials(self, path: str) -> None:
        """tlog-tiles allows deleting partial tiles once the full one exists."""
        folder = f"{path}.p"
        if self._disk.names(folder):
            self._disk.remove_folder(folder)
            self._made_folders.discard(folder)
        self._written = {kept for kept in self._written if not kept.startswith(f"{folder}/")}
