"""The figures as tables for people and as one JSON object for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.comparison import (
    DIRECT,
    FENGCUN,
    PGBOUNCER,
    Comparison,
    Goal,
    Latency,
    Memory,
    Rewriting,
)
from tests.bench.workloads import OPEN_LOOKUP, SEALED_LOOKUP

CONTESTANTS = (DIRECT, PGBOUNCER, FENGCUN)
PERCENTILES = (50, 99)
OUTSTANDING_COUNT = 512
"""Entries in flight for which the ledger's goal is stated."""


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark."""

    machine: Mapping[str, Any]
    plan: Mapping[str, Any]
    comparisons: Sequence[Comparison]
    latencies: Sequence[Latency]
    memory: Sequence[Memory]
    rewritings: Sequence[Rewriting]
    ledger_alone: Sequence[Mapping[str, Any]]
    ledger: Mapping[str, Any]

    def goals(self) -> list[Goal]:
        """What we hold ourselves to, beside what came out."""
        lookups = [c.share(PGBOUNCER) for c in self.comparisons if c.subject == OPEN_LOOKUP.name]
        streams = [c.share(PGBOUNCER) for c in self.comparisons if c.unit == "MB/s"]
        added_us = [one.added_us(50) for one in self.latencies if one.protocol == "prepared"]
        keyed = [
            one.ratio
            for one in self.rewritings
            if one.subject == SEALED_LOOKUP.name and one.protocol == "prepared"
        ]
        alone = [
            float(row["acknowledged_per_second"])
            for row in self.ledger_alone
            if row["outstanding_count"] == OUTSTANDING_COUNT
        ]
        slowest_us = max(_known(added_us), default=None)
        return [
            Goal("look-ups: share of pgbouncer", _middle(lookups), 0.8, at_least=True),
            Goal("large answers: share of pgbouncer", _middle(streams), 0.9, at_least=True),
            Goal(
                "added to one prepared statement at p50, ms",
                None if slowest_us is None else slowest_us / 1000,
                1.0,
                at_least=False,
            ),
            Goal("look-up by key, rewritten by raw", _middle(keyed), 1.5, at_least=False),
            Goal(
                f"ledger alone: durable entries/s, {OUTSTANDING_COUNT} outstanding",
                max(alone, default=None),
                20_000,
                at_least=True,
            ),
        ]

    def as_json(self) -> dict[str, Any]:
        """Everything, with the ratios that follow from it."""
        return {
            "machine": dict(self.machine),
            "plan": dict(self.plan),
            "comparisons": [
                {
                    **asdict(one),
                    "medians": {name: one.median(name) for name in CONTESTANTS},
                    "share_of_direct": one.share(DIRECT),
                    "share_of_pgbouncer": one.share(PGBOUNCER),
                }
                for one in self.comparisons
            ],
            "latencies": [_latency_as_json(one) for one in self.latencies],
            "memory": [
                {**asdict(one), "per_connection_bytes": one.per_connection_bytes}
                for one in self.memory
            ],
            "rewritings": [{**asdict(one), "ratio": one.ratio} for one in self.rewritings],
            "ledger_alone": list(self.ledger_alone),
            "ledger": dict(self.ledger),
            "goals": [{**asdict(goal), "met": goal.met} for goal in self.goals()],
        }

    def print(self, console: Console) -> None:
        """All tables."""
        for line in self._heading():
            console.print(line, highlight=False)
        console.print(self._comparisons_table())
        console.print(self._latencies_table())
        console.print(self._others_table())
        console.print(self._goals_table())

    def _heading(self) -> Iterable[str]:
        machine, ledger = self.machine, self.ledger
        yield (
            f"{machine['processor']}, {machine['cores_count']} cores, {machine['kernel']};"
            f" Python {machine['python']}, PostgreSQL {machine['postgres']},"
            f" pgbouncer {machine['pgbouncer'] or 'not installed: apt install pgbouncer'}"
            " (session pooling)"
        )
        yield (
            f"Fengcun records each statement on {machine['ledger_filesystem']}, synced:"
            f" {ledger['entries_count']:,} entries, all verified"
        )
        if not machine["quiet"]:
            yield (
                f"[yellow]The machine was {machine['busy_percent_before']:.0f} % busy with other"
                " work before the run: trust the ratios, not the figures.[/yellow]"
            )

    def _comparisons_table(self) -> Table:
        table = _table("Throughput, medians", "", "protocol", "clients", "unit", *CONTESTANTS,
                       "of direct", "of pgbouncer")  # fmt: skip
        for one in self.comparisons:
            table.add_row(
                one.subject, one.protocol, str(one.clients_count), one.unit,
                *(_figure(one.median(name)) for name in CONTESTANTS),
                _ratio(one.share(DIRECT)), _ratio(one.share(PGBOUNCER)),
            )  # fmt: skip
        return table

    def _latencies_table(self) -> Table:
        columns = [f"{name} p{percent}" for percent in PERCENTILES for name in CONTESTANTS]
        added = [f"added p{percent}" for percent in PERCENTILES]
        table = _table("One client, milliseconds", "", "protocol", *columns, *added)
        for one in self.latencies:
            found = [one.percentile_us(name, p) for p in PERCENTILES for name in CONTESTANTS]
            more = [one.added_us(percent) for percent in PERCENTILES]
            table.add_row(one.subject, one.protocol, *map(_milliseconds, [*found, *more]))
        return table

    def _others_table(self) -> Table:
        table = _table("Rewriting, memory, ledger", "", "protocol", "figure", "unit")
        for rewriting in self.rewritings:
            table.add_row(
                f"rewritten by raw, on the server: {rewriting.subject}", rewriting.protocol,
                _ratio(rewriting.ratio), "times the raw one",
            )  # fmt: skip
        for memory in self.memory:
            table.add_row(f"memory of {memory.contestant} at rest", "",
                          _figure(memory.at_rest_bytes / 2**20), "MiB")  # fmt: skip
            table.add_row(f"memory of {memory.contestant}, one more connection", "",
                          _figure(memory.per_connection_bytes / 2**10), "KiB")  # fmt: skip
        for row in self.ledger_alone:
            table.add_row(
                f"ledger alone, {row['outstanding_count']} outstanding by {row['batch_count']}", "",
                _figure(row["acknowledged_per_second"]),
                f"durable entries/s, p50 {row['p50_ms']} ms",
            )  # fmt: skip
        return table

    def _goals_table(self) -> Table:
        table = _table("Goals", "", "goal", "measured", "")
        for goal in self.goals():
            bound = f"{'at least' if goal.at_least else 'at most'} {_figure(goal.bound)}"
            table.add_row(goal.text, bound, _figure(goal.measured), _MET[goal.met])
        return table


def rewritings_table(rewritings: Sequence[Rewriting]) -> Table:
    """Microseconds, medians, and the median of the rounds' ratios."""
    table = _table("Rewritten by raw, on the server", "", "protocol", "rule", "raw µs",
                   "rewritten µs", "ratio")  # fmt: skip
    for one in rewritings:
        table.add_row(
            one.subject, one.protocol, one.rule, _figure(median(one.raw_us)),
            _figure(median(one.rewritten_us)), _ratio(one.ratio),
        )  # fmt: skip
    return table


_MET = {True: "[green]met[/green]", False: "[red]missed[/red]", None: "not measured"}


def _latency_as_json(one: Latency) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "protocol": one.protocol,
        "samples_count": {name: len(samples) for name, samples in one.samples_us.items()},
        **{
            f"p{percent}_us": {name: one.percentile_us(name, percent) for name in CONTESTANTS}
            for percent in PERCENTILES
        },
        **{f"added_p{percent}_us": one.added_us(percent) for percent in PERCENTILES},
    }


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    table.add_column(first)
    for column in columns:
        words = column in ("protocol", "unit", "")
        table.add_column(column, justify="left" if words else "right")
    return table


def _known(figures: Iterable[float | None]) -> list[float]:
    return [figure for figure in figures if figure is not None]


def _middle(figures: Iterable[float | None]) -> float | None:
    known = _known(figures)
    return median(known) if known else None


def _figure(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def _milliseconds(figure_us: float | None) -> str:
    return "-" if figure_us is None else f"{figure_us / 1000:.2f}"
