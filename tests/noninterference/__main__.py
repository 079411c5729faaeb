"""Any number of statements.

python -m tests.noninterference --statements 1000000 --seed 7

Most are judged and rewritten in a few processes of this program and sent to the database from
there; a share goes through the real service, with its sessions, its ledger and its wire.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.noninterference.jobs import INSTANCES_OF_A_SHAPE, Job, JobFailed, run_jobs
from tests.noninterference.oracle import Finding, marks_in
from tests.noninterference.run import Report, run
from tests.noninterference.shorten import shortest
from tests.noninterference.worlds import Worlds, worlds
from tests.world import PostgresWorld

SHOWN_MAX = 10
WIRE_STATEMENTS_MAX = 20_000
LINE_EVERY_S = 60.0


def main() -> int:
    """Exit code 1 on a leak, 2 where a process failed."""
    arguments = _arguments()
    print(f"seed {arguments.seed}", flush=True)
    started = time.monotonic()
    with (
        PostgresWorld() as postgres,
        tempfile.TemporaryDirectory(prefix="fengcun-noninterference-", dir="/tmp") as home,
        worlds(postgres, Path(home)) as both,
    ):
        try:
            report, wired = _run(both, arguments)
        except JobFailed as failure:
            print(failure, file=sys.stderr)
            return 2
        leaks = _shown(both, [*report.leaks, *wired.leaks][:SHOWN_MAX])
    counts = {
        "seed": arguments.seed,
        "planned": _counts(report),
        "through the service": _counts(wired),
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(counts, indent=2, ensure_ascii=False))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")
    for leak in leaks:
        print(f"\n{_described(leak)}")
    return 1 if report.leaks_count or wired.leaks_count else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.noninterference")
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="write the counts to a file")
    return parser.parse_args()


def _run(both: Worlds, arguments: argparse.Namespace) -> tuple[Report, Report]:
    jobs = [
        Job(both.pairs, arguments.seed + number, count)
        for number, count in enumerate(_shares(arguments.statements, arguments.jobs))
    ]
    report = run_jobs(jobs, _progress("planned", arguments.statements))
    wire_count = min(WIRE_STATEMENTS_MAX, arguments.statements // 50)
    wired, shown = Report(), _progress("through the service", wire_count)

    def add(part: Report) -> None:
        wired.add(part)
        shown(wired)

    if wire_count:
        seed = arguments.seed + arguments.jobs
        run(
            both.oracle,
            both.pairs.tables,
            seed,
            wire_count,
            add,
            instances_count=INSTANCES_OF_A_SHAPE,
        )
    return report, wired


def _shares(count: int, parts: int) -> list[int]:
    return [count // parts + (number < count % parts) for number in range(parts)]


def _progress(what: str, wanted: int) -> Callable[[Report], None]:
    """A line that is written over on a terminal, a line a minute elsewhere."""
    started = last = time.monotonic()
    leaks_shown = 0

    def show(report: Report) -> None:
        nonlocal last, leaks_shown
        for leak in report.leaks[leaks_shown:]:
            print(f"\n{_described(leak)}", file=sys.stderr, flush=True)
        leaks_shown = len(report.leaks)
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - last < (0.5 if terminal else LINE_EVERY_S):
            return
        last = now
        rate = report.statements_count / (now - started)
        left = timedelta(seconds=round(max(0, wanted - report.statements_count) / max(rate, 1)))
        line = (
            f"{what}: {report.statements_count:,} of {wanted:,}, {rate:,.0f}/s, {left} left,"
            f" {report.leaks_count} leaks"
        )
        print(f"\r{line}  " if terminal else line, end="" if terminal else "\n", file=sys.stderr)

    return show


def _shown(both: Worlds, leaks: list[Finding]) -> list[Finding]:
    """As short as they get, where the service shows them, too."""
    out = []
    for leak in leaks:
        oracle = both.oracle(writes=leak.instance.writes)
        out.append(shortest(oracle, leak))
        oracle.close()
    return out


def _described(leak: Finding) -> str:
    """What to look at. The databases are made up: so are the values."""
    lines = [f"{leak.verdict.value} {marks_in(leak)}", str(leak.instance)]
    for answer in (leak.ours, leak.theirs):
        shown = (answer.columns, answer.tag, answer.error, answer.rows[:3], len(answer.rows))
        lines.append("  " + " ".join(map(str, shown)))
    return "\n".join(lines)


def _counts(report: Report) -> dict[str, object]:
    return {
        "statements": report.statements_count,
        "shapes": report.shapes_count,
        "verdicts": {verdict.value: count for verdict, count in report.verdicts.most_common()},
        "refused by rule": dict(report.refused.most_common()),
        "admitted share": round(report.admitted_share, 4),
        "sessions broken": report.broken_count,
        "leaks": report.leaks_count,
    }


if __name__ == "__main__":
    sys.exit(main())
