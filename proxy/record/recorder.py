"""Entries of all sessions -> the notary: what was recorded in one turn of the event loop is one
batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Final, Protocol

from ledger.client import Acknowledgement, EntryKind, HeaderValue, RawDraft, encode_header
from ledger.errors import LedgerUnavailable
from ledger.pseudonyms import Pseudonyms
from proxy.errors import RecordUnavailable
from proxy.payload import encode_json
from proxy.session.commands import Unit
from proxy.telemetry.metrics import Metrics

_BATCH_DRAFTS_MAX: Final = 1_024
_BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
_FINDINGS_AT_ONCE: Final = 100
# Submitted alone, an outcome would make the next decision wait for a sync that nobody needs.
_OUTCOME_SECONDS_MAX: Final = 0.1


class Notary(Protocol):
    """What the recorder needs of `ledger.client.NotaryClient`."""

    def submit(self, drafts: Sequence[RawDraft]) -> asyncio.Future[Acknowledgement]: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """So many events of a kind between two times, in Unix seconds; `content` is encrypted."""

    rule: str
    observed_count: int
    from_seconds: float
    until_seconds: float
    content: Mapping[str, object]
    severity: str = "notice"
    article: str | None = None
    payload_bytes: int = 0
    """Blanks are added to the payload up to this length, which everybody sees."""


@dataclass(slots=True)
class Item:
    draft: RawDraft
    unit: Unit | None = None
    durable: Callable[[int], None] | None = None


class Recorder:
    """Gathers the entries of all sessions of a worker. Belongs to the loop that made it."""

    def __init__(
        self, notary: Notary, pseudonyms: Pseudonyms, metrics: Metrics | None = None
    ) -> None:
        self.pseudonyms = pseudonyms
        self.metrics = metrics
        self._notary = notary
        self._loop = asyncio.get_running_loop()
        self._batch: list[Item] = []
        self._batch_bytes = 0
        self._flush_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._lag_count = 0

    def now(self) -> float:
        """Seconds, by a clock with finer steps than the milliseconds of uvloop's."""
        return perf_counter()

    def add(self, item: Item) -> None:
        """Take an entry into this turn's batch, or, if nobody waits for it, into the next one."""
        self._batch.append(item)
        self._batch_bytes += len(item.draft.payload or b"")
        if item.unit is not None:
            item.unit.recorded_at_seconds = self.now()
            if not self._flush_due:
                self._flush_due = True
                self._loop.call_soon(self.flush)
        elif self._timer is None:
            self._timer = self._loop.call_later(_OUTCOME_SECONDS_MAX, self._flush_late)
        if len(self._batch) >= _BATCH_DRAFTS_MAX or self._batch_bytes >= _BATCH_BYTES_MAX:
            self.flush()

    def finding(self, finding: Finding) -> None:
        """Take in an entry that sums up what nobody waits for."""
        self.add(Item(_draft(finding)))

    async def findings(self, findings: Sequence[Finding]) -> None:
        """Return when these entries are durable. Raises `RecordUnavailable`."""
        try:
            for number in range(0, len(findings), _FINDINGS_AT_ONCE):
                some = findings[number : number + _FINDINGS_AT_ONCE]
                await self._notary.submit([_draft(finding) for finding in some])
        except LedgerUnavailable as error:
            raise RecordUnavailable(str(error)) from error

    def flush(self) -> None:
        """Submit what was gathered."""
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._flush_due = False
        if not batch:
            return
        future = self._notary.submit([item.draft for item in batch])
        started = self.now()
        self._move_lag(len(batch))
        future.add_done_callback(lambda done: self._settled(batch, started, done))

    def _flush_late(self) -> None:
        self._timer = None
        self.flush()

    def _settled(
        self, batch: list[Item], started: float, done: asyncio.Future[Acknowledgement]
    ) -> None:
        self._move_lag(-len(batch))
        if done.cancelled() or done.exception() is not None:
            # The client of the notary has told the worker; nothing is released any more.
            return
        index = done.result().first_index
        latest: dict[Callable[[int], None], int] = {}
        for item in batch:
            if item.unit is not None and item.durable is not None:
                item.unit.index = index
                latest[item.durable] = item.unit.number
            index += 1
        if self.metrics is not None:
            self.metrics.ledger_committed(self.now() - started)
        for durable, number in latest.items():
            durable(number)

    def _move_lag(self, count: int) -> None:
        self._lag_count += count
        if self.metrics is not None:
            self.metrics.ledger_lag(self._lag_count)


def _draft(finding: Finding) -> RawDraft:
    header: dict[str, HeaderValue] = {
        "rule": finding.rule,
        "severity": finding.severity,
        "observed_count": finding.observed_count,
        "window_from": _utc(finding.from_seconds),
        "window_until": _utc(finding.until_seconds),
    }
    if finding.article is not None:
        header["article"] = finding.article
    payload = encode_json(finding.content).encode().ljust(finding.payload_bytes)
    return RawDraft(encode_header(EntryKind.FINDING, header), payload)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
