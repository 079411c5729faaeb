"""Every target of `targets` under atheris, one after the other: ``make fuzz-bytes``.

    python -m tests.fuzzing --minutes 10               all of them, in equal parts of ten minutes
    python -m tests.fuzzing --minutes 5 statement      one of them
    python -m tests.fuzzing --replay statement FILE    an input once more, with its traceback

What was found stays in .fuzzing/TARGET: `corpus` is where the next run goes on, `findings` holds
inputs that crashed, hung or took too much memory. Ends with 1 where there are any of this run.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzzing.targets import NAMES, TOOK_TOO_LONG, corpus, kept, target

ROOT: Final = Path(__file__).parents[2]
HOME: Final = ROOT / ".fuzzing"
# By the clock, and so that a busy machine is none: `child` has a shorter one by the processor.
_HANG_SECONDS: Final = 60
_FINDINGS: Final = ("crash-*", "timeout-*", "oom-*", "leak-*")
_MEMORY_MB_MAX: Final = 2_048
_INPUT_BYTES_MAX: Final = {"statement": 2_000, "session": 600, "repeated": 100}
_SETTING_UP_SECONDS_MAX: Final = 120

_PROGRESS: Final = re.compile(r"cov: (\d+) ft: (\d+)(?: corp: (\d+))?")
_STATISTIC: Final = re.compile(r"^stat::(\w+): *(\d+)$", re.MULTILINE)
_COLUMNS: Final = (
    f"{'target':<10} {'inputs':>10} {'a second':>9} {'edges':>6} {'features':>8} {'corpus':>6}"
    f" {'crashes':>7} {'hangs':>5} {'slowest s':>9} {'memory MB':>9}"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one target came to. `slow`: one of its findings is that it took too long.
    `broken`: it did not end as it should, and left no finding."""

    name: str
    inputs_count: int
    inputs_per_second: int
    edges_count: int
    features_count: int
    corpus_count: int
    findings: tuple[Path, ...]
    slowest_seconds: str
    memory_mb: int
    slow: bool
    broken: bool

    @property
    def hangs_count(self) -> int:
        timeouts_count = sum(path.name.startswith("timeout-") for path in self.findings)
        return timeouts_count + self.slow

    @property
    def line(self) -> str:
        crashes_count = len(self.findings) - self.hangs_count
        return (
            f"{self.name:<10} {self.inputs_count:>10,} {self.inputs_per_second:>9,}"
            f" {self.edges_count:>6,} {self.features_count:>8,} {self.corpus_count:>6,}"
            f" {crashes_count:>7} {self.hangs_count:>5} {self.slowest_seconds:>9}"
            f" {self.memory_mb:>9,}"
        )


def read_figures(name: str, said: str, home: Path, findings: set[Path], code: int) -> Figures:
    """The figures in what libFuzzer has said."""
    progress = _PROGRESS.findall(said)
    edges, features, inputs = progress[-1] if progress else ("0", "0", "0")
    statistics = {key: int(value) for key, value in _STATISTIC.findall(said)}
    slowest = home / "slowest-seconds"
    return Figures(
        name,
        statistics.get("number_of_executed_units", 0),
        statistics.get("average_exec_per_sec", 0),
        int(edges),
        int(features),
        int(inputs or 0),
        tuple(sorted(findings)),
        slowest.read_text(encoding="ascii").strip() if slowest.exists() else "<0.05",
        statistics.get("peak_rss_mb", 0),
        slow=TOOK_TOO_LONG in said,
        broken=not findings and (code != 0 or "number_of_executed_units" not in statistics),
    )


def fuzz_seconds(minutes: float, targets_count: int) -> int:
    """What each target gets."""
    return max(round(minutes * 60 / targets_count), 1)


def fuzz(name: str, seconds: int) -> Figures:
    """Fuzz one target for so long."""
    home = HOME / name
    for folder in ("corpus", "seeds", "findings"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(corpus(name)):
        (home / "seeds" / f"{number:04}").write_bytes(data)
    (home / "slowest-seconds").unlink(missing_ok=True)
    before = _findings(home)
    arguments = (
        str(home / "corpus"),
        str(home / "seeds"),
        f"-max_total_time={seconds}",
        f"-max_len={_INPUT_BYTES_MAX.get(name, 4_096)}",
        f"-timeout={_HANG_SECONDS}",
        f"-report_slow_units={_HANG_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MB_MAX}",
        f"-artifact_prefix={home / 'findings'}/",
        "-print_final_stats=1",
        "-reload=0",
    )
    command = (sys.executable, "-m", "tests.fuzzing.child", name, str(home), *arguments)
    log = home / "log"
    code = _run(command, log, seconds + _SETTING_UP_SECONDS_MAX)
    said = log.read_text(encoding="utf-8", errors="replace")
    return read_figures(name, said, home, _findings(home) - before, code)


def _findings(home: Path) -> set[Path]:
    return {path for pattern in _FINDINGS for path in (home / "findings").glob(pattern)}


def _run(command: tuple[str, ...], log: Path, seconds_max: int) -> int:
    """Its exit code, -1 where it had to be killed."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            return process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -1


def replay(name: str, file: Path) -> None:
    """Run one input, and say how to keep it."""
    data = file.read_bytes()
    with target(name) as run:
        run(data)
    print(f"Nothing is wrong with it. To keep it, add to tests/fuzzing/corpus/{name}.txt:")
    print(kept(data), end="")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing")
    parser.add_argument("--minutes", type=float, default=1, help="for all targets together")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "FILE"))
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}")
    asked = parser.parse_args()
    if asked.replay:
        replay(asked.replay[0], Path(asked.replay[1]))
        return 0
    names = asked.targets or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no target {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    seconds = fuzz_seconds(asked.minutes, len(names))
    print(_COLUMNS, flush=True)
    figures = []
    for name in names:
        figures.append(fuzz(name, seconds))
        print(figures[-1].line, flush=True)
    for each in figures:
        for path in each.findings:
            print(f"python -m tests.fuzzing --replay {each.name} {path.relative_to(ROOT)}")
        if each.broken:
            print(f"{each.name} did not end well: see {HOME.relative_to(ROOT)}/{each.name}/log")
    inputs_count = sum(each.inputs_count for each in figures)
    findings_count = sum(len(each.findings) for each in figures)
    print(f"{inputs_count:,} inputs, {findings_count} findings")
    return 1 if findings_count or any(each.broken for each in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
