"""Entries that follow each other, each with its ciphertext: the first that is wrong. Pure."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ledger.entry import Entry, entry_key_name, parse_entry
from ledger.erasure import erased_by
from ledger.errors import FormatError, SignatureInvalid
from ledger.header import EntryKind
from ledger.merkle import leaf_hash
from ledger.note import Note, VerifierKey, verify_note
from ledger.tile import HASH_BYTES
from ledger.verify.report import Fault, Tally
from ledger.verify.shape import EntryRead, Shape

FORMAT: Final = "fengcun-ledger/v1"

_shape = lru_cache(maxsize=8)(Shape)


@dataclass(frozen=True, slots=True)
class Expected:
    """What every entry of one log is held against."""

    origin: str
    log_keys: tuple[VerifierKey, ...]
    signatures: bool  # whether the entries' own signatures are checked
    promised: Mapping[int, bytes] = field(default_factory=dict)
    """Leaf hashes by index, of write-ahead frames that were published already."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What earlier entries laid down for later ones."""

    proxy_id: str
    entry_key: VerifierKey


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
    epochs: list[int] = field(default_factory=list)  # key entries among them
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
        self._previous: bytes | None = None  # digest of the entry before, where it is known

    def entry(self, index: int, data: bytes, ciphertext: bytes | None) -> None:
        judged, payloads = self.judged, self.judged.tally.payloads
        if index == 0:
            judged.in_force = _genesis(self._expected, data)
        read = self._read_quickly(index, data) or self._read(index, data)
        kind, time, epoch, size_bytes, digest = read
        if epoch is not None and epoch not in judged.epochs:
            judged.borrowed.setdefault(epoch, index)
        if epoch is None:
            if ciphertext:
                detail = f"entry {index} was signed without payload"
                raise Wrong(Fault.PAYLOAD, index, detail)
        elif ciphertext is None:
            payloads.absent(index)
        elif not ciphertext:
            payloads.gaps.add(index)
        elif (
            len(ciphertext) == size_bytes
            and b2a_base64(sha256(ciphertext).digest(), newline=False) == digest
        ):
            payloads.present_count += 1
        else:
            detail = f"the payload of entry {index} is not the one that was signed"
            raise Wrong(Fault.PAYLOAD, index, detail)
        leaf = leaf_hash(data)
        if self._expected.promised.get(index, leaf) != leaf:
            detail = f"entry {index} differs between what is published and what was promised"
            raise Wrong(Fault.WAL, index, detail)
        judged.tally.count(kind.decode(), time.decode())
        judged.leaves.append(leaf)
        self._previous = judged.last_digest = sha256(data).digest()

    def _read_quickly(self, index: int, data: bytes) -> EntryRead | None:
        in_force = self.judged.in_force
        if in_force is None or self._previous is None:
            return None
        shape = _shape(self._expected.origin, in_force.proxy_id, in_force.entry_key)
        return shape.read(index, self._previous, data, signatures=self._expected.signatures)

    def _read(self, index: int, data: bytes) -> EntryRead:
        """Every field of an entry, and what is wrong with it."""
        judged, in_force = self.judged, self.judged.in_force
        assert in_force is not None
        try:
            entry, note = parse_entry(data)
            self._require_signature(note, in_force.entry_key)
        except FormatError as error:
            detail = f"entry {index} is not as it was signed"
            raise Wrong(Fault.ALTERED, index, detail) from error
        here = entry.origin == self._expected.origin and entry.proxy_id == in_force.proxy_id
        if not here or entry.sequence != index:
            detail = f"where entry {index} belongs stands entry {entry.sequence}"
            raise Wrong(Fault.MISPLACED, index, detail)
        self._follow(index, entry)
        if (entry.kind is EntryKind.GENESIS) != (index == 0):
            raise Wrong(Fault.GENESIS, index, f"a second genesis entry at {index}")
        if entry.kind is EntryKind.KEY:
            judged.epochs.append(index)
        judged.tally.payloads.erased.update(erased_by(entry))
        payload = entry.payload
        kind, time = entry.kind.value.encode(), entry.time.encode()
        if payload is None:
            return kind, time, None, 0, b""
        digest = b2a_base64(payload.digest, newline=False)
        return kind, time, payload.epoch, payload.ciphertext_bytes, digest

    def _require_signature(self, note: Note, key: VerifierKey) -> None:
        if self._expected.signatures:
            verify_note(note, [key])
        elif all((each.name, each.key_id) != (key.name, key.id) for each in note.signatures):
            raise SignatureInvalid("no trusted key signed this")

    def _follow(self, index: int, entry: Entry) -> None:
        if self._previous is None:
            self.judged.first_previous = entry.previous
        elif entry.previous != self._previous:
            raise Wrong(Fault.UNLINKED, index, unlinked(index))


def unlinked(index: int) -> str:
    return f"entry {index} was signed after another entry {index - 1}"


def _genesis(expected: Expected, data: bytes) -> InForce:
    """The one entry that is trusted through the log's key, and brings the entry key along."""
    try:
        entry, note = parse_entry(data)
        if entry.kind is not EntryKind.GENESIS:
            raise FormatError("the first entry is no genesis entry")
        entry_key = VerifierKey.parse(str(entry.header["entry_key"]))
        verify_note(note, [entry_key])
    except FormatError as error:
        raise Wrong(Fault.ALTERED, 0, str(error)) from error
    log_key, *names = entry.header["log_key"], entry.header["format"], entry_key.name
    named = [FORMAT, entry_key_name(expected.origin, entry.proxy_id)]
    if str(log_key) not in map(str, expected.log_keys) or names != named:
        raise Wrong(Fault.GENESIS, 0, "the log was begun with another key or format")
    return InForce(entry.proxy_id, entry_key)
