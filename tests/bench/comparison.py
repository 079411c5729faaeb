"""What was measured, and what follows from it. Pure: figures in, ratios out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

DIRECT = "direct"
PGBOUNCER = "pgbouncer"
FENGCUN = "fengcun"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing measured on every contestant, round by round, more being better.

    ``rounds`` holds one figure a round, in ``unit``, for each contestant; the figures at one
    position were taken one right after the other.
    """

    subject: str
    protocol: str
    clients_count: int
    unit: str
    rounds: Mapping[str, Sequence[float]]

    def median(self, contestant: str) -> float | None:
        """None for a contestant that did not run."""
        figures = self.rounds.get(contestant)
        return median(figures) if figures else None

    def share(self, of: str, contestant: str = FENGCUN) -> float | None:
        """What part of the other's figure the contestant reaches: the median of the rounds' ratios,
        because on a noisy machine neighbours in time are alike and medians of figures are not."""
        ours, theirs = self.rounds.get(contestant), self.rounds.get(of)
        if not ours or not theirs:
            return None
        return median(mine / other for mine, other in zip(ours, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class Latency:
    """Microseconds of single statements, by contestant, one client at a time."""

    subject: str
    protocol: str
    samples_us: Mapping[str, Sequence[int]]

    def percentile_us(self, contestant: str, percent: float) -> float | None:
        """None for a contestant that did not run."""
        samples = self.samples_us.get(contestant)
        return percentile(samples, percent) if samples else None

    def added_us(self, percent: float, contestant: str = FENGCUN) -> float | None:
        """What the contestant puts on top of the database alone."""
        ours = self.percentile_us(contestant, percent)
        base = self.percentile_us(DIRECT, percent)
        return ours - base if ours is not None and base is not None else None


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Time of a statement on the server alone, as the application wrote it and as it is sent.

    ``rule`` says under which policy.
    """

    subject: str
    protocol: str
    raw_us: Sequence[float]
    rewritten_us: Sequence[float]
    rule: str = ""

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios; above 1 the rewritten one is slower."""
        pairs = zip(self.raw_us, self.rewritten_us, strict=True)
        return median(rewritten / raw for raw, rewritten in pairs)


@dataclass(frozen=True, slots=True)
class Memory:
    """Private and shared memory (PSS) of a contestant's processes, and what connections add."""

    contestant: str
    at_rest_bytes: int
    connections_count: int
    with_connections_bytes: int

    @property
    def per_connection_bytes(self) -> int:
        """What one more connection takes."""
        return (self.with_connections_bytes - self.at_rest_bytes) // self.connections_count


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure we hold ourselves to. ``measured`` is None where it could not be taken."""

    text: str
    measured: float | None
    bound: float
    at_least: bool

    @property
    def met(self) -> bool | None:
        """None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def percentile(samples: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of samples in any order."""
    ordered = sorted(samples)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
