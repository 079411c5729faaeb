"""The write-ahead log: one frame a group commit, with the signed checkpoint it creates. Pure.

Segment header, 128 bytes: magic "TLWAL" 00 00 01 | SHA-256(origin) | u64 first index |
32 bytes root at first index | u64 created, Unix ms | u32 CRC-32C of the 88 bytes before | zeros.
Frame: u32 magic | u32 body length | u64 first index | u32 count | u32 CRC-32C of the header with
this field 0 and the body | body | zeros to a multiple of 8.
Body: count times (u16 length, entry, u32 length, ciphertext), then u16 length, signed checkpoint
for the size first index + count. Integers are big endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.crc32c import crc32c
from ledger.errors import FormatError

SEGMENT_HEADER_BYTES: Final = 128
FRAME_BYTES_MAX: Final = 48 << 20

_SEGMENT_MAGIC: Final = b"TLWAL\x00\x00\x01"
_FRAME_MAGIC: Final = 0x464E5746
_FRAME_MAGIC_BYTES: Final = _FRAME_MAGIC.to_bytes(4)
_SEGMENT: Final = struct.Struct(">8s32sQ32sQ")
_FRAME: Final = struct.Struct(">IIQII")
_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    origin: str
    first_index: int
    root: bytes  # of the first `first_index` entries
    created_ms: int


@dataclass(frozen=True, slots=True)
class Frame:
    """One group commit: entries, their ciphertexts, and the checkpoint that covers them."""

    first_index: int
    entries: tuple[bytes, ...]
    ciphertexts: tuple[bytes, ...]  # b"" for an entry without a payload
    checkpoint_note: bytes

    @property
    def end_index(self) -> int:
        return self.first_index + len(self.entries)


class WalDamaged(FormatError):
    """The write-ahead log lost something that was durable. `index` is the first entry affected."""

    def __init__(self, index: int, what: str) -> None:
        super().__init__(f"entry {index}: {what}")
        self.index = index


@dataclass(frozen=True, slots=True)
class JoinedSegments:
    """Frames in order; after them `torn_bytes` of a frame that was never acknowledged."""

    frames: tuple[Frame, ...]
    end_index: int
    torn_bytes: int


def segment_name(first_index: int) -> str:
    return f"{first_index:020d}.seg"


def encode_segment_header(header: SegmentHeader) -> bytes:
    packed = _SEGMENT.pack(
        _SEGMENT_MAGIC,
        sha256(header.origin.encode()).digest(),
        header.first_index,
        header.root,
        header.created_ms,
    )
    return (packed + _U32.pack(crc32c(packed))).ljust(SEGMENT_HEADER_BYTES, b"\0")


def decode_segment_header(data: bytes, origin: str) -> SegmentHeader:
    """Raises `FormatError` for anything but a whole header of this origin's log."""
    packed = data[: _SEGMENT.size]
    if len(data) < SEGMENT_HEADER_BYTES or data[_SEGMENT.size : _SEGMENT.size + 4] != _U32.pack(
        crc32c(packed)
    ):
        raise FormatError("the header of the segment is broken")
    magic, origin_hash, first_index, root, created_ms = _SEGMENT.unpack(packed)
    if magic != _SEGMENT_MAGIC or any(data[_SEGMENT.size + 4 : SEGMENT_HEADER_BYTES]):
        raise FormatError("this is no segment of this version")
    if origin_hash != sha256(origin.encode()).digest():
        raise FormatError("the segment belongs to another log")
    return SegmentHeader(origin, first_index, root, created_ms)


def encode_frame(frame: Frame) -> bytes:
    parts: list[bytes] = []
    for entry, ciphertext in zip(frame.entries, frame.ciphertexts, strict=True):
        parts += (_U16.pack(len(entry)), entry, _U32.pack(len(ciphertext)), ciphertext)
    parts += (_U16.pack(len(frame.checkpoint_note)), frame.checkpoint_note)
    body = b"".join(parts)
    fields = (_FRAME_MAGIC, len(body), frame.first_index, len(frame.entries))
    head = _FRAME.pack(*fields, crc32c(_FRAME.pack(*fields, 0) + body))
    return head + body + bytes(-(len(head) + len(body)) % 8)


def decode_frame(data: bytes, offset: int = 0) -> tuple[Frame, int]:
    """The frame at `offset` and the offset after its padding. Raises `FormatError`."""
    if len(data) - offset < _FRAME.size:
        raise FormatError("no room for a frame")
    magic, body_bytes, first_index, count, crc = _FRAME.unpack_from(data, offset)
    end = offset + _FRAME.size + body_bytes
    padded_end = end + -(end - offset) % 8
    if magic != _FRAME_MAGIC or body_bytes > FRAME_BYTES_MAX or padded_end > len(data):
        raise FormatError("no frame here")
    head = _FRAME.pack(magic, body_bytes, first_index, count, 0)
    body = data[offset + _FRAME.size : end]
    if crc32c(head + body) != crc or any(data[end:padded_end]):
        raise FormatError("the checksum of the frame is wrong")
    return _decode_body(body, first_index, count), padded_end


def _decode_body(body: bytes, first_index: int, count: int) -> Frame:
    entries: list[bytes] = []
    ciphertexts: list[bytes] = []
    position = 0

    def take(prefix: struct.Struct) -> bytes:
        nonlocal position
        (length_bytes,) = prefix.unpack_from(body, position)
        start, position = position + prefix.size, position + prefix.size + length_bytes
        if position > len(body):
            raise FormatError("a frame breaks off inside an item")
        return body[start:position]

    try:
        for _ in range(count):
            entries.append(take(_U16))
            ciphertexts.append(take(_U32))
        checkpoint_note = take(_U16)
    except struct.error as error:
        raise FormatError("a frame breaks off") from error
    if position != len(body) or not entries:
        raise FormatError("a frame with no entries or with bytes left over")
    return Frame(first_index, tuple(entries), tuple(ciphertexts), checkpoint_note)


def join_segments(segments: Iterable[tuple[str, bytes]], origin: str) -> JoinedSegments:
    """All segments of one log, in order of name, as (name, bytes). Raises `WalDamaged`.

    Recovery copies the tail of the last segment to a new one before it deletes the old. Between
    the two a segment may begin before the last one ended. Then both say the same as far as both
    go, and the longer counts: of the old one, frames that a killed process had not synced are gone
    when the power fails, and the copy of them is durable.
    """
    frames: list[Frame] = []
    end_index, torn_bytes, first = 0, 0, True
    for name, data in segments:
        try:
            header = decode_segment_header(data[:SEGMENT_HEADER_BYTES], origin)
        except FormatError as error:
            raise WalDamaged(end_index, f"segment {name}: {error}") from error
        start = header.first_index
        if segment_name(start) != name or (start > end_index and not first):
            raise WalDamaged(end_index, f"segment {name} does not continue the one before")
        replaced = [frame for frame in frames if frame.end_index > start]
        scanned, torn_bytes = scan_segment(data, start)
        common_count = min(len(scanned), len(replaced))
        if scanned[:common_count] != replaced[:common_count]:
            raise WalDamaged(start, f"segment {name} contradicts the one before")
        frames += scanned[common_count:]
        end_index = frames[-1].end_index if frames else start
        first = False
    return JoinedSegments(tuple(frames), end_index, torn_bytes)


def scan_segment(data: bytes, first_index: int) -> tuple[list[Frame], int]:
    """Every frame from the start, each continuing the one before, and the bytes of a torn tail.

    Where a frame is invalid, a valid later one tells damage from a torn tail: a crash tears only
    the last frame, because the next is not written before the last one's sync returned.
    """
    frames: list[Frame] = []
    offset, index = SEGMENT_HEADER_BYTES, first_index
    while offset < len(data):
        try:
            frame, next_offset = decode_frame(data, offset)
        except FormatError:
            break
        if frame.first_index != index:
            break
        frames.append(frame)
        offset, index = next_offset, frame.end_index
    rest = data[offset:].rstrip(b"\0")
    if _holds_frame(rest, index):
        raise WalDamaged(index, "a broken frame has a whole one after it")
    return frames, len(rest)


def _holds_frame(rest: bytes, index: int) -> bool:
    """Is there a whole frame, at any multiple of 8, for entries at or after `index`?"""
    padded = rest + bytes(8)
    at = padded.find(_FRAME_MAGIC_BYTES)
    while at >= 0:
        if at % 8 == 0:
            try:
                frame, _ = decode_frame(padded, at)
            except FormatError:
                pass
            else:
                if frame.first_index >= index:
                    return True
        at = padded.find(_FRAME_MAGIC_BYTES, at + 1)
    return False
