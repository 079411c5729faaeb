"""A slice of the faults that ``python -m tests.faults.ledger syscalls`` injects one by one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.ledger.syscalls import (
    CALLS,
    FAULTS,
    Call,
    Case,
    base_log,
    drill,
    drill_short_writes,
    ptrace_is_permitted,
    traced_calls,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_log(tmp_path_factory.mktemp("base"))


def slice_of(calls: list[Call]) -> Iterator[Case]:
    """Of each kind of call the first and the last in each phase, the faults in turn."""
    number = 0
    for name in CALLS:
        ends = [
            same[at]
            for phase in ("start", "append")
            if (same := [call for call in calls if (call.phase, call.name) == (phase, name)])
            for at in (0, -1)
        ]
        for call in dict.fromkeys(ends[1:]):
            yield Case(call, FAULTS[number % len(FAULTS)])
            number += 1


def test_any_system_call_on_the_log_may_fail_or_be_the_last(base: Path, tmp_path: Path):
    if not ptrace_is_permitted():
        pytest.skip("needs strace and the right to trace")
    calls = traced_calls(base, tmp_path)
    assert {call.name for call in calls} == set(CALLS)
    cases = list(slice_of(calls))
    assert len(cases) > 20
    assert {case.fault for case in cases} == set(FAULTS)

    def run(number: int) -> None:
        drill(cases[number], base, tmp_path / f"case{number}")

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, range(len(cases))))


def test_writes_that_end_short_are_finished_or_are_the_end(base: Path, tmp_path: Path):
    assert drill_short_writes(base, tmp_path, [(1, False), (1500, False), (1, True)]) == 3
