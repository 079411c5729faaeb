"""Entries that are proved to be in the log that was signed. Evidence is taken from here only.

A log's files are whatever their holder made of them. What this hands out has been led to the root
of one signed checkpoint, and bears the signature of the entry key that was in force there: the one
that the genesis entry names, or that a proven `key` entry announced since.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.checkpoint import CHECKPOINT_BYTES_MAX, Checkpoint, open_checkpoint
from ledger.entry import Entry, parse_entry
from ledger.errors import FormatError
from ledger.evidence.history import KeyHistory, may_change_keys
from ledger.evidence.scan import read_raw
from ledger.fetch import CHECKPOINT_PATH, LogReader, read_bundle, read_payloads, read_tile
from ledger.merkle import inclusion_proof, leaf_hash, root_from_inclusion
from ledger.note import VerifierKey, parse_note, require_all, verify_note
from ledger.proof import Proof
from ledger.tile import (
    TILE_WIDTH,
    BrokenBundle,
    TileSlot,
    complete_root,
    decode_bundle,
    decode_tile,
    tile_width,
)

_TILES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """`data` is the entry as it was signed; `path` leads from it to the checkpoint's root."""

    index: int
    data: bytes
    entry: Entry
    path: tuple[bytes, ...]
    ciphertext: bytes
    """That of the signed digest, or empty: none was signed, it was erased, or it is not here."""


@dataclass(frozen=True, slots=True)
class KeyHint:
    """`numbers` of the entries before `size` that may change keys, as somebody found them who has
    read the log, so that it need not be read again. They are proved like any other; to leave one
    out comes to leaving it out of the log's files."""

    numbers: tuple[int, ...]
    size: int


class ProvenLog:
    """One log under one checkpoint. Raises `FormatError` where something is not as signed."""

    def __init__(
        self,
        reader: LogReader,
        keys: Sequence[VerifierKey],
        note: bytes | None = None,
        hint: KeyHint | None = None,
    ) -> None:
        """`note` is a checkpoint of this log; without it, the published one. Where something does
        not hold by the `hint`, all of the log is searched."""
        self.reader = reader
        self.keys = keys
        self.note = reader.read(CHECKPOINT_PATH) if note is None else note
        self.checkpoint: Checkpoint = open_checkpoint(self.note, keys)
        self._tiles: OrderedDict[TileSlot, list[bytes]] = OrderedDict()
        self._history: KeyHistory | None = None
        self._hint = hint
        self.key_changes: list[int] = []
        """Entries that change keys or recipients, once any entry was proved."""
        self._unread: int | None = None  # index from which a bundle could not be searched

    @property
    def size(self) -> int:
        return self.checkpoint.size

    def entry(self, index: int) -> ProvenEntry:
        """One entry, whatever has become of its neighbours.

        Raises `FormatError` for one that is not there, not in the tree, or not signed.
        """
        if not 0 <= index < self.size:
            raise FormatError(f"entry {index} is not among the {self.size} that are published")
        number, offset = divmod(index, TILE_WIDTH)
        data = self._read(number, offset + 1)[offset]
        ciphertext = self._ciphertexts(number, offset + 1)[offset]
        path = tuple(inclusion_proof(index, self.size, self._subtree))
        return self._proven(index, data, path, ciphertext)

    def bundle(self, number: int) -> list[ProvenEntry]:
        """Up to 256 entries from index 256 * `number` on, at a fraction of the work."""
        base, width = number * TILE_WIDTH, tile_width(0, number, self.size)
        data = self._read(number, width)
        paths = self._paths(base, [leaf_hash(each) for each in data])
        ciphertexts = self._ciphertexts(number, width)
        try:
            return [
                self._proven(base + offset, data[offset], paths[offset], ciphertexts[offset])
                for offset in range(width)
            ]
        except FormatError:
            # One altered entry is in the proofs of all its neighbours: find which one it is.
            return [self.entry(base + offset) for offset in range(width)]

    def proof(self, proven: ProvenEntry, *, alone: bool = True) -> Proof:
        """The receipt for it; `alone` puts the entry into the file."""
        return Proof(proven.index, proven.path, self.note, proven.data if alone else None)

    def _keys(self) -> KeyHistory:
        """Found once, by one search through the bundles, which parses only what changes keys."""
        if self._history is None:
            try:
                self._history = self._followed()
            except FormatError:
                if self._hint is None:
                    raise
                self._hint = None
                self._history = self._followed()
        return self._history

    def _followed(self) -> KeyHistory:
        genesis = self._read(0, 1)[0]
        history = KeyHistory(genesis, self.checkpoint.origin)
        self._require_included(0, genesis, inclusion_proof(0, self.size, self._subtree))
        self.key_changes = []
        for index, data in self._key_changes():
            path = inclusion_proof(index, self.size, self._subtree)
            self._require_included(index, data, path)
            history.follow(index, data)
            self.key_changes.append(index)
        try:
            history.require_given(self.keys)
            note = parse_note(self.note, note_bytes_max=CHECKPOINT_BYTES_MAX)
            require_all(note, history.last.logs)
        except FormatError as error:
            raise self._with_what_is_unread(error) from error
        return history

    def _key_changes(self) -> Iterator[tuple[int, bytes]]:
        start = 0
        if self._hint is not None:
            start = min(self._hint.size, self.size)
            for index in sorted(set(self._hint.numbers)):
                if 0 < index < start:
                    number, offset = divmod(index, TILE_WIDTH)
                    yield index, self._read(number, offset + 1)[offset]
        for index, data in self._search(start // TILE_WIDTH):
            if index >= start:
                yield index, data

    def _search(self, first: int) -> Iterator[tuple[int, bytes]]:
        """From that bundle on. One that is damaged or gone takes no other entry's proof away: see
        `_unread`."""
        for number in range(first, -(-self.size // TILE_WIDTH)):
            base, width = number * TILE_WIDTH, tile_width(0, number, self.size)
            raw, found = b"", list[bytes]()
            try:
                raw, found_width = read_raw(self.reader, number, width)
                found = decode_bundle(raw, found_width)
            except BrokenBundle as error:
                found = error.items
            except FileNotFoundError:
                pass
            if len(found) < width and self._unread is None:
                self._unread = base + len(found)
            for offset, data in enumerate(found[:width] if may_change_keys(raw) else ()):
                if may_change_keys(data):
                    yield base + offset, data

    def _with_what_is_unread(self, error: FormatError) -> FormatError:
        if self._unread is None:
            return error
        return FormatError(
            f"{error}; entry {self._unread} cannot be read, where keys may have been changed"
        )

    def _require_included(self, index: int, data: bytes, path: Sequence[bytes]) -> None:
        root = root_from_inclusion(leaf_hash(data), index, self.size, path)
        if root != self.checkpoint.root:
            raise FormatError(f"entry {index} is not in the log that was signed")

    def _proven(
        self, index: int, data: bytes, path: tuple[bytes, ...], ciphertext: bytes
    ) -> ProvenEntry:
        self._require_included(index, data, path)
        entry, note = parse_entry(data)
        key = self._keys().entry_key(index)
        try:
            verify_note(note, [key])
        except FormatError as error:
            if self._hint is not None:
                self._hint = self._history = None
                return self._proven(index, data, path, ciphertext)
            raise self._with_what_is_unread(FormatError(f"entry {index}: {error}")) from error
        if entry.origin != self.checkpoint.origin or entry.sequence != index:
            raise FormatError(f"where entry {index} belongs stands entry {entry.sequence}")
        if ciphertext and (entry.payload is None or not entry.payload.matches(ciphertext)):
            raise FormatError(f"the payload of entry {index} is not the one that was signed")
        return ProvenEntry(index, data, entry, path, ciphertext)

    def _read(self, number: int, count: int) -> list[bytes]:
        """The first `count` entries of a bundle."""
        base, width = number * TILE_WIDTH, tile_width(0, number, self.size)
        try:
            data = read_bundle(self.reader, number, width)
        except FileNotFoundError:
            raise FormatError(f"the bundle of entry {base} is gone") from None
        except BrokenBundle as error:
            data = error.items
        if len(data) < count:
            raise FormatError(f"the bundle breaks off at entry {base + len(data)}")
        return data[:count]

    def _ciphertexts(self, number: int, count: int) -> list[bytes]:
        try:
            found = read_payloads(self.reader, number, tile_width(0, number, self.size))
        except FileNotFoundError:
            return [b""] * count
        except BrokenBundle as error:
            found = error.items
        if len(found) < count:
            index = number * TILE_WIDTH + len(found)
            raise FormatError(f"the payloads break off at entry {index}")
        return found[:count]

    def _paths(self, base: int, leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        """The inclusion proofs of neighbours, computed from themselves and the tiles above."""
        rows = [list(leaves)]
        while len(rows[-1]) > 1:
            row = rows[-1]
            rows.append([complete_root(row[at : at + 2]) for at in range(0, len(row) - 1, 2)])

        def subtree(height: int, position: int) -> bytes:
            own = position - (base >> height) if height <= 8 else -1
            if own >= 0 and height < len(rows) and own < len(rows[height]):
                return rows[height][own]
            return self._subtree(height, position)

        if len(leaves) < TILE_WIDTH:
            return [
                tuple(inclusion_proof(base + offset, self.size, subtree))
                for offset in range(len(leaves))
            ]
        above = tuple(inclusion_proof(base, self.size, subtree)[8:])
        return [
            tuple(rows[height][(offset >> height) ^ 1] for height in range(8)) + above
            for offset in range(TILE_WIDTH)
        ]

    def _subtree(self, height: int, position: int) -> bytes:
        level, within = divmod(height, 8)
        number, offset = divmod(position << within, TILE_WIDTH)
        slot = TileSlot(level, number, tile_width(level, number, self.size))
        hashes = self._tile(slot)[offset : offset + (1 << within)]
        if len(hashes) != 1 << within:
            raise FormatError("the tree has no such subtree")
        return complete_root(hashes)

    def _tile(self, slot: TileSlot) -> list[bytes]:
        if slot not in self._tiles:
            try:
                self._tiles[slot] = decode_tile(read_tile(self.reader, slot), slot.width)
            except FileNotFoundError:
                raise FormatError(f"{slot.path} is gone") from None
            if len(self._tiles) > _TILES_MAX:
                self._tiles.popitem(last=False)
        return self._tiles[slot]


def proven_entries(log: ProvenLog, start: int, end: int) -> Iterator[ProvenEntry]:
    """Entries `start` to `end` - 1, a bundle in memory at a time."""
    for number in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
        for proven in log.bundle(number):
            if start <= proven.index < end:
                yield proven
