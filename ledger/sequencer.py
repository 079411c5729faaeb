"""Group commit: number, seal, sign, one write, one sync, acknowledge.

One thread owns the end of the log, and blocks in the sync. What waits when it comes back is the
next group, so a busy log batches and an idle one does not wait; there is no timer. The first error
is latched: nothing is acknowledged after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ledger.adoption import Announcement
from ledger.chain import Chain, JudgedDraft, own_draft
from ledger.envelope import BUCKET_BYTES
from ledger.errors import DiskReserveReached, LedgerError, LedgerFailed
from ledger.header import EntryKind, Header
from ledger.publication import Publication
from ledger.rotation import STATE_FROZEN
from ledger.store import WalWriter
from ledger.tile import ENTRY_BYTES_MAX
from ledger.wal import Frame, encode_frame
from ledger.wire import Acknowledgement

GROUP_ENTRIES_MAX: Final = 4096
GROUP_BYTES_MAX: Final = 16 << 20
# Around the header of an entry: its other lines, its signature, its prefixes in the frame.
_ENTRY_OVERHEAD_BYTES: Final = 1536
_FRAME_OVERHEAD_BYTES: Final = 2048
_ANNOUNCEMENT_BYTES_MAX: Final = ENTRY_BYTES_MAX + _FRAME_OVERHEAD_BYTES

Batch = Sequence[JudgedDraft]


class Sequencer:
    """The end of one log. `failure` is None while it serves, and never becomes None again.

    `on_failure` is called once, by whichever thread failed.
    """

    def __init__(
        self,
        chain: Chain,
        wal: WalWriter,
        publication: Publication,
        *,
        clock_ms: Callable[[], int],
        free_bytes: Callable[[], int],
        boot: JudgedDraft,
        announcements: Iterable[Announcement] = (),
    ) -> None:
        self._chain = chain
        self._wal = wal
        self.publication = publication
        self._clock_ms = clock_ms
        self._free_bytes = free_bytes
        self._boot = boot
        self._announcements = announcements
        self._latch = threading.Lock()
        self._failure: LedgerError | None = None
        self._stopped = False
        self.on_failure: Callable[[LedgerError], None] | None = None

    @property
    def failure(self) -> LedgerError | None:
        return self._failure

    @property
    def size(self) -> int:
        """Entries that are durable."""
        return self._chain.size

    def start(self) -> None:
        """Record changes of keys and the boot, publish from now on. Raises `LedgerError`."""
        with self._latched():
            for announcement in self._announcements:
                self._announce(announcement)
        self.publication.start(self._wal.retire, self.fail)
        self.commit([[self._boot]])

    def commit(self, batches: Sequence[Batch]) -> list[Acknowledgement]:
        """Blocks until all are durable. Each batch becomes contiguous entries, in order.

        Raises `LedgerFailed` once stopped or failed, and whatever it fails with.
        """
        if self._failure is not None or self._stopped:
            raise LedgerFailed("the ledger has stopped")
        acknowledged: list[Acknowledgement] = []
        with self._latched():
            for group, size_bytes in _groups(batches):
                self.publication.wait_for_room()
                acknowledged += self._commit(group, size_bytes)
        return acknowledged

    def stop(self, reason: str = "signal") -> None:
        """Record the stop, publish all, close. Does nothing the second time."""
        self._end({"state": "stop", "reason": reason})

    def freeze(self, successor: str | None) -> None:
        """In place of `start`: the last entry this log will ever have, and all is published.

        Raises `LedgerError`.
        """
        self.publication.start(self._wal.retire, self.fail)
        self._end({"state": STATE_FROZEN, "successor": successor})
        if self._failure is not None:
            raise self._failure

    def _end(self, header: Header) -> None:
        if self._stopped:
            return
        self._stopped = True
        try:
            if self._failure is None:
                with self._latched():
                    self._record_end(header)
        except LedgerError:
            pass  # latched, which is all that is left to do about it
        finally:
            self.publication.finish()
            self._wal.close()

    def fail(self, error: BaseException) -> LedgerError:
        """Latch the first error there is; any thread. The error as others see it."""
        failure = _as_ledger_error(error)
        with self._latch:
            first, self._failure = self._failure is None, self._failure or failure
        if first and self.on_failure is not None:
            self.on_failure(failure)
        return failure

    @contextmanager
    def _latched(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            raise self.fail(error) from error

    def _commit(self, group: Sequence[Batch], group_bytes: int) -> list[Acknowledgement]:
        now_ms = self._clock_ms()
        try:
            self._wal.make_room(
                group_bytes + 2 * _FRAME_OVERHEAD_BYTES,
                self._chain.size,
                self._chain.root(),
                now_ms,
                owed_bytes=self.publication.owed_bytes,
            )
        except DiskReserveReached:
            self._record_end({"state": "stop", "reason": "disk-reserve"})
            raise
        drafts = [draft for batch in group for draft in batch]
        if self._chain.needs_epoch(now_ms):
            drafts.insert(0, self._chain.epoch_draft(now_ms))
        frame = self._chain.extend(drafts, now_ms)
        self._make_durable(frame)
        if self._failure is not None:
            raise self._failure
        return _acknowledgements(group, frame.end_index)

    def _make_durable(self, frame: Frame) -> None:
        encoded = encode_frame(frame)
        self._wal.append(encoded)
        self.publication.add(frame, len(encoded))

    def _record_end(self, header: Header) -> None:
        """The frame for which room was kept at the end of every segment."""
        draft = own_draft(EntryKind.HEARTBEAT, {**header, "free_bytes": self._free_bytes()})
        self._make_durable(self._chain.extend([draft], self._clock_ms()))

    def _announce(self, announcement: Announcement) -> None:
        now_ms = self._clock_ms()
        chain = self._chain
        self._wal.make_room(_ANNOUNCEMENT_BYTES_MAX, chain.size, chain.root(), now_ms)
        self._make_durable(chain.announce(announcement.change, now_ms))
        announcement.settle()


def _groups(batches: Sequence[Batch]) -> Iterator[tuple[list[Batch], int]]:
    """The batches cut into what one frame may hold, each with an upper bound of its bytes."""
    group: list[Batch] = []
    entries_count = group_bytes = 0
    for batch in batches:
        batch_bytes = sum(map(_frame_bytes, batch))
        entries_count += len(batch)
        full = entries_count > GROUP_ENTRIES_MAX or group_bytes + batch_bytes > GROUP_BYTES_MAX
        if group and full:
            yield group, group_bytes
            group, entries_count, group_bytes = [], len(batch), 0
        group.append(batch)
        group_bytes += batch_bytes
    if group:
        yield group, group_bytes


def _acknowledgements(group: Sequence[Batch], end_index: int) -> list[Acknowledgement]:
    index = end_index - sum(map(len, group))
    acknowledged = []
    for batch in group:
        acknowledged.append(Acknowledgement(index, len(batch), end_index))
        index += len(batch)
    return acknowledged


def _frame_bytes(draft: JudgedDraft) -> int:
    """An upper bound of what the draft takes in a frame."""
    payload_bytes = 0 if draft.payload is None else len(draft.payload) + 2 * BUCKET_BYTES
    return len(draft.header_line) + payload_bytes + _ENTRY_OVERHEAD_BYTES


def _as_ledger_error(error: BaseException) -> LedgerError:
    match error:
        case LedgerError():
            return error
        case OSError():
            return LedgerFailed(f"the ledger cannot write: {error.strerror or error}")
        case _:
            return LedgerFailed(f"a defect in the ledger: {type(error).__name__}")
