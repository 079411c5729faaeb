"""An hour in miniature: tens of real clients whose answers are known, and things that go wrong.

Every answer is right, or the connection has ended. What was acknowledged is there, and in the
ledger. In the end nothing is left of anybody.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.bench.load.figures import MIB, Findings
from tests.bench.load.soak.asyncpg_client import AsyncpgClient
from tests.bench.load.soak.book import Book, Wrong, is_lost
from tests.bench.load.soak.census import Census, taken
from tests.bench.load.soak.chaos import Chaos
from tests.bench.load.soak.ledger_of import recorded_marks
from tests.bench.load.soak.psql_client import PsqlClient
from tests.bench.load.soak.psycopg_client import PsycopgClient
from tests.bench.load.soak.rebirth import Rebirth
from tests.bench.load.soak.truth import Truth
from tests.bench.load.stage import serving_processes
from tests.bench.measure import Tell
from tests.scenarios.service import Site
from tests.scenarios.workers import health, metric
from tests.world import Database, PostgresWorld

CALM_S = 3.0
STEP_MAX_S = 150.0
AGAIN_AFTER_S = 1.0
GROWTH_FROM = 0.2
GROWTH_MIB_MAX = 64.0
GONE_AFTER_MAX_S = 30.0
ORPHANS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'soak-%'"
WORKERS_COUNT = 2


@dataclass(frozen=True, slots=True)
class Amount:
    """How long, and by how many. ``pause_s``: each client rests so long at most between steps."""

    seconds: float
    psycopg_count: int = 14
    asyncpg_count: int = 14
    psql_count: int = 2
    pause_s: float = 0.12


class Soak:
    """One run."""

    def __init__(self, site: Site, truth: Truth, amount: Amount, seed: int) -> None:
        self._amount = amount
        self._over = threading.Event()
        counts = (amount.psycopg_count, amount.asyncpg_count, amount.psql_count)
        self.books = [Book(n, site, truth, seed) for n in range(1, 1 + sum(counts))]
        first, second = counts[0], counts[0] + counts[1]
        self._psycopg = self.books[:first]
        self._asyncpg = self.books[first:second]
        self._psql = self.books[second:]
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """All clients."""
        for book in self._psycopg:
            self._spawn(self._run, book, PsycopgClient(book))
        for book in self._psql:
            self._spawn(self._run, book, PsqlClient(book))
        self._spawn(lambda: asyncio.run(self._run_all()))

    def end(self) -> list[str]:
        """Wait for them; whoever does not come to an end hangs."""
        self._over.set()
        deadline = time.monotonic() + STEP_MAX_S
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        hung = sum(thread.is_alive() for thread in self._threads)
        return [f"{hung} clients wait for an answer that does not come"] if hung else []

    def _spawn(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self, book: Book, client: PsycopgClient | PsqlClient) -> None:
        while not self._over.is_set():
            try:
                client.step()
                self._over.wait(book.random.uniform(0, self._amount.pause_s))
            except Exception as error:  # noqa: BLE001 - what it was is looked at
                client.drop()
                _note(book, error)
                self._over.wait(AGAIN_AFTER_S)
        client.drop()
        _settle(book)

    async def _run_all(self) -> None:
        await asyncio.gather(*map(self._run_async, self._asyncpg))

    async def _run_async(self, book: Book) -> None:
        client, loop = AsyncpgClient(book), asyncio.get_running_loop()
        while not self._over.is_set():
            patience = asyncio.timeout(STEP_MAX_S)
            try:
                async with patience:
                    await client.step()
                await asyncio.sleep(book.random.uniform(0, self._amount.pause_s))
            except Exception as error:  # noqa: BLE001 - what it was is looked at
                client.drop()
                hangs = Wrong(f"{book.name}: no answer for {STEP_MAX_S} s")
                found = hangs if patience.expired() else error
                await loop.run_in_executor(None, _note, book, found)
                await asyncio.sleep(AGAIN_AFTER_S)
        client.drop()
        await loop.run_in_executor(None, _settle, book)


def _note(book: Book, error: BaseException) -> None:
    if is_lost(error):
        book.told.lost_count += 1
    else:
        what = str(error) if isinstance(error, Wrong) else f"{book.name}: {error!r}"
        book.told.wrong.append(what[:500])
    _settle(book)


def _settle(book: Book) -> None:
    try:
        book.settle()
    except Wrong as error:
        book.told.wrong.append(str(error))


def soak(
    world: PostgresWorld,
    database: Database,
    site: Site,
    truth: Truth,
    amount: Amount,
    *,
    seed: int,
    tell: Tell,
) -> Findings:
    """A whole run on a site that is installed and not started."""
    findings = Findings("soak")
    running = Soak(site, truth, amount, seed)
    with Rebirth(site) as service:
        chaos = Chaos(world, service, Random(seed))
        chaos.until_well("the start")
        with taken(lambda: serving_processes(service.service)) as census:
            running.begin()
            _go_wrong(chaos, amount.seconds, findings, tell)
            _grow(census, findings)
            for failure in running.end():
                findings.expect(False, failure)
        _leave_nothing(service, database, findings)
        code = _stopped(service)
        findings.expect(code == 0, f"the service ended with {code}")
    _sum_up(running, chaos, findings)
    _look_into_the_ledger(running, site, findings, tell)
    return findings


def _go_wrong(chaos: Chaos, seconds: float, findings: Findings, tell: Tell) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        done = sum(chaos.counts.values())
        tell(f"soaking: {left:.0f} s left, {done} things went wrong, the last: {_last(chaos)}")
        time.sleep(min(CALM_S, left))
        try:
            chaos.next(gentle=left > seconds / 2)
        except AssertionError as error:
            findings.expect(False, str(error))
            return


def _last(chaos: Chaos) -> str:
    return next(reversed(chaos.counts), "none")


def _grow(census: Census, findings: Findings) -> None:
    grown = census.growth_bytes(GROWTH_FROM)
    if grown is not None:
        grown_bytes, seconds = grown
        findings.add(f"growth of the oldest worker in {seconds:.0f} s", grown_bytes / MIB, "MiB")
        findings.expect(grown_bytes < GROWTH_MIB_MAX * MIB, "a worker grows all the time")


def _leave_nothing(service: Rebirth, database: Database, findings: Findings) -> None:
    """When everybody has gone: no session, no connection, no handle, and health and metrics that
    say so."""
    site, code = service.site, service.process.poll()
    if code is not None:
        findings.expect(False, f"the service has ended by itself, with {code}")
        return
    deadline = time.monotonic() + GONE_AFTER_MAX_S
    while True:
        ((orphans_count,),) = database.run(ORPHANS)
        open_count = metric(site, "fengcun_connections{")
        lag_count = metric(site, "fengcun_ledger_lag_entries")
        if not orphans_count and not open_count and not lag_count:
            break
        if time.monotonic() > deadline:
            left = f"{orphans_count} sessions, {open_count} connections and {lag_count} entries"
            findings.expect(False, f"{left} are left")
            break
        time.sleep(0.2)
    findings.expect(health(site)[0] == 200, "the service is not well in the end")
    before = _handles_count(service)
    clients = [site.connect(application_name="soak-last") for _ in range(10)]
    served = metric(site, 'fengcun_connections{state="served"}')
    findings.expect(served == len(clients), f"{served} of {len(clients)} connections are counted")
    for client in clients:
        client.close()
    deadline = time.monotonic() + GONE_AFTER_MAX_S
    while _handles_count(service) > before and time.monotonic() < deadline:
        time.sleep(0.2)
    after = _handles_count(service)
    findings.expect(after <= before, f"{after - before} handles more than before")
    findings.add("handles open in the end", after, "in all workers")


def _handles_count(service: Rebirth) -> int:
    return sum(process.num_fds() for process in serving_processes(service.service))


def _stopped(service: Rebirth) -> int:
    service.process.send_signal(signal.SIGTERM)
    return service.process.wait(120)


def _sum_up(running: Soak, chaos: Chaos, findings: Findings) -> None:
    kinds: dict[str, int] = {}
    for book in running.books:
        for kind, count in book.told.answers.items():
            kinds[kind] = kinds.get(kind, 0) + count
        findings.failures.extend(f"soak: {wrong}" for wrong in book.told.wrong)
    findings.add("right answers", sum(kinds.values()), "answers")
    findings.add("wrong answers", sum(len(b.told.wrong) for b in running.books), "answers")
    findings.add("connections lost", sum(b.told.lost_count for b in running.books), "connections")
    for kind in sorted(kinds):
        findings.add(f"answers: {kind}", kinds[kind], "answers")
    for name in sorted(chaos.counts):
        findings.add(f"what went wrong: {name}", chaos.counts[name], "times")


def _look_into_the_ledger(running: Soak, site: Site, findings: Findings, tell: Tell) -> None:
    tell("verifying the ledger")
    report = site.verify()
    findings.add("entries verified", report["size"], "entries")
    tell("looking for every answered statement in the ledger")
    answered = {mark: kind for book in running.books for mark, kind in book.told.marks.items()}
    missing = answered.keys() - recorded_marks(site)
    findings.add("answered statements looked for", len(answered), "statements")
    kinds = sorted({answered[mark] for mark in missing})
    findings.expect(
        not missing, f"{len(missing)} answered statements are not in the ledger: {kinds}"
    )
