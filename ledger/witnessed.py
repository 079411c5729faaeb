"""The log's side of witnessing: have the published checkpoint cosigned, and keep what comes back.

    <log>/cosigned/<witness key id>     the last checkpoint that this witness cosigned

Rollback and fork show only to somebody who remembers. Each start of the notary holds the log
against this file, which an older copy of the log has an older one of, and against what the witness
itself remembers.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from ledger.cosignature import Cosigned, require_cosignature
from ledger.errors import FormatError, LedgerError
from ledger.fetch import CHECKPOINT_PATH, LogReader, read_tile
from ledger.merkle import edge_of
from ledger.note import VerifierKey, parse_note, parse_signatures
from ledger.submission import Submission, submission_from, with_cosignatures
from ledger.tile import subtree_reader

COSIGNED_FOLDER: Final = "cosigned"
_OK: Final = 200
_BEHIND: Final = 409
_SIZE_DIGITS_MAX: Final = 19

Ask = Callable[[bytes], Awaitable[tuple[int, bytes]]]
"""Sends a submission; the status and body of the witness's answer."""


class NotCosigned(LedgerError):
    """The witness did not cosign, and the log may be at fault: it has seen something else."""


class Failing(StrEnum):
    """In what way a witness is not heard; a metric's label."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # an HTTP status that says nothing of the log
    UNKNOWN_LOG = "unknown-log"
    NONSENSE = "nonsense"
    UNPROVEN = "unproven"  # it says that it saw another history, and does not show it
    CLOCK = "clock"  # its time is not ours


class WitnessUnavailable(LedgerError):
    """The witness did not answer as a witness does."""

    def __init__(self, reason: str, failing: Failing = Failing.UNREACHABLE) -> None:
        super().__init__(reason)
        self.failing = failing


@dataclass(frozen=True, slots=True)
class CosignedNote:
    """A checkpoint and who vouches for it; `note` is both as bytes."""

    note: bytes
    checkpoint: Checkpoint
    cosigned: Cosigned


async def have_cosigned(
    reader: LogReader, witness: VerifierKey, ask: Ask, known_size: int = 0
) -> CosignedNote:
    """Submit the published checkpoint of the log.

    `known_size`: what the witness saw last, as far as is known; it says if that is wrong. Raises
    `NotCosigned`, or `WitnessUnavailable`.
    """
    submission = submission_from(reader, known_size)
    status, body = await ask(submission.to_bytes())
    if status == _BEHIND:
        submission = _caught_up(reader, body)
        status, body = await ask(submission.to_bytes())
    if status != _OK:
        raise _not_cosigned(status)
    return accept(submission.checkpoint_note, body, witness)


def accept(checkpoint_note: bytes, lines: bytes, witness: VerifierKey) -> CosignedNote:
    """The checkpoint with the witness's signature lines. Raises `WitnessUnavailable`."""
    try:
        note = parse_note(checkpoint_note)
        checkpoint = parse_checkpoint_text(note.text)
        key = (witness.name, witness.id)
        found = [each for each in parse_signatures(lines) if (each.name, each.key_id) == key]
        # One line, the one that is verified: what is kept must not grow by what is not.
        signed = with_cosignatures(note, tuple(found[:1]))
        return CosignedNote(signed, checkpoint, require_cosignature(parse_note(signed), witness))
    except FormatError as error:
        raise WitnessUnavailable(
            f"{witness.name} answered with no cosignature: {error}", Failing.NONSENSE
        ) from error


def open_cosigned(
    note: bytes, log_keys: Sequence[VerifierKey], witness: VerifierKey
) -> CosignedNote:
    """A checkpoint that the log signed and the witness cosigned. Raises `FormatError`."""
    checkpoint = open_checkpoint(note, log_keys)
    return CosignedNote(note, checkpoint, require_cosignature(parse_note(note), witness))


def contradiction(reader: LogReader, seen: Checkpoint) -> str | None:
    """How the published log is not one that began as was seen; None where it did.

    For a log that is being written or was closed in good order: what was durable and not yet
    published when a machine died is not looked at.
    """
    size = published_size(reader)
    if seen.size > size:
        return f"{seen.size} entries were cosigned, {size} are published here: rolled back"
    root = edge_of(seen.size, subtree_reader(size, lambda slot: read_tile(reader, slot))).root()
    if root != seen.root:
        return f"the first {seen.size} entries are not those that were cosigned: forked"
    return None


def published_size(reader: LogReader) -> int:
    """The size of the published checkpoint, as it says itself."""
    return parse_checkpoint_text(parse_note(reader.read(CHECKPOINT_PATH)).text).size


def _caught_up(reader: LogReader, body: bytes) -> Submission:
    digits = body.strip()
    if not digits.isdigit() or len(digits) > _SIZE_DIGITS_MAX:
        raise WitnessUnavailable("the witness did not say which size it has seen", Failing.NONSENSE)
    try:
        return submission_from(reader, int(digits))
    except FormatError as error:
        raise NotCosigned(
            f"the witness has seen {int(digits)} entries, more than are published here: a rollback?"
        ) from error


def _not_cosigned(status: int) -> LedgerError:
    match status:
        case 403 | 404:
            return WitnessUnavailable(
                "the witness does not watch this log: hand it log.vkey", Failing.UNKNOWN_LOG
            )
        case 422 | 409:
            return NotCosigned("the witness has seen another history of this log: a fork?")
        case _:
            return WitnessUnavailable(
                f"the witness answered with HTTP status {status}", Failing.REFUSED
            )


def cosigned_path(log: Path, witness: VerifierKey) -> Path:
    """Where the last checkpoint that the witness cosigned is kept."""
    return log / COSIGNED_FOLDER / witness.id.hex()


def keep(log: Path, witness: VerifierKey, note: bytes) -> Path:
    """Write the cosigned checkpoint beside the log; the file."""
    path = cosigned_path(log, witness)
    path.parent.mkdir(mode=0o755, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    return path


def kept(log: Path, witness: VerifierKey) -> CosignedNote | None:
    """What `keep` wrote last. Raises `FormatError` for what this witness did not cosign."""
    try:
        note = cosigned_path(log, witness).read_bytes()
    except FileNotFoundError:
        return None
    parsed = parse_note(note)
    checkpoint = parse_checkpoint_text(parsed.text)
    return CosignedNote(note, checkpoint, require_cosignature(parsed, witness))
