"""Scans for findings: when they are due, one from the databases to the ledger, and what of it is
said outside: that it was done, or that it failed, and nothing of what it found.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from proxy.errors import RecordUnavailable, UpstreamUnavailable
from proxy.policy.law import FindingRule, Law
from proxy.record.findings import (
    Memory,
    Report,
    Result,
    ScanUnderWay,
    one_at_a_time,
    read_memory,
    report,
    write_memory,
)
from proxy.record.recorder import Finding, Recorder
from proxy.settings.service import Scan, Settings
from proxy.telemetry.labels import ScanResult
from proxy.telemetry.metrics import Metrics
from proxy.upstream.connect import Upstream, tls_context
from proxy.upstream.scan import scan_database

FAILED_RULE: Final = "scan-failed"
RETRY_SECONDS: Final = 3_600.0
_CHINA: Final = timezone(timedelta(hours=8))
_AT: Final = "03:00"
_LOOK_AGAIN_SECONDS: Final = 30.0
_NOWHERE: Final = "no-such-relation"
_log = logging.getLogger(__name__)


def memory_file(settings: Settings, scan: Scan) -> Path:
    """Where the last scan is remembered."""
    directory = settings.ledger.directory
    return scan.memory_file or directory.with_name(f"{directory.name}.findings")


def due_seconds(scan: Scan, scanned_at: float | None, now: float) -> float:
    """How long until the next scan, not above zero where one is due or was missed. Times are Unix
    seconds; a last one that lies in the future counts as none."""
    if scanned_at is None or scanned_at > now:
        return 0.0
    if scan.every_hours is not None:
        return scanned_at + scan.every_hours * 3_600 - now
    hour, minute = map(int, (scan.at or _AT).split(":"))
    last = datetime.fromtimestamp(scanned_at, _CHINA)
    then = last.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if then <= last:
        then += timedelta(days=1)
    return then.timestamp() - now


async def scan_once(
    settings: Settings, scan: Scan, law: Law, recorder: Recorder, now: float
) -> list[Report]:
    """Ask, record, remember. What failed says so in its report; it is in the ledger, too.

    Raises `ConfigurationError` where another scan is under way, `RecordUnavailable` where the
    ledger cannot take it.
    """
    file = memory_file(settings, scan)
    with one_at_a_time(file):
        memory = await asyncio.to_thread(read_memory, file)
        results = await _results(settings, scan, law.findings)
        reports = [
            await asyncio.to_thread(report, result, memory, recorder.pseudonyms, now)
            for result in results
        ]
        entries = [entry for each in reports for entry in each.entries]
        failed = [each.result for each in reports if each.result.failed is not None]
        if failed:
            content = {result.name: result.failed for result in failed}
            since = now if memory.scanned_at is None else memory.scanned_at
            entries.append(Finding(FAILED_RULE, 1, since, now, {"failed": content}, "warning"))
        await recorder.findings(entries)
        digests = {each.result.name: each.digests for each in reports}
        # A scan that failed is due again: what is remembered of it is what it did find.
        done = memory.scanned_at if failed else now
        await asyncio.to_thread(write_memory, file, Memory(done, digests))
    return reports


async def _results(settings: Settings, scan: Scan, rules: Sequence[FindingRule]) -> list[Result]:
    """Every rule in every database that has its relations, and in none as a failure."""
    tls = tls_context(Upstream.configured(settings.upstream))
    out: list[Result] = []
    for database in settings.upstream.databases:
        try:
            found = await scan_database(settings.upstream, scan, database, tls, rules)
        except UpstreamUnavailable as error:
            _log.error("a database could not be scanned", exc_info=error)
            out += [Result(rule, database, failed="unavailable") for rule in rules]
            continue
        by_name = {rule.name: rule for rule in rules}
        out += [
            Result(by_name[name], database, each.columns, each.keys, each.count, each.failed)
            for name, each in found.items()
        ]
    looked_for = {result.rule.name for result in out}
    first = settings.upstream.databases[0]
    missing = [rule for rule in rules if rule.name not in looked_for]
    return out + [Result(rule, first, failed=_NOWHERE) for rule in missing]


class Scanner:
    """Scans when it is due, as long as `run` runs. A scan that was missed is due at the start."""

    def __init__(
        self,
        settings: Settings,
        recorder: Recorder,
        metrics: Metrics,
        law: Callable[[], Law],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._recorder = recorder
        self._metrics = metrics
        self._law = law
        self._clock = clock
        self._failed_at: float | None = None

    async def run(self) -> None:
        """Never returns; cancelled in the middle of a scan, that one was not."""
        scan = self._settings.scan
        if scan is None:
            return
        while True:
            if await self._is_due(scan):
                await self._scan(scan)
            # Not until it is due: the clock may be set meanwhile.
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _is_due(self, scan: Scan) -> bool:
        now = self._clock()
        if self._failed_at is not None and self._failed_at <= now < self._failed_at + RETRY_SECONDS:
            return False
        memory = await asyncio.to_thread(read_memory, memory_file(self._settings, scan))
        return due_seconds(scan, memory.scanned_at, now) <= 0

    async def _scan(self, scan: Scan) -> None:
        now = self._clock()
        try:
            reports = await scan_once(self._settings, scan, self._law(), self._recorder, now)
            failed = _told(reports)
        except (ScanUnderWay, RecordUnavailable):
            return  # that one will do; and of the ledger the service has heard
        except Exception as error:  # noqa: BLE001
            # Whatever it is: the next scan must come, and somebody must hear of this one.
            _log.error("the scan for findings failed", exc_info=error)
            failed = True
            content = {"failed": type(error).__name__}
            self._recorder.finding(Finding(FAILED_RULE, 1, now, now, content, "warning"))
        self._failed_at = now if failed else None
        self._metrics.scanned(ScanResult.FAILED if failed else ScanResult.DONE, now)
        if not failed:
            _log.info("the scan for findings is done")


def _told(reports: Sequence[Report]) -> bool:
    """Whether a rule failed; the log is told which, and why."""
    failed = [each.result for each in reports if each.result.failed is not None]
    for result in failed:
        why = {"sqlstate": result.failed, "kind": result.failed, "rule": result.rule.name}
        _log.error("a finding could not be looked for", extra=why)
    return bool(failed)
