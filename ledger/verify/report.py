"""What can be wrong with a log, and what a log holds in which nothing is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ledger.checkpoint import Checkpoint
from ledger.erasure import Payloads
from ledger.errors import LedgerError
from ledger.note import VerifierKey


class Fault(StrEnum):
    """What is wrong with the entry that is named."""

    ALTERED = "altered"
    MISPLACED = "misplaced"
    UNLINKED = "unlinked"
    MISSING = "missing"
    GENESIS = "genesis"
    EPOCH = "epoch"
    PAYLOAD = "payload"
    PAYLOAD_GONE = "payload-gone"
    TILE = "tile"
    ROOT = "root"
    CHECKPOINT = "checkpoint"
    WAL = "write-ahead-log"
    FORK = "fork"
    ROLLBACK = "rollback"
    KEY = "key"
    RETIRED = "retired-key"
    FROZEN = "frozen"
    PREDECESSOR = "predecessor"


class LogInvalid(LedgerError):
    """The log is not what was signed. `index` is the first bad entry, None where it has none."""

    def __init__(self, fault: Fault, index: int | None, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.index = index
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Ended:
    """The log was frozen by its last entry; `successor` is the origin of the one that goes on."""

    index: int
    successor: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What a verified log holds."""

    origin: str
    size: int  # durable entries, of which
    published_size: int  # are covered by `checkpoint`
    root: bytes  # of all `size` entries
    signatures_checked: bool  # those of the entries; the checkpoint's always is
    kinds: Mapping[str, int]
    payloads_present_count: int
    payloads_absent_count: int  # not in this copy
    payloads_erased_count: int  # by order, and gone
    erasures_unfinished_count: int  # recorded, and still here
    torn_bytes: int  # of a frame that was never acknowledged
    first_time: str
    last_time: str
    log_keys: tuple[VerifierKey, ...] = ()  # that sign its checkpoints now
    succeeded: tuple[tuple[VerifierKey, int], ...] = ()
    """Earlier log keys, and the entry that announced the next."""
    not_given: tuple[VerifierKey, ...] = ()  # of all these, known by the log's own word alone
    unknown: tuple[VerifierKey, ...] = ()  # given for this log, which does not name them (yet)
    predecessor: Checkpoint | None = None  # the last of the log that this one continues
    ended: Ended | None = None
    erased_earlier: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """By origin, the entries of earlier logs whose payloads this one says were erased by order."""


@dataclass(slots=True)
class Tally:
    """What was counted on the way."""

    kinds: Counter[str] = field(default_factory=Counter)
    payloads: Payloads = field(default_factory=Payloads)
    first_time: str = ""
    last_time: str = ""

    def count(self, kind: str, time: str) -> None:
        self.kinds[kind] += 1
        self.first_time, self.last_time = self.first_time or time, time

    def add(self, later: Tally) -> None:
        """`later` was counted over the entries that follow."""
        self.kinds.update(later.kinds)
        self.payloads.merge(later.payloads)
        self.first_time = self.first_time or later.first_time
        self.last_time = later.last_time or self.last_time
