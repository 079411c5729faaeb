"""A thousand connections, nine hundred of them idle: what those cost, and whom they slow down."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg

from tests.bench import pgbench
from tests.bench.__main__ import pgbench_binary
from tests.bench.contestants import USER
from tests.bench.load.figures import KIB, Findings
from tests.bench.load.stage import CONNECTIONS_MAX, Memory, Stage, memory_of
from tests.bench.measure import Tell
from tests.bench.pgbench import Protocol
from tests.drivers.raw import RawClient
from tests.scenarios.service import Service
from tests.world import HOST

IDLE_COUNT = 900
BUSY_COUNT = CONNECTIONS_MAX - IDLE_COUNT
OPENERS_COUNT = 8
SETTLES_AFTER_S = 1.0
TOO_MANY = "53300"

MIXED = """\
\\set which random(1, 4)
\\set id random(1, 16000)
\\if :which = 1
SELECT case_id, role, offence_first FROM case_person WHERE cp_id = :id;
\\elif :which = 2
SELECT name, birth_date FROM person WHERE person_id = :id;
\\elif :which = 3
SELECT case_no, cause, label FROM case_file WHERE case_id = :id;
\\else
SELECT p.name, s.penalty_kind FROM case_person cp JOIN person p USING (person_id)
 LEFT JOIN sentence s USING (cp_id) WHERE cp.case_id = :id;
\\endif
"""
"""Look-ups on protected tables, a fourth of each kind."""

PROTOCOLS: tuple[Protocol, ...] = ("simple", "prepared")


def run(stage: Stage, seconds: int, tell: Tell) -> Findings:
    """All of it, with TLS and without."""
    findings = Findings("idle connections")
    for way, sslmode in (("plain", "disable"), ("TLS", "require")):
        with stage.serving() as service:
            _measure(service, way, sslmode, seconds, findings, tell)
    return findings


def _measure(
    service: Service, way: str, sslmode: str, seconds: int, findings: Findings, tell: Tell
) -> None:
    conninfo = service.site.conninfo(USER, sslmode=sslmode)
    with _opened(conninfo, OPENERS_COUNT):
        pass  # what every process does once
    time.sleep(SETTLES_AFTER_S)
    # In this order: memory that busy clients gave back would be taken again unseen.
    before = memory_of(service)
    tell(f"{way}: opening {IDLE_COUNT} connections")
    started = time.perf_counter()
    with _opened(conninfo, IDLE_COUNT) as opening_ms:
        opened_s = time.perf_counter() - started
        time.sleep(SETTLES_AFTER_S)
        _note_memory(findings, way, before, memory_of(service))
        findings.add(f"{way}: opened", IDLE_COUNT / opened_s, "connections/s")
        findings.add_latencies(f"{way}: time to open", opening_ms)
        _try_the_limit(service, way, findings, tell)
        _work(
            conninfo, f"{way}, {BUSY_COUNT} busy beside {IDLE_COUNT} idle", seconds, findings, tell
        )
    _work(conninfo, f"{way}, {BUSY_COUNT} busy alone", seconds, findings, tell)


def _work(conninfo: str, subject: str, seconds: int, findings: Findings, tell: Tell) -> None:
    """A hundred clients that ask all the time. Raises `PgbenchFailed` if one is refused."""
    for protocol in PROTOCOLS:
        named = f"{subject}, {protocol}"
        tell(named)
        done = pgbench.run(
            pgbench_binary(), conninfo, MIXED, protocol=protocol, clients_count=BUSY_COUNT,
            seconds=seconds, latencies=True,
        )  # fmt: skip
        findings.add(named, done.transactions_per_second, "statements/s")
        findings.add_latencies(named, [us / 1000 for us in done.latencies_us])


@contextmanager
def _opened(conninfo: str, count: int) -> Iterator[Sequence[float]]:
    """So many connections that have asked once, by both protocols; how long each took to open."""
    with ExitStack() as stack, ThreadPoolExecutor(OPENERS_COUNT) as openers:

        def open_one(number: int) -> float:
            started = time.perf_counter()
            connection = psycopg.connect(conninfo, autocommit=True)
            took_ms = (time.perf_counter() - started) * 1000
            stack.callback(connection.close)
            connection.execute(f"SELECT role FROM case_person WHERE cp_id = {number}".encode())
            connection.execute("SELECT role FROM case_person WHERE cp_id = %s", [number])
            return took_ms

        yield list(openers.map(open_one, range(count)))


def _note_memory(findings: Findings, way: str, before: Memory, after: Memory) -> None:
    for name in ("rss", "pss", "uss"):
        more = getattr(after, f"{name}_bytes") - getattr(before, f"{name}_bytes")
        findings.add(f"{way}: {name.upper()} of an idle connection", more / IDLE_COUNT / KIB, "KiB")


def _try_the_limit(service: Service, way: str, findings: Findings, tell: Tell) -> None:
    """The other hundred places can be taken, and the next cannot."""
    tell(f"{way}: number {CONNECTIONS_MAX + 1}")
    with ExitStack() as stack:

        def entered() -> str:
            raw = stack.enter_context(RawClient(HOST, service.site.port))
            last = raw.start(user=USER, database=service.site.database.name)[-1]
            return last.fields["C"] if last.tag == "E" else "in"

        answers = [entered() for _ in range(BUSY_COUNT)]
        findings.expect(
            answers == ["in"] * BUSY_COUNT,
            f"{way}: refused below the limit: {sorted(set(answers) - {'in'})}",
        )
        answer = entered()
        findings.expect(
            answer == TOO_MANY, f"{way}: connection {CONNECTIONS_MAX + 1} heard {answer}"
        )
