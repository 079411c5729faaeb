"""The writer of a log by a clock that is moved by hand: the notary's own sequencer, without a
notary's process, socket and timers around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ledger.chain import JudgedDraft, judge_draft, own_draft
from ledger.client import Acknowledgement, Draft, EntryKind, RawDraft, encode_header
from ledger.disk import LocalDisk
from ledger.errors import LedgerUnavailable
from ledger.fields import Header
from ledger.keys import NotaryKeys
from ledger.log import create_log, open_sequencer
from ledger.pseudonyms import Pseudonyms
from ledger.sequencer import Sequencer
from proxy.record.line import Ledger
from proxy.record.recorder import Recorder

PROXY_ID: Final = "p1"
_SEGMENT_BYTES: Final = 4 << 20
_FREE_BYTES: Final = 400_000_000_000


class UnsyncedDisk(LocalDisk):
    """What is made to be read once need not survive a power cut."""

    def sync(self, handle: int) -> None:
        """Nothing is."""

    def sync_folder(self, folder: str) -> None:
        """Nothing is."""


class _MadeUpDisk(UnsyncedDisk):
    """Of a machine that does not exist: the free space of this one is nobody's business."""

    def free_bytes(self) -> int:
        return _FREE_BYTES


class Pen:
    """The end of one log, in place of a connection to its notary. ``now`` is what time it is
    there, in Unix seconds; whoever writes moves it."""

    def __init__(self, root: Path, keys: NotaryKeys, now: float) -> None:
        """A new log in the new directory ``root``. Raises `LedgerError`."""
        self.now = now
        self.on_failure: Callable[[LedgerUnavailable], None] | None = None
        self._keys = keys
        root.mkdir(mode=0o700)
        self._disk = _MadeUpDisk(root)
        create_log(
            self._disk, keys, PROXY_ID, now_ms=self._now_ms(), segment_bytes=_SEGMENT_BYTES,
            reserve_bytes=0,
        )  # fmt: skip
        self._sequencer = self._open()

    @property
    def size(self) -> int:
        """How many entries there are."""
        return self._sequencer.size

    def submit(self, drafts: Sequence[Draft | RawDraft]) -> asyncio.Future[Acknowledgement]:
        """Contiguous entries, as `NotaryClient.submit` has them; written on return. Raises
        `LedgerError`, and `FormatError` for what a worker may not write."""
        written = asyncio.get_running_loop().create_future()
        written.set_result(self._commit([judge_draft(_raw(each)) for each in drafts]))
        return written

    def heartbeat(self) -> None:
        """That the writer is there."""
        header: Header = {"state": "alive", "free_bytes": self._disk.free_bytes()}
        self._commit([own_draft(EntryKind.HEARTBEAT, header)])

    def restart(self, down_seconds: float) -> None:
        """Stopped, and started again so much later."""
        self._stop()
        self.now += down_seconds
        self._sequencer = self._open()

    def give_up_after(self, seconds_max: float) -> bool:
        """Nothing ever waits."""
        return False

    async def close(self) -> None:
        """Record the stop and publish all."""
        self._stop()

    def _commit(self, drafts: Sequence[JudgedDraft]) -> Acknowledgement:
        (acknowledged,) = self._sequencer.commit([drafts])
        return acknowledged

    def _stop(self) -> None:
        self._sequencer.stop()
        self._disk.unlock()

    def _open(self) -> Sequencer:
        sequencer = open_sequencer(
            self._disk, self._keys, PROXY_ID, clock_ms=self._now_ms, segment_bytes=_SEGMENT_BYTES,
            reserve_bytes=0,
        )  # fmt: skip
        sequencer.start()
        return sequencer

    def _now_ms(self) -> int:
        return int(self.now * 1000)


class _Recorder(Recorder):
    """A worker's, by the clock of the pen: how long a statement took is as made up as the rest."""

    def __init__(self, pen: Pen, pseudonyms: Pseudonyms) -> None:
        super().__init__(pen, pseudonyms)
        self._pen = pen

    def now(self) -> float:
        return self._pen.now


def line_of(pen: Pen, pseudonyms: Pseudonyms) -> Ledger:
    """What a worker has, over this pen. Belongs to the loop that runs."""
    return Ledger(pen, _Recorder(pen, pseudonyms))


def _raw(draft: Draft | RawDraft) -> RawDraft:
    if isinstance(draft, RawDraft):
        return draft
    return RawDraft(encode_header(draft.kind, draft.header), draft.payload)
