"""Tiles and bundles: where hashes and entries lie as files (C2SP tlog-tiles). Pure.

A tile holds up to 256 hashes of 32 bytes; a bundle up to 256 entries. Paths are relative to the
directory or URL of the log.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.errors import FormatError
from ledger.merkle import SubtreeHash

TILE_WIDTH: Final = 256
HASH_BYTES: Final = 32
ENTRY_BYTES_MAX: Final = 65_535

_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")


def _number(tile_number: int) -> str:
    """1234067 -> x001/x234/067."""
    digits = f"{tile_number:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _partial(width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise FormatError("a tile is 1 to 256 wide")
    return "" if width == TILE_WIDTH else f".p/{width}"


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    return f"tile/{level}/{_number(number)}{_partial(width)}"


def bundle_path(number: int, width: int = TILE_WIDTH) -> str:
    return f"tile/entries/{_number(number)}{_partial(width)}"


def payload_path(number: int, width: int = TILE_WIDTH) -> str:
    """The parallel bundle of ciphertexts, which witnesses never hold."""
    return f"payload/{_number(number)}{_partial(width)}"


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    return b"".join(part for entry in entries for part in (_U16.pack(len(entry)), entry))


def encode_payload_bundle(ciphertexts: Iterable[bytes]) -> bytes:
    """An entry without a payload, or with one erased by order, has length 0."""
    return b"".join(part for item in ciphertexts for part in (_U32.pack(len(item)), item))


class BrokenBundle(FormatError):
    """A bundle that breaks off; `items` are the whole ones before the break."""

    def __init__(self, items: list[bytes]) -> None:
        super().__init__(f"the bundle breaks off inside item {len(items)}")
        self.items = items


def _decode(data: bytes, prefix: struct.Struct, width: int) -> list[bytes]:
    items: list[bytes] = []
    position = 0
    while position < len(data):
        if len(items) == width:
            raise BrokenBundle(items)
        start = position + prefix.size
        if start > len(data):
            raise BrokenBundle(items)
        (length_bytes,) = prefix.unpack_from(data, position)
        position = start + length_bytes
        if position > len(data):
            raise BrokenBundle(items)
        items.append(data[start:position])
    return items


def decode_bundle(data: bytes, width: int = TILE_WIDTH) -> list[bytes]:
    """Up to `width` entries; the caller compares the count. Raises `BrokenBundle`."""
    return _decode(data, _U16, width)


def decode_payload_bundle(data: bytes, width: int = TILE_WIDTH) -> list[bytes]:
    return _decode(data, _U32, width)


def decode_tile(data: bytes, width: int) -> list[bytes]:
    if len(data) != width * HASH_BYTES:
        raise FormatError(f"a tile {width} wide has {width * HASH_BYTES} bytes")
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]


@dataclass(frozen=True, slots=True)
class TileSlot:
    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        return tile_path(self.level, self.number, self.width)


def tile_width(level: int, number: int, size: int) -> int:
    """How wide that tile is in a tree of `size`: 0 where it does not exist yet."""
    hashes_count = size >> 8 * level
    return max(0, min(TILE_WIDTH, hashes_count - number * TILE_WIDTH))


def bundle_slots(size: int) -> Iterator[tuple[int, int]]:
    """(number, width) of each bundle of a tree of `size`, in order."""
    for number in range(-(-size // TILE_WIDTH)):
        yield number, tile_width(0, number, size)


def level_count(size: int) -> int:
    return max(1, -(-size.bit_length() // 8))


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """The root over 2**n sibling hashes."""
    row = hashes
    while len(row) > 1:
        # As `merkle.node_hash`, which costs twice as much for the call.
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row), 2)]
    return row[0]


class TileStack:
    """The unfinished tile of every level of a growing tree; finished ones are handed out."""

    def __init__(self, size: int = 0, levels: Iterable[Sequence[bytes]] = ()) -> None:
        self.size = size
        self._levels = [list(level) for level in levels]

    def append(self, entry_leaf: bytes) -> list[tuple[TileSlot, bytes]]:
        """Add one leaf hash; returns the tiles it completed, lowest level first."""
        finished: list[tuple[TileSlot, bytes]] = []
        self.size += 1
        carry, level = entry_leaf, 0
        while True:
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level]
            row.append(carry)
            if len(row) < TILE_WIDTH:
                return finished
            number = (self.size >> 8 * (level + 1)) - 1
            finished.append((TileSlot(level, number, TILE_WIDTH), b"".join(row)))
            carry = complete_root(row)
            self._levels[level] = []
            level += 1

    def partial_tiles(self) -> list[tuple[TileSlot, bytes]]:
        """The unfinished tiles, which exist for this size only; empty ones never exist."""
        return [
            (TileSlot(level, self.size >> 8 * (level + 1), len(row)), b"".join(row))
            for level, row in enumerate(self._levels)
            if row
        ]


def subtree_reader(size: int, read_tile: Callable[[TileSlot], bytes]) -> SubtreeHash:
    """Complete subtrees of a tree of `size`, looked up in its tiles; one tile a call is read."""

    def subtree(height: int, position: int) -> bytes:
        level, within = divmod(height, 8)
        first = position << within
        number, offset = divmod(first, TILE_WIDTH)
        width = tile_width(level, number, size)
        if offset + (1 << within) > width:
            raise FormatError("the tree has no such subtree")
        hashes = decode_tile(read_tile(TileSlot(level, number, width)), width)
        return complete_root(hashes[offset : offset + (1 << within)])

    return subtree
