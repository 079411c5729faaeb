"""Millions of rows between a side that is fast and one that is slow: what the proxy holds of them,
and what others notice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial

from tests.bench.contestants import USER
from tests.bench.load.figures import MIB, Findings
from tests.bench.load.reader import FastWriter, SlowReader
from tests.bench.load.stage import Stage
from tests.bench.load.watching import timed_lookups, watched_memory
from tests.bench.measure import Tell
from tests.drivers.raw import RawClient
from tests.scenarios.service import Service
from tests.world import HOST, Database

ROWS_COUNT = 5_000_000
ROW = b"1\t" + b"x" * 90 + b"\n"
# A session may hold a few MiB each way, and memory is not given back at once.
HELD_MIB_MAX = 32.0
SLOW_BYTES_PER_SECOND = 5e6
READS_S = 5.0
PAUSES_S = 10.0
BASELINE_S = 5.0
GONE_AFTER_MAX_S = 30.0
LOOK_AGAIN_S = 0.1

VISIBLE_CASES = "(SELECT cp_id FROM case_person ORDER BY cp_id LIMIT 2500) AS c"
ANSWERS = {
    "SELECT, nothing protected": ("SELECT g, repeat('x', 90) FROM generate_series(1, {rows}) AS g"),
    "SELECT, protected": (
        f"SELECT c.cp_id, repeat('x', 90) FROM {VISIBLE_CASES},"
        " generate_series(1, {rows} / 2500) AS g"
    ),
    "COPY TO, nothing protected": (
        "COPY (SELECT g, repeat('x', 90) FROM generate_series(1, {rows}) AS g) TO STDOUT"
    ),
    "COPY TO, protected": (
        f"COPY (SELECT c.cp_id, repeat('x', 90) FROM {VISIBLE_CASES},"
        " generate_series(1, {rows} / 2500) AS g) TO STDOUT"
    ),
}


def run(stage: Stage, rows_count: int, tell: Tell) -> Findings:
    """All of it, on one worker."""
    findings = Findings("slow sides")
    with stage.serving() as service:
        tell("look-ups alone")
        with timed_lookups(service) as alone_ms:
            time.sleep(BASELINE_S)
        findings.add_latencies("look-ups alone", alone_ms)
        for subject, sql in ANSWERS.items():
            tell(f"{subject} to a slow reader")
            _read_slowly(service, subject, sql.format(rows=rows_count), findings)
        subject, sql = "SELECT, protected, by TLS", ANSWERS["SELECT, protected"]
        tell(f"{subject} to a slow reader")
        _read_slowly(service, subject, sql.format(rows=rows_count), findings, tls=True)
        for subject, slowed in (("locked table", _locked), ("stopped server", _stopped)):
            tell(f"COPY FROM into a {subject}")
            _write_fast(service, f"COPY FROM, {subject}", rows_count, slowed, findings)
        tell("a reader who never comes back")
        _never_read(service, ANSWERS["SELECT, protected"].format(rows=rows_count), findings)
    return findings


def _read_slowly(
    service: Service, subject: str, sql: str, findings: Findings, *, tls: bool = False
) -> None:
    database = service.site.database
    with watched_memory(service) as peak, timed_lookups(service) as beside_ms:
        reader = SlowReader(HOST, service.site.port, USER, database.name, sql, tls=tls)
        with closing(reader):
            reader.read(seconds=READS_S, bytes_per_second=SLOW_BYTES_PER_SECOND)
            time.sleep(PAUSES_S / 2)
            waits = _waits(database, "ClientWrite")
            time.sleep(PAUSES_S / 2)
            paused_ms = list(beside_ms)
            started, already_bytes = time.perf_counter(), reader.read_bytes
            reader.drain()
            drained_bytes_s = (reader.read_bytes - already_bytes) / (time.perf_counter() - started)
    findings.add(f"{subject}: answer", reader.read_bytes / MIB, "MiB")
    findings.add(f"{subject}: more memory at most", peak.more_bytes / MIB, "MiB")
    findings.add(f"{subject}: drained at", drained_bytes_s / MIB, "MiB/s")
    findings.add_latencies(f"{subject}: look-ups while it reads slowly and pauses", paused_ms)
    findings.add_latencies(f"{subject}: look-ups while it drains", beside_ms[len(paused_ms) :])
    findings.expect(waits, f"{subject}: the database did not wait for the reader")
    _expect_little(subject, peak.more_bytes, findings)


def _write_fast(
    service: Service,
    subject: str,
    rows_count: int,
    slowed: Callable[[Database], None],
    findings: Findings,
) -> None:
    site, database = service.site, service.site.database
    with (
        watched_memory(service) as peak,
        timed_lookups(service) as beside_ms,
        RawClient(HOST, site.port) as raw,
    ):
        raw.start(user=USER, database=database.name)
        slowing = threading.Thread(target=slowed, args=(database,))
        slowing.start()
        started = time.perf_counter()
        tag = FastWriter(raw).copy("public.copied", rows_count, ROW)
        took_s = time.perf_counter() - started
        slowing.join()
    ((arrived_count,),) = database.run("SELECT count(*) FROM public.copied")
    database.run("TRUNCATE public.copied")
    findings.add(f"{subject}: rows", arrived_count, "rows")
    findings.add(f"{subject}: whole", rows_count * len(ROW) / MIB / took_s, "MiB/s")
    findings.add(f"{subject}: more memory at most", peak.more_bytes / MIB, "MiB")
    findings.add_latencies(f"{subject}: look-ups meanwhile", beside_ms)
    whole = tag == f"COPY {rows_count}" and arrived_count == rows_count
    findings.expect(whole, f"{subject}: ended with {tag} and {arrived_count} rows")
    _expect_little(subject, peak.more_bytes, findings)


def _locked(database: Database) -> None:
    """Nobody writes into the table for ten seconds."""
    with database.connect() as connection, connection.transaction():
        connection.execute("LOCK TABLE public.copied IN ACCESS EXCLUSIVE MODE")
        time.sleep(PAUSES_S)


def _stopped(database: Database) -> None:
    """The process that takes the rows stands still for ten seconds."""
    copying = "SELECT pid FROM pg_stat_progress_copy"
    _until(lambda: bool(database.run(copying)))
    ((process_id,),) = database.run(copying)
    os.kill(process_id, signal.SIGSTOP)
    time.sleep(PAUSES_S)
    os.kill(process_id, signal.SIGCONT)


def _never_read(service: Service, sql: str, findings: Findings) -> None:
    """It holds little, goes when its client goes, and does not keep the service from stopping."""
    subject, site = "never read", service.site
    database = site.database
    open_reader = partial(SlowReader, HOST, site.port, USER, database.name, sql)
    with watched_memory(service) as peak, timed_lookups(service) as beside_ms:
        readers = [open_reader() for _ in range(8)]
        _until(lambda: _waiting_count(database, "ClientWrite") == len(readers))
        time.sleep(BASELINE_S)
    findings.add(f"{subject}, {len(readers)} readers: more memory", peak.more_bytes / MIB, "MiB")
    findings.add_latencies(f"{subject}: look-ups meanwhile", beside_ms)
    _expect_little(subject, peak.more_bytes / len(readers), findings)
    last, *others = readers
    for reader in others:
        reader.reset()
    started = time.perf_counter()
    with suppress(TimeoutError):
        _until(lambda: _waiting_count(database, "ClientWrite") == 1)
    left = _waiting_count(database, "ClientWrite") - 1
    findings.expect(left == 0, f"{subject}: {left} sessions are left where clients have gone")
    findings.add(f"{subject}: gone after", time.perf_counter() - started, "s")
    started = time.perf_counter()
    code = service.stop()
    findings.add(f"{subject}: service stops after", time.perf_counter() - started, "s")
    findings.expect(code == 0, f"{subject}: the service ended with {code}")
    last.close()


def _expect_little(subject: str, more_bytes: float, findings: Findings) -> None:
    held = f"{subject}: {more_bytes / MIB:.0f} MiB more than before"
    findings.expect(more_bytes <= HELD_MIB_MAX * MIB, held)


def _waits(database: Database, event: str) -> bool:
    return _waiting_count(database, event) > 0


def _waiting_count(database: Database, event: str) -> int:
    sql = f"SELECT count(*) FROM pg_stat_activity WHERE wait_event = '{event}'"
    ((count,),) = database.run(sql)
    return int(count)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GONE_AFTER_MAX_S
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(LOOK_AGAIN_S)
