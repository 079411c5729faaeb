"""Reading a log that someone else writes: from its directory, or from wherever a reader reaches it.

Nothing here is trusted or checked; `verify` does that. Paths are those of `tile` and `publish`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

from ledger.checkpoint import parse_checkpoint_text
from ledger.errors import FormatError
from ledger.note import parse_note
from ledger.tile import (
    HASH_BYTES,
    TILE_WIDTH,
    TileSlot,
    bundle_path,
    bundle_slots,
    decode_bundle,
    decode_payload_bundle,
    payload_path,
    tile_path,
    tile_width,
)
from ledger.wal import JoinedSegments, join_segments

CHECKPOINT_PATH: Final = "checkpoint"
WAL_FOLDER: Final = ".state/wal"
_ATTEMPTS_MAX: Final = 10


class LogReader(Protocol):
    """Where a log's files come from. An HTTP reader needs no more than these two."""

    def read(self, path: str) -> bytes:
        """The whole file. Raises `FileNotFoundError`."""

    def segments(self) -> list[tuple[str, bytes]]:
        """Write-ahead segments by name; empty where the reader cannot see them."""


class DirectoryLog:
    """A log directory, or a copy of one. Safe beside a running notary."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def segments(self) -> list[tuple[str, bytes]]:
        for _ in range(_ATTEMPTS_MAX):
            paths = sorted((self.root / WAL_FOLDER).glob("*.seg"))
            try:
                return [(path.name, path.read_bytes()) for path in paths]
            except FileNotFoundError:
                continue  # published and retired between the two: look again
        raise FileNotFoundError(str(self.root / WAL_FOLDER))


def snapshot(reader: LogReader) -> tuple[bytes, JoinedSegments]:
    """The checkpoint note and the write-ahead frames that overlap or continue it.

    The writer may publish and retire segments between the two reads; then both are read again.
    Raises `FileNotFoundError` where there is no log and `FormatError` where it is none.
    """
    for _ in range(_ATTEMPTS_MAX):
        note = reader.read(CHECKPOINT_PATH)
        checkpoint = parse_checkpoint_text(parse_note(note).text)
        wal = join_segments(reader.segments(), checkpoint.origin)
        if not wal.frames or wal.frames[0].first_index <= checkpoint.size:
            return note, wal
    raise FormatError("the log grows faster than it can be read")


def _read_wide(
    reader: LogReader, number: int, width: int, path: Callable[[int, int], str]
) -> tuple[bytes, int]:
    """The file and how wide it is: a partial one may be gone once the full one exists."""
    try:
        return reader.read(path(number, width)), width
    except FileNotFoundError:
        if width == TILE_WIDTH:
            raise
        return reader.read(path(number, TILE_WIDTH)), TILE_WIDTH


def read_tile(reader: LogReader, slot: TileSlot) -> bytes:
    """The first `slot.width` hashes of the tile, concatenated."""
    data, found_width = _read_wide(
        reader, slot.number, slot.width, lambda number, width: tile_path(slot.level, number, width)
    )
    return data if found_width == slot.width else data[: slot.width * HASH_BYTES]


def read_bundle(reader: LogReader, number: int, width: int) -> list[bytes]:
    """Up to `width` entries. Raises `FileNotFoundError` or `tile.BrokenBundle`."""
    return decode_bundle(*_read_wide(reader, number, width, bundle_path))[:width]


def read_payloads(reader: LogReader, number: int, width: int) -> list[bytes]:
    return decode_payload_bundle(*_read_wide(reader, number, width, payload_path))[:width]


def entries(reader: LogReader, start: int = 0) -> Iterator[tuple[int, bytes, bytes]]:
    """(index, entry, ciphertext or nothing) from `start` to the durable end, unverified.

    This is how a proxy rebuilds what is in force (permits, budgets) after a restart.
    """
    note, wal = snapshot(reader)
    size = parse_checkpoint_text(parse_note(note).text).size
    for number, width in bundle_slots(size):
        base = number * TILE_WIDTH
        if base + width <= start:
            continue
        bundle = read_bundle(reader, number, width)
        payloads = _payloads_or_none(reader, number, width)
        for offset, (entry, ciphertext) in enumerate(zip(bundle, payloads, strict=True)):
            if base + offset >= start:
                yield base + offset, entry, ciphertext
    for frame in wal.frames:
        for offset, entry in enumerate(frame.entries):
            index = frame.first_index + offset
            if index >= max(start, size):
                yield index, entry, frame.ciphertexts[offset]


def _payloads_or_none(reader: LogReader, number: int, width: int) -> list[bytes]:
    """A witness's copy has no payloads."""
    try:
        return read_payloads(reader, number, width)
    except FileNotFoundError:
        return [b""] * width


def entry_at(reader: LogReader, index: int, size: int) -> bytes:
    """A published entry of a log of `size`."""
    number, offset = divmod(index, TILE_WIDTH)
    return read_bundle(reader, number, tile_width(0, number, size))[offset]
