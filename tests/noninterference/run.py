"""A number of generated statements, from a seed, through the oracle."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from tests.noninterference.client import Broken
from tests.noninterference.grammar import Grammar
from tests.noninterference.oracle import Finding, Oracle, Verdict, marks_in
from tests.noninterference.roundabout import Roundabout
from tests.noninterference.statement import Instance
from tests.noninterference.tables import Tables
from tests.noninterference.writes import Writes

WRITES_SHARE = 0.15
ROUNDABOUT_SHARE = 0.05
EXTENDED_SHARE = 0.4
LEAKS_KEPT_MAX = 50


class Opened(Protocol):
    """Makes fresh sessions."""

    def __call__(self, *, writes: bool) -> Oracle:
        """To the databases for what writes, or for what does not."""
        ...


@dataclass(slots=True)
class Report:
    """``refused`` by rule; ``leaks`` are differences and marks of sealed rows."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    leaks: list[Finding] = field(default_factory=list)
    shapes_count: int = 0
    leaks_count: int = 0
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
        if is_leak(finding):
            self.leaks_count += 1
            if len(self.leaks) < LEAKS_KEPT_MAX:
                self.leaks.append(finding)

    def add(self, other: Report) -> None:
        """Count another's."""
        self.verdicts += other.verdicts
        self.refused += other.refused
        self.leaks += other.leaks[: LEAKS_KEPT_MAX - len(self.leaks)]
        self.shapes_count += other.shapes_count
        self.leaks_count += other.leaks_count
        self.broken_count += other.broken_count


def is_leak(finding: Finding) -> bool:
    """A difference, or a mark of a sealed row."""
    return finding.verdict is Verdict.DIFFERENT or bool(marks_in(finding))


def shapes(tables: Tables, seed: int, instances_count: int) -> Iterator[list[Instance]]:
    """Without end: statements, each filled in so many ways, so that plans of a shape are reused."""
    chance = random.Random(seed)
    while True:
        statement = _grammar(chance)(random.Random(chance.random()), tables).statement()
        extended = chance.random() < EXTENDED_SHARE
        yield statement.instances(chance, instances_count, extended=extended)


def _grammar(chance: random.Random) -> type[Grammar]:
    number = chance.random()
    if number < WRITES_SHARE:
        return Writes
    return Roundabout if number < WRITES_SHARE + ROUNDABOUT_SHARE else Grammar


def run(
    opened: Opened,
    tables: Tables,
    seed: int,
    count: int,
    progress: Callable[[Report], None] = lambda _: None,
    *,
    instances_count: int = 2,
) -> Report:
    """Compare at least `count` statements; a session that breaks is replaced, and counted.

    ``progress`` is given what was counted since its last call. Of a shape that takes too long no
    further instance is tried.
    """
    total = Report()
    oracles = {writes: opened(writes=writes) for writes in (False, True)}
    for batch in shapes(tables, seed, instances_count):
        report = Report(shapes_count=1)
        writes = batch[0].writes
        try:
            for part in (batch[:1], batch[1:]):
                for finding in oracles[writes].compare(part):
                    report.take(finding)
                if report.verdicts[Verdict.TIMED_OUT]:
                    break
        except Broken:
            report.broken_count += 1
            oracles[writes].close()
            oracles[writes] = opened(writes=writes)
        del report.leaks[1:]  # the others are of the same shape
        progress(report)
        total.add(report)
        if total.statements_count >= count:
            break
    for oracle in oracles.values():
        oracle.close()
    return total
