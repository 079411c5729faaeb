"""What a notary must know and prove to itself before it signs anything again.

Recovery cuts a torn tail and nothing else. Whatever else is not as it was signed is a reason to
stop: a log that is healed on one machine is a log that was forked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.checkpoint import CHECKPOINT_BYTES_MAX, Checkpoint, open_checkpoint
from ledger.disk import Disk
from ledger.entry import Entry, parse_entry
from ledger.envelope import Recipient
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged
from ledger.header import EntryKind
from ledger.keys import NotaryKeys
from ledger.merkle import Frontier, SubtreeHash, edge_of, leaf_hash
from ledger.note import VerifierKey, parse_note, verify_note
from ledger.publish import CHECKPOINT_PATH, RightEdge
from ledger.rotation import RECIPIENTS_BYTES, KeysInForce, Purpose, recipients_of
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
class KeysFound:
    """How far a change of keys had come: shown by what was signed last, whatever the key files."""

    last: Entry
    entry_key: VerifierKey  # signs what follows
    log_keys: tuple[VerifierKey, ...]  # signed the last checkpoint, as they will the next
    genesis_recipients: tuple[Recipient, ...]
    # Of the last such entry among the write-ahead frames; None says nothing about those before.
    announced_recipients: tuple[Recipient, ...] | None


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
    keys: KeysFound


@dataclass(frozen=True, slots=True)
class _Published:
    frontier: Frontier
    edge: RightEdge
    root: bytes
    previous: bytes
    first_entry: bytes
    last_entry: bytes
    checkpoint_note: bytes


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
    return Recovered(
        frontier,
        previous,
        published.frontier if published else Frontier(),
        published.edge if published else RightEdge(),
        tuple(unpublished),
        wal.torn_bytes,
        names,
        _keys_found(published, unpublished, wal.frames, keys),
    )


def _keys_found(
    published: _Published | None,
    unpublished: Sequence[Frame],
    frames: Sequence[Frame],
    keys: NotaryKeys,
) -> KeysFound:
    first_entry = published.first_entry if published else unpublished[0].entries[0]
    if unpublished:
        last_entry, note = unpublished[-1].entries[-1], unpublished[-1].checkpoint_note
    else:
        assert published is not None
        last_entry, note = published.last_entry, published.checkpoint_note
    last, entry_key = _last_entry(last_entry, keys)
    return KeysFound(
        last,
        entry_key,
        _log_signers(note, keys),
        _check_genesis(first_entry, keys),
        recipients_announced(entry for frame in frames for entry in frame.entries),
    )


def _open(note: bytes, keys: NotaryKeys, what: str) -> Checkpoint:
    try:
        checkpoint = open_checkpoint(note, _log_candidates(keys))
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
    edge = RightEdge(TileStack(size, levels))
    if width < TILE_WIDTH:
        edge.entries, edge.ciphertexts = entries, ciphertexts
    previous = sha256(entries[-1]).digest()
    return _Published(frontier, edge, checkpoint.root, previous, first, entries[-1], note)


def _partial_tile(disk: Disk, level: int, size: int) -> list[bytes]:
    number = size >> 8 * (level + 1)
    width = tile_width(level, number, size)
    return decode_tile(disk.read(TileSlot(level, number, width).path), width) if width else []


def _log_candidates(keys: NotaryKeys) -> list[VerifierKey]:
    return [key.verifier for key in (keys.log, keys.log_next) if key is not None]


def _log_signers(note: bytes, keys: NotaryKeys) -> tuple[VerifierKey, ...]:
    """Which of our log keys signed, the older first. Raises `ConfigurationError`.

    Another one in the log's name is the second of two in force, and not here: who went on without
    it would sign checkpoints that nobody accepts.
    """
    parsed = parse_note(note, note_bytes_max=CHECKPOINT_BYTES_MAX)
    ours = _log_candidates(keys)
    missing = [
        signature.key_id.hex()
        for signature in parsed.signatures
        if signature.name == keys.origin and signature.key_id not in {key.id for key in ours}
    ]
    if missing:
        raise ConfigurationError(
            f"the log key {missing[0]} signs too, and is not in the key directory: put it back"
        )
    signed = verify_note(parsed, ours)
    return tuple(key for key in ours if key in signed)


def _last_entry(data: bytes, keys: NotaryKeys) -> tuple[Entry, VerifierKey]:
    """The entry, and the key that signs the next. Raises `ConfigurationError`.

    The entry that announces a key is signed by both; after it the old one signs nothing.
    """
    candidates = [key.verifier for key in (keys.entry_next, keys.entry) if key is not None]
    try:
        entry, note = parse_entry(data)
        signed = verify_note(note, candidates)
    except FormatError as error:
        raise ConfigurationError(
            f"the last entry was not signed with entry.key of {keys.origin}: "
            "wrong key or foreign log"
        ) from error
    signer = next(key for key in candidates if key in signed)
    announces = entry.kind is EntryKind.KEY and entry.header["purpose"] == Purpose.ENTRY
    if announces and entry.header["key"] != str(signer):
        raise ConfigurationError(
            "the last entry announces an entry key that is not in the key directory: put it back"
        )
    return entry, signer


def _check_genesis(data: bytes, keys: NotaryKeys) -> tuple[Recipient, ...]:
    """The log must be of this origin and format; who reads it. Raises `ConfigurationError`.

    Its keys may have been succeeded since: those of now are known by what they signed last.
    """
    try:
        entry, note = parse_entry(data)
        named = KeysInForce.from_genesis(entry)
        verify_note(note, [named.entry])
    except (FormatError, KeyError) as error:
        raise ConfigurationError(
            f"the log was not created as {keys.origin}: wrong key or foreign log"
        ) from error
    if entry.origin != keys.origin or entry.header["format"] != FORMAT:
        raise ConfigurationError("the genesis entry names another log, or another format")
    return named.recipients


def recipients_announced(entries: Iterable[bytes]) -> tuple[Recipient, ...] | None:
    """By the last of the entries that announces any. Raises `LedgerDamaged`."""
    found: tuple[Recipient, ...] | None = None
    for data in entries:
        # One in a million does: what has not these bytes need not be parsed.
        if RECIPIENTS_BYTES in data:
            try:
                entry = parse_entry(data)[0]
                if entry.kind is EntryKind.KEY:
                    found = recipients_of(entry.header)
            except FormatError as error:
                raise LedgerDamaged(f"a key entry is malformed: {error}") from error
    return found


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
