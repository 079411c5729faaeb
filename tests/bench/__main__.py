"""The database alone, pgbouncer and Fengcun side by side, with everything on.

    python -m tests.bench [--quick | --full] [--json FILE]

One PostgreSQL, one machine, one run: the contestants take turns within each round and the ratios
are those of neighbours in time, because a machine is never as quiet as one would like.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.status import Status

from tests.bench import machine, measure, workloads
from tests.bench.comparison import FENGCUN
from tests.bench.contestants import Contestant, direct, pgbouncer
from tests.bench.measure import Bench, Plan, Tell
from tests.bench.pgbench import PgbenchFailed
from tests.bench.report import Report
from tests.scenarios.service import install, started
from tests.world import SQL, Database, NoPostgres, PostgresWorld, installed_binaries

QUICK = Plan(2, 1, seconds=1, clients=(1, 32), protocols=("simple", "prepared"))
DEFAULT = Plan(3, 2, seconds=1, clients=(1, 8, 32), protocols=workloads.PROTOCOLS)
FULL = Plan(7, 5, seconds=2, clients=(1, 8, 32, 128), protocols=workloads.PROTOCOLS)

# What the tests switch off for speed is on here, as a server has it.
SERVER = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "'512MB'",
    "max_connections": "400",
}
FAILED = 1


def main() -> int:
    arguments = _arguments()
    console = Console()
    width = None if console.is_terminal else 160
    plan = QUICK if arguments.quick else FULL if arguments.full else DEFAULT
    try:
        with telling() as tell:
            report = run(plan, tell)
    except (NoPostgres, PgbenchFailed) as error:
        print(f"bench: {error}", file=sys.stderr)
        return FAILED
    report.print(Console(width=width))
    if arguments.json is not None:
        text = json.dumps(report.as_json(), ensure_ascii=False, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0


def run(plan: Plan, tell: Tell) -> Report:
    """Set everything up, measure, and verify what Fengcun recorded meanwhile."""
    with ExitStack() as stack:
        tell("loading the database")
        world = stack.enter_context(PostgresWorld())
        database = agency(world)
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengcun-bench-")))
        site = install(database, home)
        surroundings = machine.describe(world.version, site.log)
        bouncer = stack.enter_context(pgbouncer(database))
        with started(site) as service:
            fengcun = Contestant(FENGCUN, site.port, database.name, service.process.pid)
            found = (direct(database), bouncer, fengcun)
            contestants = [one for one in found if one is not None]
            bench = Bench(contestants, pgbench_binary(), site, plan, tell)
            memory = bench.memory()
            comparisons, latencies = bench.statements()
            comparisons += [*bench.streams(), bench.connects()]
            rewritings = bench.rewritings()
            if service.stop():
                raise RuntimeError(site.errors.read_text(encoding="utf-8"))
        tell("the ledger alone")
        alone = measure.ledger_alone()
        tell("verifying what was recorded")
        verified = site.verify()
        ledger = {"entries_count": verified["size"], "kinds": verified["kinds"]}
        return Report(
            surroundings, asdict(plan), comparisons, latencies, memory, rewritings, alone, ledger
        )


def agency(
    world: PostgresWorld,
    *,
    people_count: int = workloads.PEOPLE_COUNT,
    cases_count: int = workloads.CASES_COUNT,
    columns: str = "",
) -> Database:
    """The server restarted with the settings of a real one, and the large database in it.

    ``columns`` is SQL that adds to the empty tables.
    """
    for name, value in SERVER.items():
        world.database().run(f"ALTER SYSTEM SET {name} = {value}")
    world.stop()
    world.start()
    database = world.create_database(name="bench")
    for name in ("roles.sql", "schema.sql", "grants.sql"):
        database.run((SQL / name).read_text(encoding="utf-8"))
    sizes = f"SET bench.people = {people_count}; SET bench.cases = {cases_count};"
    filling = Path(__file__).with_name("agency.sql").read_text(encoding="utf-8")
    database.run(f"{columns};\n{sizes}\n{filling}")
    database.run("VACUUM ANALYZE")
    return database


def pgbench_binary() -> Path:
    """The one beside the server, else any. Raises `NoPostgres` when there is none."""
    beside = [str(directory) for directory in installed_binaries()]
    for program in [shutil.which("pgbench", path=directory) for directory in [*beside, None]]:
        if program is not None:
            return Path(program)
    raise NoPostgres("the benchmark needs pgbench: apt install postgresql")


@contextmanager
def telling() -> Iterator[Tell]:
    """A spinner with what is being measured, on a terminal; silence in a pipe."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with Status("starting", console=console) as status:
        yield status.update


def _arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=(__doc__ or "").partition("\n")[0]
    )
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quick", action="store_true", help="below three minutes, less sure")
    amount.add_argument("--full", action="store_true", help="128 clients too, and more rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
