"""What came of each test on both sides, and where that differs. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from xml.etree import ElementTree

PARITY_GOAL = 0.995


class Outcome(StrEnum):
    """Of one test; a test that is not in the report at all is ``MISSING``."""

    PASSED = "passed"
    SKIPPED = "skipped"
    FAILED = "failed"
    MISSING = "missing"


Outcomes = Mapping[str, Outcome]
"""pytest's name of a test -> what came of it."""

_WORST_FIRST = (Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED)


def read_report(xml: str) -> tuple[Outcomes, Mapping[str, str]]:
    """A JUnit report in pytest's family ``xunit1``: the outcomes, and the first line of what each
    failed test said. A test named twice, as one that fails in its own end is, counts as its worst.
    """
    outcomes: dict[str, Outcome] = {}
    messages: dict[str, str] = {}
    for case in ElementTree.fromstring(xml).iter("testcase"):
        name = _node(case)
        bad = [mark for mark in case if mark.tag in {"failure", "error"}]
        skipped = case.find("skipped") is not None
        outcome = Outcome.FAILED if bad else Outcome.SKIPPED if skipped else Outcome.PASSED
        outcomes[name] = min(outcome, outcomes.get(name, outcome), key=_WORST_FIRST.index)
        if bad:
            messages[name] = next(iter((bad[0].get("message") or "").splitlines()), "")
    return outcomes, messages


def _node(case: ElementTree.Element) -> str:
    """``tests/test_a.py::TestB::test_c`` of a case's file, class and name."""
    file, name = case.get("file", ""), case.get("name", "")
    module = re.sub(r"\.py$", "", file).replace("/", ".")
    classes = (case.get("classname") or "").removeprefix(module).strip(".")
    return "::".join([file, *classes.split("."), name] if classes else [file, name])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why tests differ. ``test`` is a test's name, or the beginning of several up to a ``*``."""

    suite: str
    test: str
    reason: str

    def covers(self, suite: str, test: str) -> bool:
        """Whether it is about this test."""
        if suite != self.suite:
            return False
        if self.test.endswith("*"):
            return test.startswith(self.test[:-1])
        return test == self.test


def read_explanations(text: str) -> list[Explanation]:
    """A file of ``[[difference]]`` tables."""
    return [Explanation(**table) for table in tomllib.loads(text).get("difference", [])]


@dataclass(frozen=True, slots=True)
class Difference:
    """A test that did not come out alike. ``again`` are its outcomes when it was repeated."""

    test: str
    direct: Outcome
    proxy: Outcome
    message: str = ""
    again: Sequence[tuple[Outcome, Outcome]] = ()
    reason: str | None = None

    @property
    def flaky(self) -> bool:
        """The test itself is unsteady: repeated, it passed through the proxy every time, or did
        not pass without it. One that is unsteady behind the proxy alone is a difference."""
        if not self.again:
            return False
        steady = all(direct is self.direct for direct, _ in self.again)
        return not steady or all(proxy is self.direct for _, proxy in self.again)

    @property
    def lost(self) -> bool:
        """It passes without the proxy, and not with it."""
        return self.direct is Outcome.PASSED and not self.flaky


@dataclass(frozen=True, slots=True)
class Comparison:
    """One suite on one server, both sides."""

    suite: str
    version: str
    server: str
    tests_count: int
    direct_count: int
    proxy_count: int
    differences: Sequence[Difference] = field(default_factory=tuple)

    @property
    def parity(self) -> float:
        """Of the tests that pass without the proxy, the share that passes with it too."""
        if not self.direct_count:
            return 0.0
        lost = sum(difference.lost for difference in self.differences)
        return (self.direct_count - lost) / self.direct_count

    @property
    def unexplained(self) -> list[Difference]:
        """Steady differences that nobody has looked into."""
        return [d for d in self.differences if d.reason is None and not d.flaky]


def differing(direct: Outcomes, proxy: Outcomes) -> list[str]:
    """Tests that did not come out alike, in the order of their names."""
    names = direct.keys() | proxy.keys()
    gone = Outcome.MISSING
    return sorted(name for name in names if direct.get(name, gone) is not proxy.get(name, gone))


def compare(
    direct: Outcomes,
    proxy: Outcomes,
    again: Iterable[tuple[Outcomes, Outcomes]],
    messages: Mapping[str, str],
) -> list[Difference]:
    """The differences between two reports; ``again``: the reports of repeating those tests."""
    repeated, gone = list(again), Outcome.MISSING
    return [
        Difference(
            test,
            direct.get(test, gone),
            proxy.get(test, gone),
            messages.get(test, ""),
            [(one.get(test, gone), other.get(test, gone)) for one, other in repeated],
        )
        for test in differing(direct, proxy)
    ]


def passed_count(outcomes: Outcomes) -> int:
    """How many passed."""
    return sum(outcome is Outcome.PASSED for outcome in outcomes.values())
