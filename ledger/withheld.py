"""Receipts that wait until a witness has cosigned what they acknowledge.

Nobody is believed who says that it has: a checkpoint comes with both signatures, and is compared
with what was published here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from ledger.checkpoint import Checkpoint, parse_checkpoint_text
from ledger.errors import LedgerDamaged
from ledger.note import VerifierKey, parse_note
from ledger.wal import Frame
from ledger.wire import Acknowledgement
from ledger.witnessed import open_cosigned

T = TypeVar("T")

TWO_HISTORIES: Final = (
    "the witness cosigned another log of {size} entries than was published here: two histories"
    " are signed with this log's key"
)


class Withheld(Generic[T]):
    """Receipts for whoever (`T`) waits, in the order of the log. Belongs to one loop, but for
    `publishing`."""

    def __init__(
        self, log_keys: Sequence[VerifierKey], witness: VerifierKey, published_size: int
    ) -> None:
        """`published_size` entries are public already, or will be before anything is appended."""
        self._log_keys = log_keys
        self._witness = witness
        self._receipts: deque[tuple[T, Acknowledgement]] = deque()
        self._published: dict[int, Checkpoint] = {}
        self._published_size = published_size
        self._cosigned_size = 0

    @property
    def wanted(self) -> bool:
        """Whether something waits, and no checkpoint is with the witness that it could wait for."""
        return bool(self._receipts) and self._published_size == self._cosigned_size

    @property
    def published_size(self) -> int:
        """Of the last checkpoint that was handed to publication."""
        return self._published_size

    def publishing(self, frame: Frame) -> None:
        """The checkpoint of this frame becomes public now, not earlier. Any thread."""
        text = parse_note(frame.checkpoint_note).text
        self._published[frame.end_index] = parse_checkpoint_text(text)
        self._published_size = frame.end_index

    def hold(self, owner: T, acknowledgement: Acknowledgement) -> None:
        """A receipt for entries that are durable."""
        self._receipts.append((owner, acknowledgement))

    def cosigned(self, note: bytes) -> list[tuple[T, Acknowledgement]]:
        """The receipts that a cosigned checkpoint covers.

        Raises `FormatError` for one that is not, `LedgerDamaged` for one that proves a fork.
        """
        seen = open_cosigned(note, self._log_keys, self._witness).checkpoint
        if seen.size <= self._cosigned_size:
            return []
        ours = self._published.get(seen.size)
        if ours is None and seen.size <= self._published_size:
            return []  # of before this start, which was held against it then
        if ours is None or ours.root != seen.root:
            raise LedgerDamaged(TWO_HISTORIES.format(size=seen.size))
        self._cosigned_size = seen.size
        for size in [size for size in list(self._published) if size <= seen.size]:
            del self._published[size]
        released = []
        while self._receipts and _end(self._receipts[0][1]) <= seen.size:
            released.append(self._receipts.popleft())
        return released


def _end(acknowledgement: Acknowledgement) -> int:
    return acknowledgement.first_index + acknowledgement.count
