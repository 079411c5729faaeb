"""Statements that somebody else's generator makes, compared like our own.

python -m tests.noninterference.sqlsmith --statements 20000 --seed 7

sqlsmith (Debian's package of that name) reads the schema of a database and writes statements with
every function, operator and type it finds there. What is admitted has to be answered on D as on
D'. Nothing that is refused is sent anywhere: its generator calls whatever the catalogue lists. So
that not nearly all are, it is shown a copy in which it finds no functions but vetted ones, and no
operators but those that both parsers read. Nor does it see the views of the oracle, which call
functions of their own.
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

from proxy.policy.law import Law
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
_SAMPLE = re.compile(r"\btablesample (system|bernoulli) \([0-9.]+\)")
"""In nearly every statement, and refused: left out, so that something is left to compare."""


# It leaves out functions that return "internal", and operators without a result.
_NARROWED = """
DROP SCHEMA sealed CASCADE;
SET allow_system_table_mods = on;
UPDATE pg_proc SET prorettype = 'internal'::regtype
WHERE proname <> ALL (ARRAY[{functions}]) OR oid >= 16384;
UPDATE pg_operator SET oprresult = 0
WHERE oprname <> ALL (
  ARRAY['=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '||', '~~', '!~~', '~', '!~', '@>'])
"""


@dataclass(slots=True)
class Count:
    """``broken``: sessions that ended."""

    verdicts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    broken: int = 0


def shown(postgres: PostgresWorld, database: Database, law: Law) -> Database:
    """What the generator looks at."""
    copy = postgres.create_database(database.name, name="sqlsmith")
    names = ", ".join(f"'{name}'" for name in sorted(law.vetted_functions))
    copy.run(_NARROWED.format(functions=names))
    return copy


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
                yield _SAMPLE.sub("", "\n".join(lines)).rstrip(";")
                lines = []


def compare(postgres: PostgresWorld, pair: Pair, seed: int, count: int) -> Count:
    """All of them, one after the other."""
    planner, scene = planner_of(pair.full)
    target = shown(postgres, pair.pruned, planner.law)

    def opened() -> Oracle:
        clients = (
            Planned(pair.full, planner, scene),
            Client(pair.pruned.port, pair.pruned.name, USER),
            Planned(pair.control, planner, scene),
        )
        return Oracle(*(settled(each, STATEMENT_MAX_MS, writes=True) for each in clients))

    total, oracle = Count(), opened()
    for number, text in enumerate(written(target, seed, count), 1):
        if number % EVERY == 0:
            print(f"{number:,} of {count:,}, {len(total.leaks)} leaks", file=sys.stderr)
        plan = planner.plan(text, scene)
        if plan.text is None:
            total.refused[plan.decision.rule] += 1
            continue
        try:
            (finding,) = oracle.compare([Instance(text, writes=True)])
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
        pair = pairs(postgres).written
        total = compare(postgres, pair, arguments.seed, arguments.statements)
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
