"""Entries that pass a filter, out of a large log, reading and parsing as little as is needed.

Nothing is verified here: see `proven` for what may be called evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.checkpoint import parse_checkpoint_text
from ledger.evidence.filters import EntryFilter
from ledger.fetch import CHECKPOINT_PATH, LogReader, read_payloads, snapshot
from ledger.note import parse_note
from ledger.tile import TILE_WIDTH, BrokenBundle, bundle_path, decode_bundle, tile_width
from ledger.wal import Frame


@dataclass(frozen=True, slots=True)
class Found:
    index: int
    data: bytes
    ciphertext: bytes | None
    """None: not asked for, or this copy of the log has no payloads there."""


def scan(
    reader: LogReader,
    wanted: EntryFilter,
    *,
    start: int = 0,
    end: int | None = None,
    ciphertexts: bool = False,
) -> Iterator[Found]:
    """In order of index, from `start` to `end` - 1, or to the durable end.

    Raises `FileNotFoundError` or `FormatError` where the log's files cannot be read.
    """
    size, frames = _size(reader.read(CHECKPOINT_PATH)), tuple[Frame, ...]()
    if end is None or end > size:
        note, wal = snapshot(reader)
        size, frames = _size(note), wal.frames
    stop = size if end is None else min(end, size)
    for number in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
        base, width = number * TILE_WIDTH, tile_width(0, number, size)
        raw, found_width = read_raw(reader, number, width)
        if not wanted.may_hold(raw):
            continue
        payloads: list[bytes] | None = None
        for offset, data in enumerate(decode_bundle(raw, found_width)[:width]):
            if not start <= base + offset < stop or not wanted.matches(data):
                continue
            if ciphertexts and payloads is None:
                payloads = _payloads(reader, number, width)
            yield Found(base + offset, data, _at(payloads, offset))
    for frame in frames:
        for offset, data in enumerate(frame.entries):
            index = frame.first_index + offset
            wanted_index = max(start, size) <= index and (end is None or index < end)
            if wanted_index and wanted.matches(data):
                yield Found(index, data, frame.ciphertexts[offset] if ciphertexts else None)


def _size(note: bytes) -> int:
    return parse_checkpoint_text(parse_note(note).text).size


def read_raw(reader: LogReader, number: int, width: int) -> tuple[bytes, int]:
    """A bundle of `width` entries or more, undecoded, and its width. Or `FileNotFoundError`."""
    try:
        return reader.read(bundle_path(number, width)), width
    except FileNotFoundError:
        if width == TILE_WIDTH:
            raise
        return reader.read(bundle_path(number)), TILE_WIDTH


def _payloads(reader: LogReader, number: int, width: int) -> list[bytes]:
    try:
        return read_payloads(reader, number, width)
    except FileNotFoundError:
        return []
    except BrokenBundle as error:
        return error.items


def _at(payloads: list[bytes] | None, offset: int) -> bytes | None:
    return None if payloads is None or offset >= len(payloads) else payloads[offset]
