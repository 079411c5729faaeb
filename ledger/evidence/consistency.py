"""Is one checkpoint's tree the beginning of another's? From a log, or from a proof without one.

The proof is what a log sends a witness, `submission`: `old <size>`, hashes, the newer checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import FormatError
from ledger.fetch import LogReader, read_tile
from ledger.merkle import consistency_proof, edge_of, is_consistent
from ledger.note import VerifierKey
from ledger.submission import Submission, parse_submission
from ledger.tile import subtree_reader


class Forked(FormatError):
    """Two validly signed checkpoints that contradict each other: the log has two histories."""


def prove_consistency(
    reader: LogReader, old: Checkpoint, new_note: bytes, keys: Sequence[VerifierKey]
) -> Submission:
    """The proof, out of the tiles of a log that holds both.

    Raises `Forked` where the tree of `new_note` is shown to begin otherwise, and `FormatError`
    where this copy of the log does not lead to it, so that nothing can be said.
    """
    new = open_checkpoint(new_note, keys)
    require_comparable(old, new)
    subtree = subtree_reader(new.size, lambda slot: read_tile(reader, slot))
    try:
        path = consistency_proof(old.size, new.size, subtree)
        root = edge_of(old.size, subtree).root()
    except FileNotFoundError as error:
        raise FormatError("this copy of the log lacks tiles of these checkpoints") from error
    # The path leads to the signed root of the newer, so what it says of the older is so.
    if not is_consistent(old.size, root, new.size, new.root, path):
        raise FormatError(
            f"this copy of the log does not lead to the checkpoint of {new.size} entries: "
            "compare that one with the log's own, and verify the log"
        )
    if root != old.root:
        raise Forked(
            f"the log of {new.size} entries does not begin with the {old.size} that were signed"
        )
    return Submission(old.size, tuple(path), new_note)


def check_consistency(old: Checkpoint, proof: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """The newer checkpoint, of a proof file. Raises `FormatError`, or `Forked` where that is sure.

    A proof that does not lead to both roots is wrong, or cannot exist: a proof alone cannot tell.
    """
    submission = parse_submission(proof)
    new = open_checkpoint(submission.checkpoint_note, keys)
    require_comparable(old, new)
    if submission.old_size != old.size:
        raise FormatError(f"the proof begins at {submission.old_size} entries, not at {old.size}")
    if not is_consistent(old.size, old.root, new.size, new.root, submission.path):
        raise FormatError("the proof does not show that one is the beginning of the other")
    return new


def require_comparable(old: Checkpoint, new: Checkpoint) -> None:
    """Raises `FormatError` for two logs or the wrong order, `Forked` for one size and two roots."""
    if old.origin != new.origin:
        raise FormatError(f"these are two logs: {old.origin} and {new.origin}")
    if old.size > new.size:
        raise FormatError("the checkpoint that is called newer has fewer entries")
    if old.size == new.size and old.root != new.root:
        raise Forked(f"two different logs of {old.size} entries were signed")
