"""A real log in a temporary directory, small enough to verify after each step. Synthetic data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ledger.chain import JudgedDraft
from ledger.checkpoint import Checkpoint
from ledger.disk import Disk, LocalDisk
from ledger.entry import entry_key_name
from ledger.envelope import Identity
from ledger.fetch import DirectoryLog
from ledger.head import HeadMemory, default_head
from ledger.header import EntryKind, HeaderValue, encode_header
from ledger.keys import NotaryKeys, init_keys
from ledger.log import create_log, open_sequencer
from ledger.note import SigningKey
from ledger.pseudonyms import Pseudonyms
from ledger.sequencer import Sequencer
from ledger.verify import Report, verify_log
from ledger.wire import Acknowledgement, Draft

ORIGIN = "ledger.example/agency1"
PROXY_ID = "p1"
SEGMENT_BYTES = 1 << 20
START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
PAYLOAD = '{"sql":"SELECT 1","subject":"某某（虚构）"}'.encode()


@cache
def identities() -> tuple[Identity, Identity]:
    return Identity.generate("procuratorate"), Identity.generate("escrow")


@cache
def notary_keys(log_seed: bytes = b"l" * 32) -> NotaryKeys:
    """Fixed signing keys, fresh recipients."""
    return NotaryKeys(
        SigningKey(ORIGIN, log_seed),
        SigningKey(entry_key_name(ORIGIN, PROXY_ID), b"e" * 32),
        Pseudonyms(b"p" * 32),
        tuple(identity.recipient for identity in identities()),
    )


def decision_header(number: int = 0) -> dict[str, HeaderValue]:
    return {
        "verdict": "rewrite",
        "rule": "sealed-rows",
        "article": "刑事诉讼法 286",
        "statement_class": "select",
        "principal": "background-check-platform",
        "session": f"s{number}",
        "policy": "0" * 64,
        "statement_hmac": f"{number:032x}",
    }


def decision(number: int = 0, payload: bytes | None = PAYLOAD) -> Draft:
    return Draft(EntryKind.DECISION, decision_header(number), payload)


def judged(number: int = 0, payload: bytes | None = PAYLOAD) -> JudgedDraft:
    line = encode_header(EntryKind.DECISION, decision_header(number))
    return JudgedDraft(EntryKind.DECISION, line, payload)


class Clock:
    """Milliseconds that pass when told to."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class SmallLog:
    """One log; `open` and `close` as often as needed."""

    root: Path
    keys: NotaryKeys = field(default_factory=notary_keys)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.disk = LocalDisk(self.root)
        self.memory = HeadMemory(default_head(self.root), self.root)
        self.sequencer: Sequencer | None = None

    def create(self, predecessor: Checkpoint | None = None) -> SmallLog:
        create_log(
            self.disk,
            self.keys,
            PROXY_ID,
            now_ms=self.clock(),
            predecessor=predecessor,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=0,
        )
        return self

    def prepare(
        self, disk: Disk | None = None, seen: Sequence[Checkpoint] = (), reserve_bytes: int = 0
    ) -> Sequencer:
        """Recovered, and not started."""
        return open_sequencer(
            disk or self.disk,
            self.keys,
            PROXY_ID,
            clock_ms=self.clock,
            seen=seen,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=reserve_bytes,
        )

    def open(
        self, disk: Disk | None = None, seen: Sequence[Checkpoint] = (), reserve_bytes: int = 0
    ) -> SmallLog:
        self.sequencer = self.prepare(disk, seen, reserve_bytes)
        self.sequencer.start()
        return self

    def append(self, count: int, *, batch_count: int = 1) -> list[Acknowledgement]:
        """`count` batches, and their receipts."""
        assert self.sequencer is not None
        batches = [[judged(number)] * batch_count for number in range(count)]
        return self.sequencer.commit(batches)

    def close(self) -> SmallLog:
        """And leave the memory that a notary would have left."""
        if self.sequencer is not None:
            self.sequencer.stop()
            self.disk.unlock()
            self.sequencer = None
            self.memory.remember(self.disk.read("checkpoint"))
        return self

    def verify(self, seen: Iterable[Checkpoint] = ()) -> Report:
        return verify_log(DirectoryLog(self.root), [self.keys.log.verifier], seen=seen)


def log_of(root: Path, count: int) -> SmallLog:
    """A closed log with `count` decisions among its entries."""
    log = SmallLog(root).create().open()
    if count:
        log.append(1, batch_count=count) if count <= 1024 else log.append(count)
    return log.close()


def key_directory(root: Path) -> tuple[Path, NotaryKeys]:
    recipients = [identity.recipient for identity in identities()]
    keys = init_keys(root / "keys", origin=ORIGIN, proxy_id=PROXY_ID, recipients=recipients)
    return root / "keys", keys
