"""Verify a log by recomputing all of it from its entries. Needs a public key and nothing secret.

Imports nothing beyond the standard library and `cryptography`. A verified root alone would say
little: every entry, link, signature, tile, payload digest and the write-ahead tail is looked at,
and the first entry that is not as it was signed is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import Entry, entry_key_name, parse_entry
from ledger.errors import FormatError, LedgerError
from ledger.fetch import LogReader, read_bundle, read_payloads, read_tile, snapshot
from ledger.fields import EntryKind
from ledger.merkle import Frontier, leaf_hash
from ledger.note import VerifierKey, verify_note
from ledger.tile import TILE_WIDTH, BrokenBundle, TileSlot, TileStack, bundle_slots, decode_tile
from ledger.wal import Frame, WalDamaged

FORMAT: Final = "fengcun-ledger/v1"
_SIGNATURE_THREADS: Final = 4

Progress = Callable[[int, int], None]


class Fault(StrEnum):
    """What is wrong with the entry that is named."""

    ALTERED = "altered"
    MISPLACED = "misplaced"
    UNLINKED = "unlinked"
    MISSING = "missing"
    GENESIS = "genesis"
    EPOCH = "epoch"
    PAYLOAD = "payload"
    TILE = "tile"
    ROOT = "root"
    CHECKPOINT = "checkpoint"
    WAL = "write-ahead-log"
    FORK = "fork"
    ROLLBACK = "rollback"


class LogInvalid(LedgerError):
    """The log is not what was signed. `index` is the first bad entry, None where it has none."""

    def __init__(self, fault: Fault, index: int | None, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.index = index
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Report:
    """What a verified log holds."""

    origin: str
    size: int  # durable entries, of which
    published_size: int  # are covered by `checkpoint`
    root: bytes  # of all `size` entries
    kinds: Mapping[str, int]
    payloads_present_count: int
    payloads_absent_count: int  # not in this copy, or erased by order
    torn_bytes: int  # of a frame that was never acknowledged
    first_time: str
    last_time: str


def verify_log(
    reader: LogReader,
    keys: Sequence[VerifierKey],
    *,
    seen: Iterable[Checkpoint] = (),
    progress: Progress = lambda done, total: None,
) -> Report:
    """Raises `LogInvalid` for the first thing that is wrong, `FileNotFoundError` for no log.

    `seen` are checkpoints of this log kept elsewhere: without one, a whole older copy of the log
    is as valid as it was when it was new.
    """
    try:
        note, wal = snapshot(reader)
    except WalDamaged as error:
        raise LogInvalid(Fault.WAL, error.index, str(error)) from error
    except FormatError as error:
        raise LogInvalid(Fault.CHECKPOINT, None, str(error)) from error
    checkpoint = _open(note, keys, None)
    pass_ = _Pass(reader, keys, checkpoint, wal.frames, tuple(seen))
    total = max(checkpoint.size, wal.end_index)
    with ThreadPoolExecutor(_SIGNATURE_THREADS) as threads:
        for number, width in bundle_slots(checkpoint.size):
            pass_.bundle(number, width, threads)
            progress(pass_.frontier.size, total)
        pass_.finish_published()
        for frame in wal.frames:
            if frame.first_index >= checkpoint.size:
                pass_.tail(frame, threads)
                progress(pass_.frontier.size, total)
    pass_.finish()
    return pass_.report(wal.torn_bytes)


def _open(note: bytes, keys: Sequence[VerifierKey], index: int | None) -> Checkpoint:
    try:
        return open_checkpoint(note, keys)
    except FormatError as error:
        raise LogInvalid(Fault.CHECKPOINT, index, str(error)) from error


@dataclass(slots=True)
class _Tally:
    kinds: Counter[str] = field(default_factory=Counter)
    present_count: int = 0
    absent_count: int = 0
    first_time: str = ""
    last_time: str = ""


class _Pass:
    """One pass over the log, in order of index."""

    def __init__(
        self,
        reader: LogReader,
        keys: Sequence[VerifierKey],
        checkpoint: Checkpoint,
        frames: Sequence[Frame],
        seen: Sequence[Checkpoint],
    ) -> None:
        self.frontier = Frontier()
        self._reader = reader
        self._log_keys = keys
        self._checkpoint = checkpoint
        self._seen = seen
        self._stack = TileStack()
        self._entry_key: VerifierKey | None = None
        self._proxy_id = ""
        self._previous = bytes(32)
        self._epochs: set[int] = set()
        self._tally = _Tally()
        # Of the write-ahead frames that were published already: what they say about the same.
        published = [frame for frame in frames if frame.first_index < checkpoint.size]
        self._expected_leaf = {
            frame.first_index + offset: leaf_hash(entry)
            for frame in published
            for offset, entry in enumerate(frame.entries)
        }
        self._expected_root = {
            frame.end_index: _open(frame.checkpoint_note, keys, frame.first_index)
            for frame in published
        }

    def bundle(self, number: int, width: int, threads: ThreadPoolExecutor) -> None:
        base = number * TILE_WIDTH
        broken = False
        try:
            entries = read_bundle(self._reader, number, width)
        except FileNotFoundError:
            raise LogInvalid(Fault.MISSING, base, f"the bundle of entry {base} is gone") from None
        except BrokenBundle as error:
            entries, broken = error.items, True
        tile = self._tile(TileSlot(0, number, width), base)
        payloads = self._payloads(number, width)
        self._entries(base, entries, payloads, threads, tile)
        if broken or len(entries) != width:
            index = base + len(entries)
            raise LogInvalid(Fault.MISSING, index, f"the bundle breaks off at entry {index}")

    def tail(self, frame: Frame, threads: ThreadPoolExecutor) -> None:
        """A frame that is durable and not published yet."""
        self._entries(frame.first_index, frame.entries, frame.ciphertexts, threads, None)
        self._require_root(_open(frame.checkpoint_note, self._log_keys, frame.first_index))

    def finish_published(self) -> None:
        """The unfinished tiles of the upper levels, and the root that was signed."""
        for slot, data in self._stack.partial_tiles():
            self._compare_tile(slot, data)
        self._require_root(self._checkpoint)

    def finish(self) -> None:
        size = self.frontier.size
        for checkpoint in self._seen:
            if checkpoint.size > size:
                detail = f"{checkpoint.size} entries were seen elsewhere, {size} are here"
                raise LogInvalid(Fault.ROLLBACK, size, detail)

    def report(self, torn_bytes: int) -> Report:
        tally = self._tally
        return Report(
            origin=self._checkpoint.origin,
            size=self.frontier.size,
            published_size=self._checkpoint.size,
            root=self.frontier.root(),
            kinds=MappingProxyType(dict(tally.kinds)),
            payloads_present_count=tally.present_count,
            payloads_absent_count=tally.absent_count,
            torn_bytes=torn_bytes,
            first_time=tally.first_time,
            last_time=tally.last_time,
        )

    def _tile(self, slot: TileSlot, base: int) -> list[bytes]:
        try:
            return decode_tile(read_tile(self._reader, slot), slot.width)
        except (FileNotFoundError, FormatError):
            raise LogInvalid(Fault.TILE, base, f"{slot.path} is missing or cut") from None

    def _payloads(self, number: int, width: int) -> list[bytes]:
        """Ciphertexts, where this copy has them."""
        base = number * TILE_WIDTH
        try:
            payloads = read_payloads(self._reader, number, width)
        except FileNotFoundError:
            return [b""] * width
        except BrokenBundle as error:
            payloads, width = error.items, -1  # also where it goes on after the last of them
        if len(payloads) != width:
            index = base + len(payloads)
            raise LogInvalid(Fault.PAYLOAD, index, f"the payloads break off at entry {index}")
        return payloads

    def _entries(
        self,
        base: int,
        entries: Sequence[bytes],
        ciphertexts: Sequence[bytes],
        threads: ThreadPoolExecutor,
        tile: Sequence[bytes] | None,
    ) -> None:
        if base == 0 and entries:
            self._genesis(entries[0])
        parsed = list(threads.map(self._parse_signed, entries))
        for offset, data in enumerate(entries):
            index = base + offset
            entry = parsed[offset]
            if entry is None:
                raise LogInvalid(Fault.ALTERED, index, f"entry {index} is not as it was signed")
            self._follow(index, entry)
            self._payload(index, entry, ciphertexts[offset])
            leaf = leaf_hash(data)
            if self._expected_leaf.get(index, leaf) != leaf:
                detail = f"entry {index} differs between what is published and what was promised"
                raise LogInvalid(Fault.WAL, index, detail)
            if tile is not None and tile[offset] != leaf:
                raise LogInvalid(Fault.TILE, index, f"the tile has another hash at entry {index}")
            self._previous = sha256(data).digest()
            self._append(leaf, publishing=tile is not None)

    def _genesis(self, data: bytes) -> None:
        """The one entry that is trusted through the log's key, and brings the entry key along."""
        try:
            entry, note = parse_entry(data)
            if entry.kind is not EntryKind.GENESIS:
                raise FormatError("the first entry is no genesis entry")
            self._entry_key = VerifierKey.parse(str(entry.header["entry_key"]))
            verify_note(note, [self._entry_key])
        except FormatError as error:
            raise LogInvalid(Fault.ALTERED, 0, str(error)) from error
        self._proxy_id = entry.proxy_id
        names = entry.header["log_key"], entry.header["format"], self._entry_key.name
        expected = entry_key_name(self._checkpoint.origin, entry.proxy_id)
        if str(names[0]) not in map(str, self._log_keys) or names[1:] != (FORMAT, expected):
            raise LogInvalid(Fault.GENESIS, 0, "the log was begun with another key or format")

    def _parse_signed(self, data: bytes) -> Entry | None:
        assert self._entry_key is not None
        try:
            entry, note = parse_entry(data)
            verify_note(note, [self._entry_key])
        except FormatError:
            return None
        return entry

    def _follow(self, index: int, entry: Entry) -> None:
        """Is this the entry that belongs here?"""
        here = entry.origin == self._checkpoint.origin and entry.proxy_id == self._proxy_id
        if not here or entry.sequence != index:
            detail = f"where entry {index} belongs stands entry {entry.sequence}"
            raise LogInvalid(Fault.MISPLACED, index, detail)
        if entry.previous != self._previous:
            detail = f"entry {index} was signed after another entry {index - 1}"
            raise LogInvalid(Fault.UNLINKED, index, detail)
        if (entry.kind is EntryKind.GENESIS) != (index == 0):
            raise LogInvalid(Fault.GENESIS, index, f"a second genesis entry at {index}")
        if entry.kind is EntryKind.KEY:
            self._epochs.add(index)
        if entry.payload is not None and entry.payload.epoch not in self._epochs:
            raise LogInvalid(Fault.EPOCH, index, f"no key entry for the payload of entry {index}")
        tally = self._tally
        tally.kinds[entry.kind.value] += 1
        tally.first_time, tally.last_time = tally.first_time or entry.time, entry.time

    def _payload(self, index: int, entry: Entry, ciphertext: bytes) -> None:
        if entry.payload is None:
            if ciphertext:
                raise LogInvalid(Fault.PAYLOAD, index, f"entry {index} was signed without payload")
        elif not ciphertext:
            self._tally.absent_count += 1
        elif entry.payload.matches(ciphertext):
            self._tally.present_count += 1
        else:
            detail = f"the payload of entry {index} is not the one that was signed"
            raise LogInvalid(Fault.PAYLOAD, index, detail)

    def _append(self, leaf: bytes, *, publishing: bool) -> None:
        self.frontier.append(leaf)
        size = self.frontier.size
        if publishing:
            for slot, data in self._stack.append(leaf):
                self._compare_tile(slot, data)
        if size in self._expected_root:
            self._require_root(self._expected_root[size])
        for checkpoint in self._seen:
            if checkpoint.size == size and checkpoint.root != self.frontier.root():
                detail = f"the first {size} entries are not those that were seen elsewhere"
                raise LogInvalid(Fault.FORK, None, detail)

    def _compare_tile(self, slot: TileSlot, data: bytes) -> None:
        under = TILE_WIDTH**slot.level
        base = slot.number * TILE_WIDTH * under
        given = self._tile(slot, base)
        expected = decode_tile(data, slot.width)
        for offset, hash_bytes in enumerate(expected):
            if given[offset] != hash_bytes:
                index = base + offset * under
                raise LogInvalid(Fault.TILE, index, f"{slot.path} has another hash")

    def _require_root(self, checkpoint: Checkpoint) -> None:
        if (checkpoint.size, checkpoint.root) != (self.frontier.size, self.frontier.root()):
            detail = f"the entries do not have the signed root of {checkpoint.size} entries"
            raise LogInvalid(Fault.ROOT, None, detail)
