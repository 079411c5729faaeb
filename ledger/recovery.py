"""What a notary must know and prove to itself before it signs anything again.

Recovery cuts a torn tail and nothing else. Whatever else is not as it was signed is a reason to
stop: a log that is healed on one machine is a log that was forked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.disk import Disk
from ledger.entry import Entry, parse_entry
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged
from ledger.header import EntryKind
from ledger.keys import NotaryKeys
from ledger.merkle import Frontier, SubtreeHash, edge_of, leaf_hash
from ledger.note import verify_note
from ledger.publish import CHECKPOINT_PATH, RightEdge
from ledger.store import WAL_FOLDER
from ledger.tile import (
    TILE_WIDTH,
    TileSlot,
    TileStack,
    bundle_path,
    decode_bundle,
    decode_payload_bundle,
    decode_tile,
    level_count,
    payload_path,
    subtree_reader,
    tile_width,
)
from ledger.wal import Frame, JoinedSegments, WalDamaged, join_segments

FORMAT: Final = "fengcun-ledger/v1"
SUSPECTED: Final = (
    "rollback or fork suspected, and nothing was signed; keep this directory as it is and see"
    " `Rollback or fork suspected` in deploy/README.md"
)


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where the log stands: `frontier` is all of it, `published_frontier` what others see."""

    frontier: Frontier
    previous: bytes  # SHA-256 of the last entry
    published_frontier: Frontier
    edge: RightEdge  # of what is published
    unpublished: tuple[Frame, ...]
    torn_bytes: int
    segment_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Published:
    frontier: Frontier
    edge: RightEdge
    root: bytes
    previous: bytes


def recover(disk: Disk, keys: NotaryKeys, seen: Sequence[Checkpoint] = ()) -> Recovered:
    """Raises `ConfigurationError` for a foreign log or wrong key, `LedgerDamaged` for the rest.

    `seen` are checkpoints of this log that somebody kept; a log that does not contain each of them
    was rolled back or forked.
    """
    published = _read_published(disk, keys)
    names = tuple(name for name in disk.names(WAL_FOLDER) if name.endswith(".seg"))
    wal = _read_wal(disk, names, keys.origin)
    if not published and wal.end_index == 0:
        raise ConfigurationError("there is no ledger here: run `fengcun ledger create` first")
    size = published.frontier.size if published else 0
    if wal.end_index < size:
        raise LedgerDamaged("the write-ahead log is behind what was published: a rollback?")
    frontier = published.frontier.copy() if published else Frontier()
    previous = published.previous if published else bytes(32)
    for kept in seen:
        if published and kept.size <= size:
            _require_seen(kept, edge_of(kept.size, _subtrees(disk, size)).root())
    unpublished: list[Frame] = []
    for frame in wal.frames:
        if frame.end_index <= size:
            _compare_published(frame, published, keys)
            continue
        if frame.first_index != frontier.size:
            raise LedgerDamaged(f"the write-ahead log does not continue entry {frontier.size}")
        previous = _replay(frame, frontier, previous, keys, seen)
        unpublished.append(frame)
    seen_size = max((kept.size for kept in seen), default=0)
    if seen_size > frontier.size:
        raise LedgerDamaged(
            f"the log ends at {frontier.size}, yet {seen_size} entries were seen: {SUSPECTED}"
        )
    if not published:
        _check_genesis(unpublished[0].entries[0], keys)
    return Recovered(
        frontier,
        previous,
        published.frontier if published else Frontier(),
        published.edge if published else RightEdge(),
        tuple(unpublished),
        wal.torn_bytes,
        names,
    )


def _open(note: bytes, keys: NotaryKeys, what: str) -> Checkpoint:
    try:
        checkpoint = open_checkpoint(note, [keys.log.verifier])
    except FormatError as error:
        raise ConfigurationError(
            f"{what} was not signed with log.key of {keys.origin}: wrong key or foreign log"
        ) from error
    if checkpoint.origin != keys.origin:
        raise ConfigurationError(f"{what} belongs to another log than {keys.origin}")
    return checkpoint


def _subtrees(disk: Disk, size: int) -> SubtreeHash:
    return subtree_reader(size, lambda slot: disk.read(slot.path))


def _read_published(disk: Disk, keys: NotaryKeys) -> _Published | None:
    """The right edge, checked against the signed root. None where nothing is published yet."""
    try:
        note = disk.read(CHECKPOINT_PATH)
    except FileNotFoundError:
        return None
    checkpoint = _open(note, keys, "the published checkpoint")
    size = checkpoint.size
    try:
        frontier = edge_of(size, _subtrees(disk, size))
        levels = [_partial_tile(disk, level, size) for level in range(level_count(size))]
        number = (size - 1) // TILE_WIDTH
        width = tile_width(0, number, size)
        entries = decode_bundle(disk.read(bundle_path(number, width)))
        ciphertexts = decode_payload_bundle(disk.read(payload_path(number, width)))
        tile = decode_tile(disk.read(TileSlot(0, number, width).path), width)
        first = decode_bundle(disk.read(bundle_path(0, tile_width(0, 0, size))))[0]
    except (FormatError, FileNotFoundError, IndexError) as error:
        raise LedgerDamaged(f"the published log of {size} entries is damaged: {error}") from error
    if frontier.root() != checkpoint.root:
        raise LedgerDamaged(f"the tiles do not have the signed root of {size} entries")
    if [leaf_hash(entry) for entry in entries] != tile or len(ciphertexts) != width:
        raise LedgerDamaged(f"the last bundle of {size} entries does not match its tile")
    _check_genesis(first, keys)
    edge = RightEdge(TileStack(size, levels))
    if width < TILE_WIDTH:
        edge.entries, edge.ciphertexts = entries, ciphertexts
    return _Published(frontier, edge, checkpoint.root, sha256(entries[-1]).digest())


def _partial_tile(disk: Disk, level: int, size: int) -> list[bytes]:
    number = size >> 8 * (level + 1)
    width = tile_width(level, number, size)
    return decode_tile(disk.read(TileSlot(level, number, width).path), width) if width else []


def _check_genesis(data: bytes, keys: NotaryKeys) -> None:
    """Keys and origin must be the ones the log was created with. Raises `ConfigurationError`."""
    try:
        entry, note = parse_entry(data)
        verify_note(note, [keys.entry.verifier])
    except FormatError as error:
        raise ConfigurationError(
            f"the log was not created with entry.key of {keys.origin}: wrong key or foreign log"
        ) from error
    expected = {
        "format": FORMAT,
        "log_key": str(keys.log.verifier),
        "entry_key": str(keys.entry.verifier),
    }
    given = {name: entry.header.get(name) for name in expected}
    if entry.kind is not EntryKind.GENESIS or entry.origin != keys.origin or given != expected:
        raise ConfigurationError("the genesis entry names other keys than the key directory")


def _read_wal(disk: Disk, names: Sequence[str], origin: str) -> JoinedSegments:
    segments = [(name, disk.read(f"{WAL_FOLDER}/{name}")) for name in names]
    try:
        return join_segments(segments, origin)
    except WalDamaged as error:
        raise LedgerDamaged(f"the write-ahead log is damaged: {error}") from error


def _compare_published(frame: Frame, published: _Published | None, keys: NotaryKeys) -> None:
    """Never two checkpoints of one size: the frame that ends where publication does must agree."""
    if published is None or frame.end_index != published.frontier.size:
        return
    checkpoint = _open(frame.checkpoint_note, keys, "a checkpoint in the write-ahead log")
    if checkpoint.root != published.root:
        raise LedgerDamaged(f"two different logs of {checkpoint.size} entries exist: a fork")


def _replay(
    frame: Frame, frontier: Frontier, previous: bytes, keys: NotaryKeys, seen: Sequence[Checkpoint]
) -> bytes:
    """Append the frame's entries to `frontier`; returns the digest of its last entry."""
    for data in frame.entries:
        entry = _parse(data, frontier.size)
        if entry.sequence != frontier.size or entry.previous != previous:
            raise LedgerDamaged(f"entry {frontier.size} does not follow the entry before it")
        previous = sha256(data).digest()
        frontier.append(leaf_hash(data))
        for kept in seen:
            if kept.size == frontier.size:
                _require_seen(kept, frontier.root())
    checkpoint = _open(frame.checkpoint_note, keys, "a checkpoint in the write-ahead log")
    if (checkpoint.size, checkpoint.root) != (frontier.size, frontier.root()):
        raise LedgerDamaged(f"the entries up to {frontier.size} do not have their signed root")
    return previous


def _parse(data: bytes, index: int) -> Entry:
    try:
        return parse_entry(data)[0]
    except FormatError as error:
        raise LedgerDamaged(f"entry {index} is malformed: {error}") from error


def _require_seen(seen: Checkpoint, root: bytes) -> None:
    if seen.root != root:
        raise LedgerDamaged(
            f"the first {seen.size} entries are not those that were seen before: {SUSPECTED}"
        )
