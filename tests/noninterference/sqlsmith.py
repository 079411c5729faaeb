"""Statements that somebody else's generator makes, compared like our own.

python -m tests.noninterference.sqlsmith --statements 20000 --seed 7

sqlsmith (Debian's package of that name) reads the schema of a database and writes statements with
every function, operator and type it finds there. Most name what is not served, and are refused;
what is admitted has to be answered on D as on D'. Nothing that is refused is sent anywhere: its
generator calls whatever the catalogue lists.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.noninterference.client import Broken, Client
from tests.noninterference.oracle import Oracle, Verdict, marks_in
from tests.noninterference.planned import Planned, planner_of
from tests.noninterference.run import is_leak
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER, Pair, pairs, settled
from tests.world import Database, PostgresWorld

STATEMENT_MAX_MS = 500
EVERY = 1000
_LOOSE = re.compile(
    r"\b(limit|offset|tablesample|random\w*|gen_random_uuid|clock_timestamp|timeofday|\w*xact\w*|"
    r"txid\w*|now|(statement|transaction)_timestamp|pg_backend_pid|version)\b"
)
"""What two servers may answer differently although they hold the same rows."""


@dataclass(slots=True)
class Count:
    """``broken``: sessions that ended."""

    verdicts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    broken: int = 0


def written(database: Database, seed: int, count: int) -> Iterator[str]:
    """The generator's statements for the schema of `database`, none of them run."""
    program = shutil.which("sqlsmith")
    if program is None:
        raise SystemExit("sqlsmith is not installed: apt-get install sqlsmith")
    command = [program, f"--target={database.conninfo()}", "--dry-run", "--exclude-catalog",
               f"--seed={seed}", f"--max-queries={count}"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            lines.append(line)
            if line.endswith(";"):
                yield "\n".join(lines).rstrip(";")
                lines = []


def compare(pair: Pair, seed: int, count: int) -> Count:
    """All of them, one after the other."""
    planner, scene = planner_of(pair.full)

    def opened() -> Oracle:
        clients = (
            Planned(pair.full, planner, scene),
            Client(pair.pruned.port, pair.pruned.name, USER),
            Planned(pair.control, planner, scene),
        )
        return Oracle(*(settled(client, STATEMENT_MAX_MS) for client in clients))

    total, oracle = Count(), opened()
    for number, text in enumerate(written(pair.pruned, seed, count), 1):
        if number % EVERY == 0:
            print(f"{number:,} of {count:,}, {len(total.leaks)} leaks", file=sys.stderr)
        plan = planner.plan(text, scene)
        if plan.text is None:
            total.refused[plan.decision.rule] += 1
            continue
        writes = plan.decision.statement_class.value in ("insert", "update", "delete")
        try:
            (finding,) = oracle.compare([Instance(text, writes=writes)])
        except Broken:
            total.broken += 1
            oracle.close()
            oracle = opened()
            continue
        loose = finding.verdict is Verdict.DIFFERENT and _LOOSE.search(text) is not None
        total.verdicts["by order, clock or chance" if loose else finding.verdict.value] += 1
        if marks_in(finding) or (is_leak(finding) and not loose):
            total.leaks.append(f"{finding.ours}\n{finding.theirs}\n{text}")
    oracle.close()
    return total


def main() -> int:
    """Exit code 1 on a leak."""
    parser = argparse.ArgumentParser(prog="python -m tests.noninterference.sqlsmith")
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    arguments = parser.parse_args()
    with PostgresWorld() as postgres:
        total = compare(pairs(postgres).written, arguments.seed, arguments.statements)
    counts = {
        "seed": arguments.seed,
        "admitted": dict(total.verdicts.most_common()),
        "refused by rule": dict(total.refused.most_common()),
        "sessions broken": total.broken,
        "leaks": len(total.leaks),
    }
    print(json.dumps(counts, indent=2))
    for leak in total.leaks[:10]:
        print(f"\n{leak[:4000]}")
    return 1 if total.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
