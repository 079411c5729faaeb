"""Entries that follow each other, each with its ciphertext: the first that is wrong. Pure."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ledger.checkpoint import Checkpoint
from ledger.entry import Entry, parse_entry
from ledger.errors import FormatError, SignatureInvalid
from ledger.header import EntryKind
from ledger.merkle import leaf_hash
from ledger.note import Note, VerifierKey, verify_note
from ledger.rotation import (
    AlgorithmUnknown,
    KeysInForce,
    Purpose,
    frozen,
    predecessor_of,
    purpose_of,
    require_alg,
    successor_of,
)
from ledger.tile import HASH_BYTES
from ledger.verify.report import Ended, Fault, Tally
from ledger.verify.shape import EntryRead, Shape

FORMAT: Final = "fengcun-ledger/v1"

_shape = lru_cache(maxsize=8)(Shape)


@dataclass(frozen=True, slots=True)
class Expected:
    """What every entry of one log is held against."""

    origin: str
    signatures: bool  # whether the entries' own signatures are checked
    promised: Mapping[int, bytes] = field(default_factory=dict)
    """Leaf hashes by index, of write-ahead frames that were published already."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What earlier entries laid down for later ones."""

    keys: KeysInForce
    predecessor: Checkpoint | None
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The first thing that is wrong."""

    fault: Fault
    index: int
    detail: str


@dataclass(slots=True)
class Judged:
    """What came of consecutive entries, up to the first that is wrong.

    What hangs on entries before them is not known here and left open: `first_previous`, and the
    epochs in `borrowed`.
    """

    base: int
    in_force: InForce | None  # after the last of them
    first_previous: bytes = b""  # what the first one says it follows; nothing where it is bad
    last_digest: bytes = b""  # SHA-256 of the last one
    leaves: list[bytes] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)  # begun by entries among them
    changes: list[tuple[int, KeysInForce]] = field(default_factory=list)
    """Index of each entry among them that changed keys, and what held after it."""
    borrowed: dict[int, int] = field(default_factory=dict)
    """Epochs begun before these entries, each with the first entry whose payload names it."""
    tally: Tally = field(default_factory=Tally)
    found: Found | None = None


class Wrong(Exception):
    """Ends the judgement where it stands."""

    def __init__(self, fault: Fault, index: int, detail: str) -> None:
        super().__init__(detail)
        self.found = Found(fault, index, detail)


def judge_entries(
    expected: Expected,
    in_force: InForce | None,
    base: int,
    entries: Sequence[bytes],
    ciphertexts: Sequence[bytes | None],
    tile: bytes | None = None,
) -> Judged:
    """Entries `base` and following, with as many ciphertexts or more: b"" where there is none,
    None where this copy has no file of them.

    `in_force` is None where nothing came before: the genesis entry lays it down. `tile` holds the
    leaf hashes as they are published, None where they are not yet.
    """
    judging = _Judging(expected, Judged(base, in_force))
    try:
        for offset, data in enumerate(entries):
            judging.entry(base + offset, data, ciphertexts[offset])
    except Wrong as wrong:
        judging.judged.found = wrong.found
    if tile is not None:
        _compare_tile(judging.judged, tile)
    return judging.judged


def _compare_tile(judged: Judged, tile: bytes) -> None:
    """An entry whose published hash is another is wrong before any after it is."""
    leaves = judged.leaves
    if tile.startswith(b"".join(leaves)):
        return
    at = next(at for at, leaf in enumerate(leaves) if not tile.startswith(leaf, at * HASH_BYTES))
    index = judged.base + at
    del leaves[at:]
    judged.found = Found(Fault.TILE, index, f"the tile has another hash at entry {index}")


class _Judging:
    """One entry after the other, in order of index."""

    def __init__(self, expected: Expected, judged: Judged) -> None:
        self.judged = judged
        self._expected = expected
        self._promised, self._signatures = expected.promised, expected.signatures
        self._previous: bytes | None = None  # digest of the entry before, where it is known
        self._shape: Shape | None = None
        self._recipients_since = 0
        if judged.in_force is not None:
            self._hold(judged.in_force)

    def _hold(self, in_force: InForce) -> None:
        """From the next entry on."""
        self.judged.in_force = in_force
        keys = in_force.keys
        self._recipients_since = keys.recipients_since
        self._shape = None
        if in_force.ended is None:
            self._shape = _shape(keys.origin, keys.proxy_id, keys.entry)

    def entry(self, index: int, data: bytes, ciphertext: bytes | None) -> None:
        judged, payloads = self.judged, self.judged.tally.payloads
        if index == 0:
            first = _genesis(self._expected, data)
            self._hold(first)
            judged.changes.append((0, first.keys))
        read = self._read_quickly(index, data) or self._read(index, data)
        kind, time, epoch, size_bytes, digest = read
        if epoch is None:
            if ciphertext:
                detail = f"entry {index} was signed without payload"
                raise Wrong(Fault.PAYLOAD, index, detail)
        else:
            if epoch <= self._recipients_since:
                detail = f"entry {index} uses a data key that is not of the recipients in force"
                raise Wrong(Fault.EPOCH, index, detail)
            if epoch not in judged.borrowed and epoch not in judged.epochs:
                judged.borrowed[epoch] = index
            if ciphertext is None:
                payloads.absent(index)
            elif not ciphertext:
                payloads.gaps.add(index)
            elif len(ciphertext) == size_bytes and _digest(ciphertext) == digest:
                payloads.present_count += 1
            else:
                detail = f"the payload of entry {index} is not the one that was signed"
                raise Wrong(Fault.PAYLOAD, index, detail)
        leaf = leaf_hash(data)
        if self._promised.get(index, leaf) != leaf:
            detail = f"entry {index} differs between what is published and what was promised"
            raise Wrong(Fault.WAL, index, detail)
        judged.tally.count(kind, time)
        judged.leaves.append(leaf)
        self._previous = judged.last_digest = sha256(data).digest()

    def _read_quickly(self, index: int, data: bytes) -> EntryRead | None:
        if self._previous is None or self._shape is None:
            return None
        return self._shape.read(index, self._previous, data, signatures=self._signatures)

    def _read(self, index: int, data: bytes) -> EntryRead:
        """Every field of an entry, and what is wrong with it."""
        in_force = self.judged.in_force
        assert in_force is not None
        if in_force.ended is not None:
            detail = f"entry {index} was added after entry {in_force.ended.index} froze the log"
            raise Wrong(Fault.FROZEN, index, detail)
        try:
            entry, note = parse_entry(data)
            self._require_signature(entry, note, in_force.keys.entry)
        except FormatError as error:
            detail = f"entry {index} is not as it was signed"
            raise Wrong(Fault.ALTERED, index, detail) from error
        here = entry.origin == self._expected.origin and entry.proxy_id == in_force.keys.proxy_id
        if not here or entry.sequence != index:
            detail = f"where entry {index} belongs stands entry {entry.sequence}"
            raise Wrong(Fault.MISPLACED, index, detail)
        self._follow(index, entry)
        if (entry.kind is EntryKind.GENESIS) != (index == 0):
            raise Wrong(Fault.GENESIS, index, f"a second genesis entry at {index}")
        if entry.kind is EntryKind.KEY:
            self._change_keys(index, entry, note, in_force)
        elif frozen(entry):
            self._hold(replace(in_force, ended=Ended(index, successor_of(entry))))
        self.judged.tally.payloads.hear(entry)
        payload = entry.payload
        kind, time = entry.kind.value, entry.time
        if payload is None:
            return kind, time, None, 0, b""
        digest = b2a_base64(payload.digest, newline=False)
        return kind, time, payload.epoch, payload.ciphertext_bytes, digest

    def _change_keys(self, index: int, entry: Entry, note: Note, in_force: InForce) -> None:
        try:
            keys = in_force.keys.after(entry, note)
        except FormatError as error:
            raise Wrong(Fault.KEY, index, f"entry {index}: {error}") from error
        if purpose_of(entry.header) is Purpose.EPOCH:
            self.judged.epochs.append(index)
        else:
            self._hold(replace(in_force, keys=keys))
            self.judged.changes.append((index, keys))

    def _require_signature(self, entry: Entry, note: Note, key: VerifierKey) -> None:
        # What changes keys, or ends the log, is never taken on the word of the root alone.
        if self._expected.signatures or entry.kind in (EntryKind.KEY, EntryKind.HEARTBEAT):
            verify_note(note, [key])
        elif all((each.name, each.key_id) != (key.name, key.id) for each in note.signatures):
            raise SignatureInvalid("no trusted key signed this")

    def _follow(self, index: int, entry: Entry) -> None:
        if self._previous is None:
            self.judged.first_previous = entry.previous
        elif entry.previous != self._previous:
            raise Wrong(Fault.UNLINKED, index, unlinked(index))


def _digest(ciphertext: bytes) -> bytes:
    """As the entry spells it."""
    return b2a_base64(sha256(ciphertext).digest(), newline=False)


def unlinked(index: int) -> str:
    return f"entry {index} was signed after another entry {index - 1}"


def _genesis(expected: Expected, data: bytes) -> InForce:
    """What the first entry lays down. Whether its log key is trusted is known at the end."""
    try:
        entry, note = parse_entry(data)
        if entry.kind is not EntryKind.GENESIS:
            raise FormatError("the first entry is no genesis entry")
        require_alg(entry.header)
    except AlgorithmUnknown as error:
        raise Wrong(Fault.GENESIS, 0, str(error)) from error
    except FormatError as error:
        raise Wrong(Fault.ALTERED, 0, str(error)) from error
    if entry.origin != expected.origin or entry.header["format"] != FORMAT:
        raise Wrong(Fault.GENESIS, 0, "the log was begun under another name or format")
    try:
        keys = KeysInForce.from_genesis(entry)
        verify_note(note, [keys.entry])
        return InForce(keys, predecessor_of(entry))
    except FormatError as error:
        raise Wrong(Fault.ALTERED, 0, str(error)) from error
