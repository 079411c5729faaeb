"""What a log sends a witness to have a checkpoint cosigned (C2SP tlog-witness v1.0.0). Pure.

old <size>
<base64 hash of the consistency proof>, up to 63 of them, one a line
<empty line>
<the checkpoint, a signed note>
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from ledger.checkpoint import CHECKPOINT_BYTES_MAX, parse_checkpoint_text
from ledger.errors import FormatError
from ledger.fetch import CHECKPOINT_PATH, LogReader, read_tile
from ledger.merkle import consistency_proof
from ledger.note import Note, Signature, decode_base64, parse_note
from ledger.tile import subtree_reader

HASHES_MAX: Final = 63
SUBMISSION_BYTES_MAX: Final = 64 * HASHES_MAX + CHECKPOINT_BYTES_MAX + 64
_OLD: Final = re.compile(rb"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Submission:
    """`path` proves that the tree of `old_size` entries is the beginning of the checkpoint's."""

    old_size: int
    path: tuple[bytes, ...]
    checkpoint_note: bytes

    def to_bytes(self) -> bytes:
        hashes = b"".join(b64encode(hash_bytes) + b"\n" for hash_bytes in self.path)
        return b"old %d\n%b\n%b" % (self.old_size, hashes, self.checkpoint_note)


def parse_submission(data: bytes) -> Submission:
    """Raises `FormatError`. Nothing in it is verified."""
    if len(data) > SUBMISSION_BYTES_MAX:
        raise FormatError("the submission is too long")
    head, found, note = data.partition(b"\n\n")
    first, *hashes = head.split(b"\n")
    old = _OLD.fullmatch(first)
    if not found or old is None or len(hashes) > HASHES_MAX:
        raise FormatError("a submission has a line `old <size>`, hashes, and a checkpoint")
    path = tuple(decode_base64(line) for line in hashes)
    if any(len(hash_bytes) != 32 for hash_bytes in path):
        raise FormatError("a hash of the submission is not 32 bytes")
    return Submission(int(old[1]), path, note)


def submission_from(reader: LogReader, old_size: int) -> Submission:
    """The published checkpoint, for a witness that last saw `old_size` entries.

    Raises `FormatError` where fewer are published than that.
    """
    note = reader.read(CHECKPOINT_PATH)
    size = parse_checkpoint_text(parse_note(note).text).size
    subtree = subtree_reader(size, lambda slot: read_tile(reader, slot))
    return Submission(old_size, tuple(consistency_proof(old_size, size, subtree)), note)


def with_cosignatures(note: Note, cosignatures: tuple[Signature, ...]) -> bytes:
    """The note with more signature lines, those it had first and none twice."""
    lines = dict.fromkeys(each.to_line() for each in (*note.signatures, *cosignatures))
    return b"%b\n%b" % (note.text, b"".join(lines))
