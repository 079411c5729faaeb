"""What came out, as tables for people and as one JSON object for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.drivers.suites.outcomes import PARITY_GOAL, Comparison, Difference

UNEXPLAINED = "NOT EXPLAINED"
FLAKY = "not steady"


def passes(comparisons: Sequence[Comparison]) -> bool:
    """Every suite reaches the goal and every difference is explained."""
    return bool(comparisons) and all(
        one.parity >= PARITY_GOAL and not one.unexplained for one in comparisons
    )


def show(comparisons: Sequence[Comparison], console: Console) -> None:
    """One line a suite, then one a difference."""
    table = Table(title="Drivers' own tests, without the proxy and through it")
    for heading in ("driver", "server"):
        table.add_column(heading)
    for heading in ("tests", "direct", "proxy", "lost", "not steady", "parity"):
        table.add_column(heading, justify="right")
    for one in comparisons:
        lost, flaky = (sum(getattr(d, kind) for d in one.differences) for kind in ("lost", "flaky"))
        table.add_row(
            f"{one.suite} {one.version}", one.server, str(one.tests_count), str(one.direct_count),
            str(one.proxy_count), str(lost), str(flaky), f"{one.parity:.2%}",
        )  # fmt: skip
    console.print(table)
    for one in comparisons:
        for difference in one.differences:
            console.print(
                f"{one.suite}, {one.server}: {difference.test}:"
                f" {difference.direct}, {difference.proxy}: {told(difference)}",
                markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip


def told(difference: Difference) -> str:
    """Why a test differs, as far as anybody knows."""
    if difference.reason is not None:
        return difference.reason
    if difference.flaky:
        again = ", ".join(f"{one}/{other}" for one, other in difference.again)
        return f"{FLAKY}: {again}"
    return f"{UNEXPLAINED}: {difference.message}"


def as_json(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Everything in the tables."""
    return {
        "passes": passes(comparisons),
        "suites": [
            {
                "suite": one.suite,
                "version": one.version,
                "server": one.server,
                "tests_count": one.tests_count,
                "direct_count": one.direct_count,
                "proxy_count": one.proxy_count,
                "parity": one.parity,
                "differences": [
                    {
                        "test": d.test,
                        "direct": d.direct,
                        "proxy": d.proxy,
                        "again": [list(pair) for pair in d.again],
                        "flaky": d.flaky,
                        "lost": d.lost,
                        "reason": told(d),
                        "explained": d.reason is not None,
                    }
                    for d in one.differences
                ],
            }
            for one in comparisons
        ],
    }
