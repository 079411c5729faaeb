"""What the portal's index costs and how fast it answers.

    python -m tests.bench.portal_index --entries 1000000 [--log DIRECTORY] [--json]

The log is made by `portal_log`, or is one that was made before. Then the index is built from
nothing, brought up to date once more, and asked; each question is put to it several times, for
different people where it is about people. Files are cached by then, as on a machine that just
indexed them. `--processes 0` builds in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from unittest import mock

from ledger.fields import EntryKind
from ledger.portal.index import processes
from ledger.portal.index.index import Index
from ledger.portal.index.model import By, Each, Named, Position, Query, Role, Tally
from ledger.portal.logs import Source, source_of
from tests.bench.portal_log import make_log, pseudonym

NAME = "公安"
REPEATS = 21


def questions(index: Index, size: int) -> dict[str, Callable[[int], object]]:
    """By what they are called; each is given which time it is put."""

    def of(role: Role, number: int) -> Query:
        return Query(named=(Named(role, (pseudonym(role.value, number),)),))

    ended = Position.of({NAME: size - 20})
    middle = Position.of({NAME: size // 2})
    july = Query(since="2026-07-01T00:00:00.000Z", until="2026-07-02T00:00:00.000Z")
    month = Tally(since="2026-07-01T00:00:00.000Z", until="2026-08-01T00:00:00.000Z")
    return {
        "first page": lambda n: index.search(Query()),
        "page in the middle": lambda n: index.search(Query(), middle),
        "one person": lambda n: index.search(of(Role.PERSON, n * 997), limit=200),
        "one operator": lambda n: index.search(of(Role.OPERATOR, n * 31)),
        "one session": lambda n: index.search(Query(session=f"bench-{200 + n:x}")),
        "one permit": lambda n: index.search(Query(permit=f"P2026-{n}"), limit=200),
        "refused": lambda n: index.search(Query(refused=True)),
        "a rare rule": lambda n: index.search(Query(rule="write-back")),
        "cut results": lambda n: index.search(Query(cut=True)),
        "certificates": lambda n: index.search(Query(kinds=frozenset({EntryKind.CERTIFICATE}))),
        "one day": lambda n: index.search(july),
        "nothing fits": lambda n: index.search(Query(rule="write-back", error="57014")),
        "tail": lambda n: index.tail(ended),
        "outcome of a decision": lambda n: index.neighbours(NAME, size // 2 + n),
        "count by day and verdict": lambda n: index.count_by(By.VERDICT, Each.DAY),
        "count a month by day and rule": lambda n: index.count_by(By.RULE, Each.DAY, month),
        "all rules": lambda n: index.values(By.RULE),
    }


def measure(index: Index, source: Source, directory: Path) -> dict[str, object]:
    start = time.perf_counter()
    done = index.refresh(source)
    build_s = time.perf_counter() - start
    peak = [resource.getrusage(who).ru_maxrss for who in (_SELF, _CHILDREN)]
    start = time.perf_counter()
    index.refresh(source)
    again_s = time.perf_counter() - start
    answers = {}
    for name, ask in questions(index, done.size).items():
        times_ms = []
        for number in range(REPEATS):
            start = time.perf_counter()
            ask(number)
            times_ms.append((time.perf_counter() - start) * 1000)
        answers[name] = {"median_ms": round(median(times_ms), 2), "max_ms": round(max(times_ms), 2)}
    return {
        "entries": done.size,
        "build_seconds": round(build_s, 1),
        "entries_per_second": round(done.size / build_s),
        "index_bytes": sum(path.stat().st_size for path in directory.iterdir()),
        "peak_memory_mib": {"here": peak[0] >> 10, "each_process": peak[1] >> 10},
        "refresh_of_nothing_ms": round(again_s * 1000, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "answers": answers,
    }


_SELF, _CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


def run(log: Path | None, entries_count: int, scratch: Path) -> dict[str, object]:
    made = log if log is not None else scratch
    if log is None:
        make_log(scratch, entries_count)
    key = (made / "keys/log.vkey").read_text()
    source = source_of(NAME, str(made / "log"), [key])
    index = Index.open(scratch / "index", [NAME])
    try:
        return measure(index, source, scratch / "index")
    finally:
        index.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--log", type=Path, help="a directory that `portal_log` made")
    parser.add_argument("--directory", type=Path, help="where to put what is made (default: /tmp)")
    parser.add_argument("--processes", type=int, default=processes.PROCESSES_MAX, help="at most")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=arguments.directory) as scratch,
        mock.patch.object(processes, "PROCESSES_MAX", arguments.processes),
    ):
        figures = run(arguments.log, arguments.entries, Path(scratch))
    figures["machine"] = {"cores": os.cpu_count(), "python": platform.python_version()}
    if arguments.json:
        print(json.dumps(figures))
        return
    answers = figures.pop("answers")
    assert isinstance(answers, dict)
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(f"\n{'asked':32} {'median ms':>10} {'longest ms':>11}")
    for name, times in answers.items():
        print(f"{name:32} {times['median_ms']:10.2f} {times['max_ms']:11.2f}")


if __name__ == "__main__":
    main()
