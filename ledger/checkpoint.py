"""Checkpoints: what the whole log was at one size (C2SP tlog-checkpoint v1.0.0). Pure."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from ledger.errors import FormatError, SignatureInvalid
from ledger.note import VerifierKey, check_name, decode_base64, parse_note, verify_note

CHECKPOINT_BYTES_MAX: Final = 16_384
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`size` entries under the origin's name have the Merkle root `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def to_text(self) -> bytes:
        return b"%b\n%d\n%b\n" % (self.origin.encode(), self.size, b64encode(self.root))

    def signed(self, sign_note: Callable[[bytes], bytes]) -> bytes:
        return sign_note(self.to_text())


def parse_checkpoint_text(text: bytes) -> Checkpoint:
    """Extension lines are allowed by the specification and ignored here."""
    try:
        lines = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("the checkpoint is not UTF-8") from error
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise FormatError("a checkpoint has at least three lines")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size) or int(size) >= 2**63:
        raise FormatError("the size of the checkpoint is not a number")
    root_bytes = decode_base64(root)
    if len(root_bytes) != 32:
        raise FormatError("the root of the checkpoint is not 32 bytes")
    return Checkpoint(check_name(origin), int(size), root_bytes)


def open_checkpoint(note_bytes: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Parse, then verify. Raises `FormatError`, or `SignatureInvalid` for a bad signature.

    One of the verified keys must bear the origin's own name: a witness's line alone says that
    the witness saw the tree, not that the log stands by it.
    """
    note = parse_note(note_bytes, note_bytes_max=CHECKPOINT_BYTES_MAX)
    checkpoint = parse_checkpoint_text(note.text)
    if all(key.name != checkpoint.origin for key in verify_note(note, keys)):
        raise SignatureInvalid("the log itself did not sign this checkpoint")
    return checkpoint
