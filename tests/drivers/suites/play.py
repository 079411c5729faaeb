"""Running one suite on both sides at once, and what differs once more."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.drivers.suites.catalogue import Suite
from tests.drivers.suites.outcomes import (
    Comparison,
    Explanation,
    Outcomes,
    compare,
    differing,
    passed_count,
    read_report,
)
from tests.drivers.suites.sides import DIRECT, PROXY, SIDES, side
from tests.drivers.suites.sources import environment, unpack

PLUGIN = Path(__file__).with_name("settled_heap.py")
TEST_SECONDS_MAX = 60
SUITE_SECONDS_MAX = 3600
Tell = Callable[[str], None]


class SuiteFailed(Exception):
    """pytest did not get as far as a report."""


@dataclass(frozen=True, slots=True)
class Run:
    """Where one suite is run on one side."""

    suite: Suite
    python: Path
    home: Path
    port: int

    def outcomes(self, arguments: Sequence[str]) -> tuple[Outcomes, Mapping[str, str]]:
        """Run pytest; what came of each test. Raises `SuiteFailed`."""
        report, log = self.home / "report.xml", self.home / "log.txt"
        report.unlink(missing_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        kept.pop("PYTEST_ADDOPTS", None)
        kept["PYTHONUNBUFFERED"] = "1"
        command: list[str | Path] = [
            self.python, "-m", "pytest", *arguments, "--quiet", f"--junitxml={report}",
            "--override-ini=junit_family=xunit1", "-p", PLUGIN.stem,
            f"--timeout={TEST_SECONDS_MAX}",
        ]  # fmt: skip
        with log.open("wb") as output:
            subprocess.run(
                command, cwd=self.home, env={**kept, **self.suite.environment(self.port)},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=SUITE_SECONDS_MAX,
            )  # fmt: skip
        if not report.exists():
            end = log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
            raise SuiteFailed(f"{self.suite.name} broke off:\n" + "\n".join(end))
        return read_report(report.read_text(encoding="utf-8"))


def play(
    suite: Suite,
    binaries: Path | None,
    explanations: Sequence[Explanation],
    *,
    arguments: Sequence[str],
    repeats_count: int,
    server: str,
    tell: Tell,
) -> Comparison:
    """One suite on both sides, and what differs again."""
    tell(f"{suite.name}: setting up")
    python = environment(suite)
    tell(f"{suite.name} on {server}: {DIRECT} and through the {PROXY}")
    (direct, _), (proxy, messages) = _both(suite, python, binaries, arguments)
    again = []
    if names := differing(direct, proxy):
        for number in range(1, repeats_count + 1):
            tell(f"{suite.name} on {server}: {len(names)} differ, repeat {number}")
            once_more = (*_options(arguments), *names)
            (one, _), (other, _) = _both(suite, python, binaries, once_more)
            again.append((one, other))
    found = [
        replace(difference, reason=_reason(suite.name, difference.test, explanations))
        for difference in compare(direct, proxy, again, messages)
    ]
    return Comparison(
        suite.name, suite.version, server, len(direct.keys() | proxy.keys()),
        passed_count(direct), passed_count(proxy), found,
    )  # fmt: skip


def _both(
    suite: Suite, python: Path, binaries: Path | None, arguments: Sequence[str]
) -> list[tuple[Outcomes, Mapping[str, str]]]:
    """Both sides at the same time, so that a busy machine is as busy for either; each with a fresh
    server, because a test may find what another left there."""
    with ExitStack() as stack:
        runs = []
        for name in SIDES:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengcun-suite-")))
            unpack(suite, home)
            shutil.copy(PLUGIN, home)
            runs.append(
                Run(suite, python, home, stack.enter_context(side(name, binaries, suite.databases)))
            )
        with ThreadPoolExecutor(len(runs)) as pool:
            return list(pool.map(lambda run: run.outcomes(arguments), runs))


def _options(arguments: Sequence[str]) -> list[str]:
    """What is not the choice of tests: flags without a value."""
    return [argument for argument in arguments if argument.startswith("--")]


def _reason(suite: str, test: str, explanations: Sequence[Explanation]) -> str | None:
    return next((one.reason for one in explanations if one.covers(suite, test)), None)
