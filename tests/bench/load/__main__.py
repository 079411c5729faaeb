"""The real service under load: a thousand connections, slow sides, connects, and a soak.

    python -m tests.bench.load [--part idle|slow|connects|soak ...] [--quick] [--minutes 10]

Ends by itself, and with 1 where something that is promised did not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from tests.bench import machine
from tests.bench.__main__ import telling
from tests.bench.load import connects, idle, slow
from tests.bench.load.figures import Findings, as_json, as_table
from tests.bench.load.soak.start import run_soak
from tests.bench.load.stage import Stage, stage
from tests.bench.measure import Tell
from tests.bench.pgbench import PgbenchFailed
from tests.world import NoPostgres, PostgresWorld

SOAK = "soak"
PARTS = ("idle", "slow", "connects", SOAK)
FAILED = 1


def main() -> int:
    arguments = _arguments()
    try:
        with telling() as tell:
            surroundings, found = _run(arguments, tell)
    except NoPostgres as error:
        print(f"load: {error}", file=sys.stderr)
        return FAILED
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(as_table(found))
    result = as_json(surroundings, found)
    for failure in result["failures"]:
        console.print(failure, style="red", highlight=False, markup=False)
    if arguments.json is not None:
        text = json.dumps(result, ensure_ascii=False, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return FAILED if result["failures"] else 0


def _run(arguments: argparse.Namespace, tell: Tell) -> tuple[Mapping[str, object], list[Findings]]:
    names = arguments.part or PARTS
    found: list[Findings] = []
    with PostgresWorld() as world:
        surroundings = machine.describe(world.version, Path(tempfile.gettempdir()))
    if staged_parts := [name for name in names if name != SOAK]:
        tell("loading the database")
        with stage() as staged:
            found += [_part(name, staged, tell, quick=arguments.quick) for name in staged_parts]
    if SOAK in names:
        found.append(run_soak(arguments.minutes * 60, arguments.seed, tell))
    return surroundings, found


def _part(name: str, staged: Stage, tell: Tell, *, quick: bool) -> Findings:
    """One part fails for itself."""
    try:
        match name:
            case "idle":
                return idle.run(staged, 3 if quick else 20, tell)
            case "slow":
                return slow.run(staged, 500_000 if quick else slow.ROWS_COUNT, tell)
            case _:
                return connects.run(staged, *((1, 2) if quick else (5, 5)), tell)
    except (PgbenchFailed, TimeoutError) as error:
        return Findings(name, failures=[f"{name}: {error}"])


def _arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.load", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="this part alone")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, less sure")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the soak")
    parser.add_argument("--seed", type=int, default=1, help="of the soak")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
