"""Any number of random histories of permits, against models of who may see whom.

    python -m tests.law.histories --count 10000 --seed 7
    python -m tests.law.histories --of desk --count 100

``statements`` are those of tests/unit/proxy/server/test_permits.py: permits come, end and are
revoked while statements, prepared ones and cursors are judged. ``desk`` are those of
tests/unit/proxy/desk/test_machine.py: officers decide, on a real ledger, through restarts and lost
files. The tests play a few of each.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.unit.proxy.desk.test_machine import Counter, TestCounter
from tests.unit.proxy.server.test_permits import Histories, TestHistories

LINE_EVERY_S = 60.0
MACHINES: dict[str, tuple[type[RuleBasedStateMachine], int]] = {
    "statements": (Histories, TestHistories.settings.stateful_step_count),
    "desk": (Counter, TestCounter.settings.stateful_step_count),
}
"""Each with the most steps that a history has."""


def play(
    machine: type[RuleBasedStateMachine],
    steps_max: int,
    count: int,
    number: int,
    progress: Callable[[int], None] = lambda played: None,
) -> int:
    """How many were played, from this seed. Raises what is wrong with the first in which something
    is, made short, and prints its steps."""
    played = 0

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            nonlocal played
            super().__init__()
            played += 1
            progress(played)

    run_state_machine_as_test(
        seed(number)(Counted),
        settings=settings(
            max_examples=count,
            stateful_step_count=steps_max,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            database=None,
        ),
    )
    return played


def main() -> int:
    """Exit code 1 where a history shows what it must not."""
    parser = argparse.ArgumentParser(prog="python -m tests.law.histories")
    parser.add_argument("--of", choices=MACHINES, default="statements")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    started, count = time.monotonic(), arguments.count
    try:
        played = play(*MACHINES[arguments.of], count, arguments.seed, _progress(count))
    except AssertionError as wrong:
        print(wrong, *getattr(wrong, "__notes__", ()), sep="\n")
        return 1
    seconds = time.monotonic() - started
    print(f"{played:,} histories in {seconds:,.0f} s: none shows what it must not")
    return 0


def _progress(count: int) -> Callable[[int], None]:
    """A line that is written over on a terminal, a line a minute elsewhere."""
    last = time.monotonic()

    def show(played: int) -> None:
        nonlocal last
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if now - last < (0.5 if terminal else LINE_EVERY_S):
            return
        last = now
        line = f"{played:,} of {count:,} histories"
        print(f"\r{line}  " if terminal else line, end="" if terminal else "\n", file=sys.stderr)

    return show


if __name__ == "__main__":
    sys.exit(main())
