"""A receipt that outlives the log's server: one entry, its path, a checkpoint (C2SP tlog-proof).

The `extra` line, which the specification leaves to the application, holds the entry's bytes as
they were signed. Such a file is checked alone; one without it needs the entry beside it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.checkpoint import (
    CHECKPOINT_BYTES_MAX,
    Checkpoint,
    open_checkpoint,
    parse_checkpoint_text,
)
from ledger.errors import FormatError
from ledger.fetch import CHECKPOINT_PATH, LogReader, read_tile
from ledger.merkle import inclusion_proof, leaf_hash, root_from_inclusion
from ledger.note import VerifierKey, decode_base64, parse_note
from ledger.tile import ENTRY_BYTES_MAX, subtree_reader

_HEADER: Final = b"c2sp.org/tlog-proof@v1\n"
_HASHES_MAX: Final = 63
_EXTRA: Final = b"extra "
PROOF_BYTES_MAX: Final = (
    4 * -(-ENTRY_BYTES_MAX // 3) + 64 * _HASHES_MAX + CHECKPOINT_BYTES_MAX + 128
)
_INDEX: Final = re.compile(rb"index (0|[1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class Proof:
    index: int
    path: tuple[bytes, ...]
    checkpoint_note: bytes
    entry: bytes | None = None
    """What the `extra` line holds; None where there is no such line."""

    def to_bytes(self) -> bytes:
        extra = b"" if self.entry is None else b"%b%b\n" % (_EXTRA, b64encode(self.entry))
        hashes = b"".join(b64encode(hash_bytes) + b"\n" for hash_bytes in self.path)
        head = b"%b%bindex %d\n%b" % (_HEADER, extra, self.index, hashes)
        return b"%b\n%b" % (head, self.checkpoint_note)


def parse_proof(data: bytes) -> Proof:
    """Raises `FormatError`. The checkpoint is not verified: see `check_proof`."""
    if len(data) > PROOF_BYTES_MAX:
        raise FormatError("the proof is too long")
    if not data.startswith(_HEADER):
        raise FormatError("this is not a tlog-proof file")
    head, found, checkpoint_note = data[len(_HEADER) :].partition(b"\n\n")
    lines = head.split(b"\n")
    entry = None
    if lines and lines[0].startswith(_EXTRA):
        entry = decode_base64(lines.pop(0)[len(_EXTRA) :])
    match = _INDEX.fullmatch(lines[0]) if lines else None
    if not found or match is None or len(lines) > 1 + _HASHES_MAX:
        raise FormatError("the proof has no index or too many hashes")
    path = tuple(decode_base64(line) for line in lines[1:])
    if any(len(hash_bytes) != 32 for hash_bytes in path):
        raise FormatError("a hash of the proof is not 32 bytes")
    return Proof(int(match[1]), path, checkpoint_note, entry)


def prove(reader: LogReader, index: int) -> Proof:
    """Raises `FormatError` when the entry is not published yet."""
    note = reader.read(CHECKPOINT_PATH)
    size = parse_checkpoint_text(parse_note(note).text).size
    subtree = subtree_reader(size, lambda slot: read_tile(reader, slot))
    return Proof(index, tuple(inclusion_proof(index, size, subtree)), note)


def check_proof(entry: bytes, proof: Proof, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint that vouches for `entry`. Raises `FormatError` when none does."""
    checkpoint = open_checkpoint(proof.checkpoint_note, keys)
    root = _root(entry, proof.index, checkpoint.size, proof.path)
    if root != checkpoint.root:
        raise FormatError(f"entry {proof.index} is not in the log that was signed")
    return checkpoint


def _root(entry: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    return root_from_inclusion(leaf_hash(entry), index, size, path)
