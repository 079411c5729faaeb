"""The drills of the ledger at full length: ``python -m tests.faults.ledger WHAT``.

    crash-states    every crash state of small runs, and of the recoveries from them
    syscalls        every system call of a start, an append and a publication, under strace
    kills           kill -9 under load, for --minutes
    mutations       every byte, every entry, every file of a log changed
    oracles         proofs for every index of every size up to 600, beside strangers' programs

Figures go to standard output, with --json as one line of JSON; progress goes to a terminal. The
first failure is shown and ends it with 1. `ledger/README.md` has figures that were measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.faults.ledger import crash_runs, forgeries, kills, oracles, syscalls

Figures = dict[str, object]


def progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def crash_states(_: argparse.Namespace, scratch: Path) -> Figures:
    found: Figures = {}
    for name, run in crash_runs.RUNS.items():
        moments, original = run()
        exploration = crash_runs.Exploration(progress=progress)
        starts = exploration.explore(moments, original)
        exploration.explore_recoveries(starts, original)
        found[name] = exploration.figures.as_json()
    return found


def system_calls(arguments: argparse.Namespace, scratch: Path) -> Figures:
    if not syscalls.ptrace_is_permitted():
        raise SystemExit("this needs strace, and the right to trace")
    base = syscalls.base_log(scratch / "base")
    calls = syscalls.traced_calls(base, scratch)
    cases = [
        syscalls.Case(call, fault)
        for call in calls
        if arguments.phase in (None, call.phase)
        for fault in syscalls.FAULTS
    ][:: arguments.every]

    def run(number: int) -> str:
        syscalls.drill(cases[number], base, scratch / f"case{number}")
        return f"{cases[number].call.name} {cases[number].fault}"

    done = Counter[str]()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        running = [threads.submit(run, number) for number in range(len(cases))]
        try:
            for finished in as_completed(running):
                done[finished.result()] += 1
                progress(f"{done.total()} of {len(cases)} faults")
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    short = syscalls.drill_short_writes(base, scratch)
    return {"calls": len(calls), "faults": dict(sorted(done.items())), "short writes": short}


def kill_loop(arguments: argparse.Namespace, scratch: Path) -> Figures:
    figures = kills.kill_again_and_again(
        scratch, seconds=60 * arguments.minutes, seed=arguments.seed, progress=progress
    )
    return {**figures.as_json()}


def mutation_drills(arguments: argparse.Namespace, scratch: Path) -> Figures:
    return forgeries.all_drills(scratch, every=arguments.every, progress=progress)


def oracle_pairs(_: argparse.Namespace, scratch: Path) -> Figures:
    return dict(oracles.every_pair(600, all_indices=True))


DRILLS: dict[str, Callable[[argparse.Namespace, Path], Figures]] = {
    "crash-states": crash_states,
    "syscalls": system_calls,
    "kills": kill_loop,
    "mutations": mutation_drills,
    "oracles": oracle_pairs,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.ledger",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=DRILLS)
    parser.add_argument("--minutes", type=float, default=10, help="how long kills goes on")
    parser.add_argument("--seed", type=int, default=0, help="of kills")
    parser.add_argument("--every", type=int, default=1, help="take only each so many-th case")
    parser.add_argument("--phase", choices=["start", "append"], help="of syscalls")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        figures = DRILLS[arguments.what](arguments, Path(scratch))
    progress("")
    figures["seconds"] = round(time.monotonic() - began, 1)
    if arguments.json:
        print(json.dumps({arguments.what: figures}))
    else:
        for name, value in figures.items():
            print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
