"""Any number of statements.

python -m tests.noninterference --statements 100000 --seed 7
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.noninterference.oracle import marks_in
from tests.noninterference.run import Report, run
from tests.noninterference.worlds import worlds
from tests.world import PostgresWorld

SHOWN_MAX = 10


def main() -> int:
    """Exit code 1 on a leak."""
    parser = argparse.ArgumentParser(prog="python -m tests.noninterference")
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    parser.add_argument("--json", type=Path, help="write the counts to a file")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    started = time.monotonic()

    def progress(report: Report) -> None:
        if sys.stderr.isatty():
            rate = report.statements_count / (time.monotonic() - started)
            done = f"{report.statements_count:,} of {arguments.statements:,}"
            print(f"\r{done}, {rate:,.0f}/s, {len(report.leaks)} leaks ", end="", file=sys.stderr)

    with (
        PostgresWorld() as postgres,
        tempfile.TemporaryDirectory(prefix="fengcun-noninterference-", dir="/tmp") as home,
        worlds(postgres, Path(home)) as both,
    ):
        report = run(both, arguments.seed, arguments.statements, progress)
    counts = {
        "seed": arguments.seed,
        "statements": report.statements_count,
        "verdicts": {verdict.value: count for verdict, count in report.verdicts.most_common()},
        "refused by rule": dict(report.refused.most_common()),
        "admitted share": round(report.admitted_share, 4),
        "sessions broken": report.broken_count,
        "leaks": len(report.leaks),
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(counts, indent=2, ensure_ascii=False))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")
    for leak in report.leaks[:SHOWN_MAX]:
        print(f"\n{leak.verdict.value} {marks_in(leak)}\n{leak.instance}", end="\n  ")
        for answer in (leak.ours, leak.theirs):
            print(answer.columns, answer.tag, answer.error, answer.rows[:3], len(answer.rows))
    return 1 if report.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
