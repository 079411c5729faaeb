"""A number of generated statements, from a seed, through the oracle."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.noninterference.client import Broken
from tests.noninterference.grammar import Grammar
from tests.noninterference.oracle import Finding, Verdict, marks_in
from tests.noninterference.statement import Instance
from tests.noninterference.tables import Tables
from tests.noninterference.worlds import Worlds
from tests.noninterference.writes import Writes

BATCH = 16
WRITES_SHARE = 0.15
EXTENDED_SHARE = 0.4
INSTANCES_OF_ONE = 2


@dataclass(slots=True)
class Report:
    """``refused`` by rule; ``leaks`` are differences and marks of sealed rows."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    leaks: list[Finding] = field(default_factory=list)
    broken_count: int = 0

    @property
    def statements_count(self) -> int:
        """How many were compared."""
        return self.verdicts.total()

    @property
    def admitted_share(self) -> float:
        """Of the statements that the server itself accepts."""
        accepted = self.verdicts[Verdict.EQUAL] + self.verdicts[Verdict.BY_PLAN]
        refused = sum(self.refused.values())
        return accepted / max(1, accepted + refused)

    def take(self, finding: Finding) -> None:
        """Count one. A statement that the server rejects as well is no loss if refused."""
        self.verdicts[finding.verdict] += 1
        if finding.verdict is Verdict.REFUSED and not finding.theirs.sqlstate:
            self.refused[finding.rule] += 1
        if finding.verdict is Verdict.DIFFERENT or marks_in(finding):
            self.leaks.append(finding)


def instances(tables: Tables, seed: int) -> list[Instance]:
    """A statement, and a few ways to fill it, so that plans of a shape are used again."""
    chance = random.Random(seed)
    kind = Writes if chance.random() < WRITES_SHARE else Grammar
    statement = kind(chance, tables).statement()
    extended = chance.random() < EXTENDED_SHARE
    return [statement.instance(chance, extended=extended) for _ in range(INSTANCES_OF_ONE)]


def run(
    worlds: Worlds,
    seed: int,
    count: int,
    progress: Callable[[Report], None] = lambda _: None,
    *,
    sabotaged: bool = False,
) -> Report:
    """Compare at least `count` statements; a session that breaks is replaced, and counted."""
    report = Report()
    oracle = worlds.oracle(sabotaged=sabotaged)
    number = 0
    while report.statements_count < count:
        batch: list[Instance] = []
        while len(batch) < BATCH:
            batch += instances(worlds.tables, seed * 1_000_003 + number)
            number += 1
        try:
            for finding in oracle.compare(batch):
                report.take(finding)
        except Broken:
            report.broken_count += 1
            oracle.close()
            oracle = worlds.oracle(sabotaged=sabotaged)
        progress(report)
    oracle.close()
    return report
