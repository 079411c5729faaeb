"""What a part of the load test brings: figures for a table, and what was not as it has to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from tests.bench.comparison import percentile

MIB = 1 << 20
KIB = 1 << 10


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, None where it could not be taken."""

    part: str
    subject: str
    figure: float | None
    unit: str


@dataclass(slots=True)
class Findings:
    """The figures of one part, and one sentence for each promise that did not hold."""

    part: str
    figures: list[Figure] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, subject: str, figure: float | None, unit: str) -> None:
        """Note a figure."""
        self.figures.append(Figure(self.part, subject, figure, unit))

    def add_latencies(self, subject: str, latencies_ms: Sequence[float]) -> None:
        """Note the median and the slowest hundredth."""
        for percent in (50, 99):
            found = percentile(latencies_ms, percent) if latencies_ms else None
            self.add(f"{subject}, p{percent}", found, "ms")

    def expect(self, holds: bool, sentence: str) -> None:
        """``sentence`` says what is wrong where it does not hold."""
        if not holds:
            self.failures.append(f"{self.part}: {sentence}")


def as_json(surroundings: Mapping[str, object], found: Iterable[Findings]) -> dict[str, Any]:
    """Everything, for programs."""
    parts = list(found)
    return {
        "machine": dict(surroundings),
        "figures": [asdict(figure) for part in parts for figure in part.figures],
        "failures": [failure for part in parts for failure in part.failures],
    }


def as_table(found: Iterable[Findings]) -> Table:
    """All figures, for people."""
    table = Table(title="Load", title_justify="left", title_style="bold", header_style="bold")
    for name in ("part", "", "figure", "unit"):
        table.add_column(name, justify="right" if name == "figure" else "left")
    for part in found:
        for one in part.figures:
            table.add_row(one.part, one.subject, _shown(one.figure), one.unit)
        table.add_section()
    return table


def _shown(figure: float | None) -> str:
    if figure is None:
        return "-"
    return f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.2f}"
