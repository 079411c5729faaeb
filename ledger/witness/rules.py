"""What a witness answers to a submission (C2SP tlog-witness v1.0.0, add-checkpoint). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from ledger.errors import FormatError, SignatureInvalid
from ledger.merkle import EMPTY_ROOT, is_consistent
from ledger.note import Note, VerifierKey, parse_note
from ledger.submission import Submission, parse_submission


class Refused(FormatError):
    """The witness does not cosign. `status` is HTTP's; `seen_size` what it knows already."""

    def __init__(self, status: int, reason: str, seen_size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.seen_size = seen_size


MALFORMED = 400
NOT_SIGNED = 403
UNKNOWN_LOG = 404
BEHIND = 409
CONTRADICTS = 422

Latest = Callable[[str], Checkpoint | None]
"""An origin -> the largest tree of it that was cosigned."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """May be cosigned, once it is durable that it was."""

    checkpoint: Checkpoint
    note: Note


def judge(data: bytes, log_keys: Sequence[VerifierKey], latest: Latest) -> Accepted:
    """Whether the checkpoint in `data` extends what was seen of its log. Raises `Refused`."""
    try:
        submission = parse_submission(data)
        note = parse_note(submission.checkpoint_note)
        origin = parse_checkpoint_text(note.text).origin
    except FormatError as error:
        raise Refused(MALFORMED, str(error)) from error
    keys = [key for key in log_keys if key.name == origin]
    if not keys:
        raise Refused(UNKNOWN_LOG, "this witness does not watch a log of that origin")
    try:
        checkpoint = open_checkpoint(submission.checkpoint_note, keys)
    except SignatureInvalid as error:
        raise Refused(NOT_SIGNED, str(error)) from error
    _require_growth(submission, checkpoint, latest(origin))
    return Accepted(checkpoint, note)


def _require_growth(
    submission: Submission, checkpoint: Checkpoint, seen: Checkpoint | None
) -> None:
    old_size, size = submission.old_size, checkpoint.size
    if old_size > size:
        raise Refused(MALFORMED, "the older tree is the larger one")
    seen_size, seen_root = (0, EMPTY_ROOT) if seen is None else (seen.size, seen.root)
    if old_size != seen_size:
        raise Refused(BEHIND, "the witness has seen another size", seen_size)
    if size == 0 and checkpoint.root != EMPTY_ROOT:
        raise Refused(CONTRADICTS, "an empty tree has another root")
    if not is_consistent(old_size, seen_root, size, checkpoint.root, submission.path):
        raise Refused(CONTRADICTS, "the log does not begin with what was seen of it before")
