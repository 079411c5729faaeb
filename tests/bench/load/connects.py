"""Connections a second: connect, one trivial statement, disconnect, in every way there is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from tests.bench import pgbench, workloads
from tests.bench.__main__ import pgbench_binary
from tests.bench.comparison import FENGCUN, PGBOUNCER, Comparison
from tests.bench.contestants import Contestant, direct, pgbouncer
from tests.bench.load.figures import Findings
from tests.bench.load.stage import SCRAM_USER, Stage
from tests.bench.measure import CONNECTING_CLIENTS_COUNT, Tell, turned

WORKERS = (1, 2)
CHECKED_HERE = (
    'auth = "scram"\n'
    'verifier_query = "SELECT rolpassword FROM pg_authid WHERE rolname = $1 AND NOT rolsuper"'
)


@dataclass(frozen=True, slots=True)
class Way:
    """How clients get in. ``checked_here``: Fengcun asks for the password, not the database."""

    name: str
    sslmode: str
    user: str
    checked_here: bool = False


WAYS = (
    Way("plain", "disable", "desk"),
    Way("TLS", "require", "desk"),
    Way("scram", "disable", SCRAM_USER),
    Way("scram and TLS", "require", SCRAM_USER),
    Way("scram and TLS, checked here", "require", SCRAM_USER, checked_here=True),
)


def run(stage: Stage, rounds_count: int, seconds: int, tell: Tell) -> Findings:
    """Every way, contestants in turns."""
    findings = Findings("connects")
    for way in WAYS:
        compared = _compare(stage, way, rounds_count, seconds, tell)
        for name in compared.rounds:
            findings.add(f"{way.name}: {name}", compared.median(name), compared.unit)
        for workers_count in WORKERS:
            share = compared.share(PGBOUNCER, _named(workers_count))
            findings.add(f"{way.name}: {_named(workers_count)}", share, "of pgbouncer")
    return findings


def _compare(stage: Stage, way: Way, rounds_count: int, seconds: int, tell: Tell) -> Comparison:
    with ExitStack() as stack:
        contestants = [direct(stage.database)]
        bouncer = stack.enter_context(
            pgbouncer(
                stage.database,
                certificate=stage.certificate,
                scram_user=SCRAM_USER if way.user == SCRAM_USER else None,
            )
        )
        contestants += [] if bouncer is None else [bouncer]
        settings = {"login": CHECKED_HERE} if way.checked_here else {}
        for count in WORKERS:
            service = stack.enter_context(stage.serving(workers_count=count, **settings))
            contestants.append(Contestant(_named(count), service.site.port, stage.database.name))
        rounds: dict[str, list[float]] = {one.name: [] for one in contestants}
        ask = _asking(way, seconds)
        for number in range(rounds_count):
            for one in turned(contestants, number):
                tell(f"connects, {way.name}, {one.name}, round {number + 1} of {rounds_count}")
                rounds[one.name].append(ask(one))
    return Comparison(way.name, "simple", CONNECTING_CLIENTS_COUNT, "connects/s", rounds)


def _named(workers_count: int) -> str:
    return FENGCUN if workers_count == 1 else f"{FENGCUN}, {workers_count} workers"


def _asking(way: Way, seconds: int) -> Callable[[Contestant], float]:
    binary = pgbench_binary()

    def ask(one: Contestant) -> float:
        return pgbench.run(
            binary, one.conninfo_for(way.user, way.sslmode), workloads.CONNECT, reconnect=True,
            clients_count=CONNECTING_CLIENTS_COUNT, seconds=seconds,
        ).transactions_per_second  # fmt: skip

    return ask
