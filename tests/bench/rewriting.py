"""What the rewriting costs on the server, with a million rows in each of the protected tables.

    python -m tests.bench.rewriting [--rounds 5] [--seconds 1] [--json FILE]

Each statement runs as it was written and as it is sent, in turns, on the database alone: once under
the shipped policy, whose rule looks into three more tables for each row, and once under a policy of
stored flags. What the second costs is the rewriting; what the first costs on top is the law.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import psycopg
from rich.console import Console

from tests.bench import machine, workloads
from tests.bench.__main__ import FAILED, agency, pgbench_binary, telling
from tests.bench.comparison import Rewriting
from tests.bench.contestants import direct
from tests.bench.measure import REWRITING_PROTOCOLS, Plan, Tell, as_sent, rewriting
from tests.bench.pgbench import PgbenchFailed
from tests.bench.report import rewritings_table
from tests.scenarios.service import ROOT, Site, install
from tests.world import Database, NoPostgres, PostgresWorld

POLICIES = {
    "the law": ROOT / "config" / "policy.toml",
    "a flag": Path(__file__).with_name("plain.toml"),
}
SETTINGS = "-c plan_cache_mode=force_generic_plan -c jit=off"
"""Prepared means planned once: the planner's own choice is to plan ranges again each time. With jit
on, what it expects of the law's rule over a range makes it compile for 40 ms, each time."""

# Every seventh row is sealed, as the flag has it.
FLAGS = ";".join(
    f"ALTER TABLE base.{table} ADD sealed boolean GENERATED ALWAYS AS ({key} % 7 = 0) STORED"
    for table, key in (
        ("person", "person_id"), ("case_file", "case_id"), ("case_person", "cp_id"),
        ("sentence", "sent_id"),
    )
)  # fmt: skip


def main() -> int:
    arguments = _arguments()
    console = Console()
    plan = Plan(0, arguments.rounds, arguments.seconds, (1,), REWRITING_PROTOCOLS)
    try:
        with telling() as tell:
            surroundings, found = run(plan, tell)
    except (NoPostgres, PgbenchFailed) as error:
        print(f"bench: {error}", file=sys.stderr)
        return FAILED
    Console(width=None if console.is_terminal else 160).print(rewritings_table(found))
    if arguments.json is not None:
        rewritings = [{**asdict(one), "ratio": one.ratio} for one in found]
        text = json.dumps({"machine": surroundings, "rewritings": rewritings}, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0


def run(plan: Plan, tell: Tell) -> tuple[dict[str, object], list[Rewriting]]:
    """Load, and compare every statement under every policy."""
    with ExitStack() as stack:
        tell("loading the database")
        world = stack.enter_context(PostgresWorld())
        database = agency(
            world,
            people_count=workloads.PROVINCE_PEOPLE_COUNT,
            cases_count=workloads.PROVINCE_CASES_COUNT,
            columns=FLAGS,
        )
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengcun-bench-")))
        site = install(database, home)
        surroundings = machine.describe(world.version, site.log)
        return surroundings, [
            one
            for name, policy in POLICIES.items()
            for one in _under(name, policy, site, database, plan, tell)
        ]


def _under(
    name: str, policy: Path, site: Site, database: Database, plan: Plan, tell: Tell
) -> list[Rewriting]:
    shutil.copy(policy, site.home / "policy.toml")
    conninfo = psycopg.conninfo.make_conninfo(direct(database).conninfo, options=SETTINGS)
    binary, out = pgbench_binary(), []
    for workload in workloads.PROVINCE:
        sent = as_sent(site, workload)
        for protocol in REWRITING_PROTOCOLS:
            one = rewriting(binary, conninfo, workload, sent, protocol, plan, tell)
            out.append(replace(one, rule=name))
    return out


def _arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.rewriting", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=5, help="pairs of each statement")
    parser.add_argument("--seconds", type=int, default=1, help="of each half of a pair")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
