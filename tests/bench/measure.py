"""The measurements. Contestants take turns within each round, and rounds are repeated."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.bench import pgbench, workloads
from tests.bench.comparison import Comparison, Latency, Memory, Rewriting
from tests.bench.contestants import USER, Contestant
from tests.bench.pgbench import Protocol
from tests.bench.streaming import megabytes_per_second
from tests.bench.workloads import Workload
from tests.scenarios.service import Site
from tests.world import HOST

PRINCIPAL = "query-desk"
CONNECTING_CLIENTS_COUNT = 8
MEMORY_CONNECTIONS_COUNT = 100
LEDGER_BENCH_SECONDS = 1.5
REWRITING_PROTOCOLS: tuple[Protocol, ...] = ("simple", "prepared")

Tell = Callable[[str], None]
"""Told what is measured next."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds_count: int
    rewriting_rounds_count: int
    seconds: int
    clients: Sequence[int]
    protocols: Sequence[Protocol]


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that has to run while something is measured."""

    contestants: Sequence[Contestant]
    pgbench: Path
    site: Site
    plan: Plan
    tell: Tell

    def statements(self) -> tuple[list[Comparison], list[Latency]]:
        """Every workload by every protocol and number of clients."""
        comparisons, latencies = [], []
        for workload in workloads.WORKLOADS:
            for protocol in self.plan.protocols:
                for clients_count in self.plan.clients:
                    comparison, latency = self._statement(workload, protocol, clients_count)
                    comparisons.append(comparison)
                    latencies += [latency] if latency is not None else []
        return comparisons, latencies

    def _statement(
        self, workload: Workload, protocol: Protocol, clients_count: int
    ) -> tuple[Comparison, Latency | None]:
        samples: dict[str, list[int]] = {one.name: [] for one in self.contestants}

        def run(contestant: Contestant) -> float:
            done = pgbench.run(
                self.pgbench, contestant.conninfo, workload.script, protocol=protocol,
                clients_count=clients_count, seconds=self.plan.seconds,
                latencies=clients_count == 1,
            )  # fmt: skip
            samples[contestant.name] += done.latencies_us
            return done.transactions_per_second

        comparison = self._compare(workload.name, protocol, clients_count, "statements/s", run)
        latency = Latency(workload.name, protocol, samples) if clients_count == 1 else None
        return comparison, latency

    def streams(self) -> list[Comparison]:
        """One large answer at a time."""

        def reader(sql: str) -> Callable[[Contestant], float]:
            return lambda one: megabytes_per_second(HOST, one.port, USER, one.database, sql)

        return [
            self._compare(f"answer of {name}", "simple", 1, "MB/s", reader(sql))
            for name, sql in workloads.STREAMS.items()
        ]

    def connects(self) -> Comparison:
        """Connect, one trivial statement, disconnect."""

        def run(contestant: Contestant) -> float:
            return pgbench.run(
                self.pgbench, contestant.conninfo, workloads.CONNECT, reconnect=True,
                clients_count=CONNECTING_CLIENTS_COUNT, seconds=self.plan.seconds,
            ).transactions_per_second  # fmt: skip

        return self._compare(
            "connect and ask", "simple", CONNECTING_CLIENTS_COUNT, "connects/s", run
        )

    def memory(self) -> list[Memory]:
        """What connections add that have asked by both protocols and wait."""
        return [self._memory(one) for one in self.contestants if one.process is not None]

    def _memory(self, contestant: Contestant) -> Memory:
        self.tell(f"memory, {contestant.name}")
        at_rest_bytes = contestant.memory_bytes()
        with ExitStack() as stack:
            for _ in range(MEMORY_CONNECTIONS_COUNT):
                connection = stack.enter_context(psycopg.connect(contestant.conninfo))
                connection.execute("SELECT role FROM case_person WHERE cp_id = 1")
                connection.execute("SELECT role FROM case_person WHERE cp_id = %s", [1])
                connection.commit()
            with_connections_bytes = contestant.memory_bytes()
        return Memory(
            contestant.name, at_rest_bytes, MEMORY_CONNECTIONS_COUNT, with_connections_bytes
        )

    def rewritings(self) -> list[Rewriting]:
        """The same statements on the server alone, as written and as they are sent on."""
        return [
            rewriting(
                self.pgbench, self.contestants[0].conninfo, workload, as_sent(self.site, workload),
                protocol, self.plan, self.tell,
            )
            for workload in workloads.REWRITTEN
            for protocol in REWRITING_PROTOCOLS
        ]  # fmt: skip

    def _compare(
        self,
        subject: str,
        protocol: str,
        clients_count: int,
        unit: str,
        run: Callable[[Contestant], float],
    ) -> Comparison:
        rounds: dict[str, list[float]] = {one.name: [] for one in self.contestants}
        for number in range(self.plan.rounds_count):
            for contestant in turned(self.contestants, number):
                self.tell(f"{subject}, {protocol}, {clients_count} clients, {contestant.name}")
                rounds[contestant.name].append(run(contestant))
        return Comparison(subject, protocol, clients_count, unit, rounds)


def rewriting(
    binary: Path,
    conninfo: str,
    workload: Workload,
    sent: str,
    protocol: Protocol,
    plan: Plan,
    tell: Tell,
) -> Rewriting:
    """``workload`` as it was written and as ``sent``, one after the other in each round."""
    scripts = (workload.script, workload.as_sent(sent))
    figures: tuple[list[float], list[float]] = ([], [])
    for _ in range(plan.rewriting_rounds_count):
        tell(f"{workload.name}, {protocol}, raw and rewritten")
        for script, times_us in zip(scripts, figures, strict=True):
            done = pgbench.run(binary, conninfo, script, protocol=protocol, seconds=plan.seconds)
            times_us.append(1e6 / done.transactions_per_second)
    return Rewriting(workload.name, protocol, *figures)


def as_sent(site: Site, workload: Workload) -> str:
    """What the site's policy makes of a workload's statement, with ``:id`` in it."""
    sql = workload.sql.replace(":id", "$1").replace(":upto", "$2")
    explained = site.must(
        *("explain", "--config", site.config, "--as", PRINCIPAL, "--json"),
        *("--search-path", "base,public", sql),
    )
    return str(json.loads(explained)["text"]).replace("$1", ":id").replace("$2", ":upto")


def ledger_alone() -> list[dict[str, Any]]:
    """Durable acknowledged entries a second of one notary, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.ledger_bench", "--json"]
    command += ["--seconds", str(LEDGER_BENCH_SECONDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout)["results"])


def turned(contestants: Sequence[Contestant], number: int) -> Iterable[Contestant]:
    """Another one begins in each round, so that no place in the order is always the same one's."""
    start = number % len(contestants)
    return (*contestants[start:], *contestants[:start])
