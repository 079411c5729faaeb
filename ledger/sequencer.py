"""Group commit: number, seal, sign, one write, one sync, acknowledge.

One thread owns the end of the log. Whatever waits when it comes back from a sync is the next
group, so a busy log batches and an idle one does not wait; there is no timer. A second thread
publishes what is durable. The first error of either ends both for good.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.chain import Chain, JudgedDraft, own_draft
from ledger.envelope import BUCKET_BYTES
from ledger.errors import DiskReserveReached, LedgerError, LedgerFailed
from ledger.header import EntryKind, Header
from ledger.publish import Publisher
from ledger.store import WalWriter
from ledger.wal import Frame, encode_frame
from ledger.wire import Acknowledgement

GROUP_ENTRIES_MAX: Final = 4096
GROUP_BYTES_MAX: Final = 16 << 20
BACKLOG_BYTES_MAX: Final = 64 << 20
PUBLISH_INTERVAL_S: Final = 0.5
# Around the header of an entry: its other lines, its signature, its prefixes in the frame.
_ENTRY_OVERHEAD_BYTES: Final = 1536
_FRAME_OVERHEAD_BYTES: Final = 2048


@dataclass(frozen=True, slots=True)
class Submission:
    """Drafts that become contiguous entries; `done` runs in the sequencer's thread."""

    drafts: Sequence[JudgedDraft]
    done: Callable[[Acknowledgement], None]
    size_bytes: int


class Sequencer:
    """The end of one log. `failure` is None while it serves, and never becomes None again."""

    def __init__(
        self,
        chain: Chain,
        wal: WalWriter,
        publisher: Publisher,
        *,
        clock_ms: Callable[[], int],
        free_bytes: Callable[[], int],
    ) -> None:
        self._chain = chain
        self._wal = wal
        self._publisher = publisher
        self._clock_ms = clock_ms
        self._free_bytes = free_bytes
        self._changed = threading.Condition()
        self._queue: deque[Submission] = deque()
        self._queued_bytes = 0
        self._unpublished: list[Frame] = []
        self._unpublished_bytes = 0
        self._stop_reason: str | None = None
        self._done_appending = False
        self._ending = threading.Event()
        self._failure: LedgerError | None = None
        self._threads = (
            threading.Thread(target=self._guard, args=(self._append_all,), name="sequencer"),
            threading.Thread(target=self._guard, args=(self._publish_all,), name="publisher"),
        )
        self.on_failure: Callable[[LedgerError], None] | None = None

    @property
    def failure(self) -> LedgerError | None:
        return self._failure

    @property
    def backlog_bytes(self) -> int:
        """Submitted and not yet durable."""
        return self._queued_bytes

    def start(self) -> None:
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def submit(
        self, batches: Iterable[Sequence[JudgedDraft]], done: Callable[[Acknowledgement], None]
    ) -> None:
        """Any thread. Each batch becomes contiguous entries, and gets one call of `done`.

        The order of calls is the order of entries. Raises `LedgerFailed` once stopped.
        """
        submissions = [
            Submission(drafts, done, sum(map(_frame_bytes, drafts))) for drafts in batches
        ]
        with self._changed:
            if self._failure is not None or self._stop_reason is not None:
                raise LedgerFailed("the ledger has stopped")
            self._queue += submissions
            self._queued_bytes += sum(submission.size_bytes for submission in submissions)
            self._changed.notify_all()

    def stop(self, reason: str = "signal") -> None:
        """Drain what was submitted, record the stop, publish all, and wait for the threads."""
        with self._changed:
            self._stop_reason = self._stop_reason or reason
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._wal.close()

    def _guard(self, work: Callable[[], None]) -> None:
        """The first error of either thread is latched: no acknowledgement follows it."""
        try:
            work()
        except OSError as error:
            failed = LedgerFailed(f"the ledger cannot write: {error.strerror or error}")
            failed.__cause__ = error
            self._fail(failed)
        except LedgerError as error:
            self._fail(error)
        except BaseException as error:
            self._fail(LedgerFailed(f"a defect in the ledger: {type(error).__name__}"))
            raise

    def _fail(self, error: LedgerError) -> None:
        with self._changed:
            first, self._failure = self._failure is None, self._failure or error
            self._done_appending = True
            self._ending.set()
            self._changed.notify_all()
        if first and self.on_failure is not None:
            self.on_failure(error)

    def _append_all(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                self._commit(group)
            except DiskReserveReached:
                self._record_stop("disk-reserve")
                raise
        self._record_stop(self._stop_reason or "stopped")
        with self._changed:
            self._done_appending = True
            self._ending.set()
            self._changed.notify_all()

    def _next_group(self) -> list[Submission] | None:
        """Everything that waits, up to the limits of a frame; None when stopped and drained."""
        with self._changed:
            while (
                not self._queue or self._unpublished_bytes > BACKLOG_BYTES_MAX
            ) and self._failure is None:
                if self._stop_reason is not None and not self._queue:
                    return None
                self._changed.wait()
            if self._failure is not None:
                raise self._failure
            group, entry_count, group_bytes = [self._queue.popleft()], 0, 0
            entry_count, group_bytes = len(group[0].drafts), group[0].size_bytes
            while self._queue:
                waiting = self._queue[0]
                entry_count += len(waiting.drafts)
                group_bytes += waiting.size_bytes
                if entry_count > GROUP_ENTRIES_MAX or group_bytes > GROUP_BYTES_MAX:
                    break
                group.append(self._queue.popleft())
            return group

    def _commit(self, group: Sequence[Submission]) -> None:
        now_ms = self._clock_ms()
        group_bytes = sum(submission.size_bytes for submission in group)
        frame_bytes = group_bytes + 2 * _FRAME_OVERHEAD_BYTES
        self._wal.make_room(frame_bytes, self._chain.size, self._chain.root(), now_ms)
        drafts = [draft for submission in group for draft in submission.drafts]
        if self._chain.needs_epoch(now_ms):
            drafts.insert(0, self._chain.epoch_draft(now_ms))
        frame = self._chain.extend(drafts, now_ms)
        self._make_durable(frame)
        with self._changed:
            if self._failure is not None:
                raise self._failure
            self._queued_bytes -= group_bytes
        index = frame.end_index - sum(len(submission.drafts) for submission in group)
        for submission in group:
            count = len(submission.drafts)
            submission.done(Acknowledgement(index, count, frame.end_index))
            index += count

    def _make_durable(self, frame: Frame) -> None:
        encoded = encode_frame(frame)
        self._wal.append(encoded)
        with self._changed:
            self._unpublished.append(frame)
            self._unpublished_bytes += len(encoded)
            self._changed.notify_all()

    def _record_stop(self, reason: str) -> None:
        """The frame for which room was kept at the end of every segment."""
        header: Header = {"state": "stop", "reason": reason, "free_bytes": self._free_bytes()}
        draft = own_draft(EntryKind.HEARTBEAT, header)
        self._make_durable(self._chain.extend([draft], self._clock_ms()))

    def _publish_all(self) -> None:
        while True:
            with self._changed:
                while not self._unpublished and not self._done_appending:
                    self._changed.wait()
                frames, self._unpublished = self._unpublished, []
                published_bytes, finishing = self._unpublished_bytes, self._done_appending
            if frames:
                self._publisher.publish(frames)
                self._wal.retire(frames[-1].end_index)
            with self._changed:
                self._unpublished_bytes -= published_bytes
                self._changed.notify_all()
                if finishing and not self._unpublished:
                    return
            # What arrives in the meantime is published together; the end cuts the wait short.
            self._ending.wait(PUBLISH_INTERVAL_S)


def _frame_bytes(draft: JudgedDraft) -> int:
    """An upper bound of what the draft takes in a frame."""
    payload_bytes = 0 if draft.payload is None else len(draft.payload) + 2 * BUCKET_BYTES
    return len(draft.header_line) + payload_bytes + _ENTRY_OVERHEAD_BYTES
