"""The drivers' own tests, without the proxy and through it, side by side.

    python -m tests.drivers.suites [SUITE ...] [--server 15] [--slice] [--repeats 3] [--json FILE]

Exit codes: 0 all alike or explained, 1 a difference that is not or a suite below its goal,
2 something could not be set up.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.bench.__main__ import telling
from tests.drivers.suites import report
from tests.drivers.suites.catalogue import SUITES
from tests.drivers.suites.outcomes import read_explanations
from tests.drivers.suites.play import SuiteFailed, play
from tests.drivers.suites.sources import NotToBeHad
from tests.world import NoPostgres, installed_binaries

EXPLANATIONS = Path(__file__).with_name("differences.toml")
WIDTH_IN_A_PIPE = 120


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_IN_A_PIPE)
    explanations = read_explanations(EXPLANATIONS.read_text(encoding="utf-8"))
    comparisons = []
    try:
        servers = [found for found in _servers() if _wanted(found[0], arguments.server)]
        with telling() as tell:
            for server, binaries in servers:
                for suite in SUITES:
                    if suite.name in (arguments.suite or [one.name for one in SUITES]):
                        chosen = suite.slice if arguments.slice else suite.arguments
                        comparisons.append(
                            play(
                                suite,
                                binaries,
                                explanations,
                                arguments=chosen,
                                repeats_count=arguments.repeats,
                                server=server,
                                tell=tell,
                            )
                        )
    except (NoPostgres, NotToBeHad, SuiteFailed) as error:
        print(f"suites: {error}", file=sys.stderr)
        return 2
    report.show(comparisons, console)
    if arguments.json is not None:
        text = json.dumps(report.as_json(comparisons), ensure_ascii=False, indent=2)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if report.passes(comparisons) else 1


def _servers() -> list[tuple[str, Path]]:
    """Every PostgreSQL on this machine, by its version."""
    found = []
    for binaries in installed_binaries():
        told = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        found.append((told.stdout.split()[2], binaries))
    return found


def _wanted(version: str, asked: Sequence[str] | None) -> bool:
    return not asked or version.split(".")[0] in asked


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.drivers.suites", description=(__doc__ or "").partition("\n")[0]
    )
    names = [suite.name for suite in SUITES]
    parser.add_argument("suite", nargs="*", metavar="SUITE", help=f"of {', '.join(names)}; or all")
    parser.add_argument("--server", action="append", help="major version; every installed one")
    parser.add_argument("--slice", action="store_true", help="the part that runs every day")
    parser.add_argument("--repeats", type=int, default=3, help="of tests that differ")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to FILE")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.suite) - set(names):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
