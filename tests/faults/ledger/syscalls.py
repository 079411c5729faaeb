"""A real notary under strace: each system call on its log fails, or is its last.

One life without faults is traced first. Each call that it made on a path of the log, in the order
it was made, is then a case for each kind of fault: strace injects it into that call and no other,
told apart by name, path and how many such calls came before. Writes that end short are made with a
limit on the size of files, because the kernel then really writes the part that fits.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.checkpoint import parse_checkpoint_text
from ledger.client import NotaryClient
from ledger.errors import LedgerUnavailable
from ledger.keys import load_keys
from ledger.note import parse_note
from ledger.tile import TILE_WIDTH
from ledger.wal import SEGMENT_HEADER_BYTES, encode_frame, scan_segment
from tests.faults.ledger.processes import notary_command, start_notary
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, decision, key_directory

CALLS = (
    *("openat", "pwrite64", "fdatasync", "fsync", "fallocate"),
    *("rename", "unlink", "rmdir", "mkdir", "close"),
)
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
BASE_ENTRIES = 248  # genesis, key, boot, these, stop: the group below then crosses a bundle
GROUP_ENTRIES = 5
FIRST_PARTIALS = ("tile/entries/000.p", "payload/000.p", "tile/0/000.p")
DEADLINE_S = 120.0

_LINE = re.compile(r"(\d+) +([\d.]+) (\w+)\((.*)$")


@dataclass(frozen=True)
class Call:
    """One system call on a path of the log; `number` counts such calls of one thread from 1."""

    phase: str
    name: str
    path: str
    number: int


@dataclass(frozen=True)
class Case:
    call: Call
    fault: str

    def __str__(self) -> str:
        path = self.call.path or "."
        return f"{self.call.phase}-{self.call.name}-{path}-{self.call.number}-{self.fault}"


@dataclass(frozen=True)
class Outcome:
    """What became of a life: receipts, exit code, what strace saw of the path."""

    acknowledged: tuple[int, ...]  # tree sizes of the receipts, in order
    exit_code: int
    trace: str
    stderr: str


def ptrace_is_permitted() -> bool:
    """Whether strace is there and may inject."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-qq", "-o", "/dev/null", "-e", "inject=chdir:retval=0", "true"]
    return subprocess.run(command, capture_output=True).returncode == 0


def base_log(directory: Path) -> Path:
    """A log and its keys, closed shortly before the end of its first bundle."""
    _, keys = key_directory(directory)
    log = SmallLog(directory / "log", keys).create().open()
    log.append(1, batch_count=BASE_ENTRIES)
    log.close()
    return directory


def traced_calls(base: Path, scratch: Path) -> list[Call]:
    """Each call of one undisturbed life: of its start, of one append and publication."""
    directory = _copy(base, scratch / "traced")
    trace = directory / "trace"
    prefix = ["strace", "-f", "-qq", "-y", "-ttt", "--seccomp-bpf", "-o", str(trace)]
    process = start_notary(directory, *prefix, "-e", f"trace={','.join(CALLS)}")
    marks: list[float] = []
    asyncio.run(_converse(directory, process, marks))
    _terminate(process)
    assert process.wait(timeout=DEADLINE_S) == 0
    calls, seen = [], Counter[tuple[str, str, str]]()
    for line in trace.read_text().splitlines():
        match = _LINE.match(line)
        path = _path_in(match[4], directory / "log") if match else None
        if match is None or path is None:
            continue
        thread, at, name = match[1], float(match[2]), match[3]
        seen[thread, name, path] += 1
        phase = "start" if at < marks[0] else "append" if at < marks[1] else ""
        if phase:
            calls.append(Call(phase, name, path, seen[thread, name, path]))
    return list(dict.fromkeys(calls))


def run_case(case: Case, base: Path, scratch: Path) -> Outcome:
    """One life with the fault in it, then the checks that hold after each of them."""
    directory = _copy(base, scratch)
    trace = directory / "trace"
    target = directory / "log" / case.call.path
    prefix = [
        # Not with --seccomp-bpf, under which strace 6.1 forgets to deliver injected signals.
        *("strace", "-f", "-qq", "-y", "-o", str(trace), "-P", str(target)),
        *("-e", f"trace={','.join(CALLS)}"),
        *("-e", f"inject={case.call.name}:{case.fault}:when={case.call.number}"),
    ]
    process = subprocess.Popen(
        notary_command(directory, *prefix),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    acknowledged: list[int] = []
    if process.stdout.readline() == "ready\n":
        acknowledged = asyncio.run(_converse(directory, process, []))
    return _finished(directory, process, acknowledged)


def check_case(case: Case, outcome: Outcome, scratch: Path) -> None:
    """Exit code 3 and nothing acknowledged afterwards; no receipt lost; no sync tried again."""
    lines = outcome.trace.splitlines()
    hit = [number for number, line in enumerate(lines) if "(INJECTED)" in line]
    if case.fault == "signal=KILL":
        assert outcome.exit_code == -9, (case, outcome)
    else:
        assert hit, (case, "was not reached", outcome)
        folder = (scratch / "log" / case.call.path).is_dir() or case.call.path.endswith(".p")
        if case.call.name == "close" and folder:
            # Reading names: closedir(3) has nothing to lose, and Python does not ask it.
            assert outcome.exit_code in (0, 3)
            require_every_receipt(scratch, outcome.acknowledged)
            return
        assert outcome.exit_code == 3, (case, outcome)
        assert outcome.stderr.count("\n") == 1, (case, outcome)
    if case.call.name in ("fdatasync", "fsync") and hit:
        assert not [line for line in lines[hit[0] + 1 :] if f" {case.call.name}(" in line], case
    # The second group is submitted when the first is published: after any fault but one of them.
    assert len(outcome.acknowledged) < 2, (case, outcome)
    require_every_receipt(scratch, outcome.acknowledged)


def require_every_receipt(directory: Path, acknowledged: Sequence[int]) -> None:
    """A copy of the log verifies; the log itself starts again; both hold every receipt."""
    size = max(acknowledged, default=BASE_ENTRIES + 4)
    copy = shutil.copytree(directory / "log", directory / "copy")
    keys = load_keys(directory / "keys", PROXY_ID)
    assert SmallLog(copy, keys).verify().size >= size
    log = SmallLog(directory / "log", keys)
    log.open().append(1)
    log.close()
    assert log.verify().size > size


def short_write(base: Path, scratch: Path, kept_bytes: int, *, of_bundle: bool) -> Outcome:
    """The write of the next frame, or of the bundle it goes to, ends after `kept_bytes`."""
    directory = _copy(base, scratch)
    process = start_notary(directory)
    asyncio.run(_published(directory, process, BASE_ENTRIES + 6))
    (segment,) = (directory / "log/.state/wal").iterdir()
    frames, _ = scan_segment(segment.read_bytes(), int(segment.stem))
    end_bytes = SEGMENT_HEADER_BYTES + sum(len(encode_frame(frame)) for frame in frames)
    limit_bytes = (64 << 10 if of_bundle else end_bytes) + kept_bytes
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    acknowledged = asyncio.run(_converse(directory, process, [], wait_first=False))
    return _finished(directory, process, acknowledged)


def _finished(directory: Path, process: subprocess.Popen[str], acknowledged: list[int]) -> Outcome:
    if process.poll() is None and len(acknowledged) == 2:
        _terminate(process)
    exit_code = process.wait(timeout=DEADLINE_S)
    assert process.stderr is not None
    trace = directory / "trace"
    text = trace.read_text() if trace.exists() else ""
    return Outcome(tuple(acknowledged), exit_code, text, process.stderr.read())


def _terminate(process: subprocess.Popen[str]) -> None:
    """strace keeps a signal for itself: the notary is its child."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in children or [str(process.pid)]:
        os.kill(int(pid), signal.SIGTERM)


async def _converse(
    directory: Path,
    process: subprocess.Popen[str],
    marks: list[float],
    *,
    wait_first: bool = True,
) -> list[int]:
    """Two groups, the second when the first is published. The receipts; `marks` are when the boot
    and the first group were published."""
    acknowledged: list[int] = []
    try:
        client = await NotaryClient.connect(directory / "s")
        if wait_first:
            await _published(directory, process, BASE_ENTRIES + 6)
        marks.append(time.time())
        for _ in range(2):
            receipt = await client.submit([decision()] * GROUP_ENTRIES)
            acknowledged.append(receipt.tree_size)
            await _published(directory, process, receipt.tree_size)
            marks.append(time.time())
        await client.close()
    except LedgerUnavailable:
        pass
    return acknowledged


async def _published(directory: Path, process: subprocess.Popen[str], size: int) -> None:
    """Until that much is published and its partial files are gone, or the process is."""
    log, deadline = directory / "log", time.monotonic() + DEADLINE_S
    while process.poll() is None:
        assert time.monotonic() < deadline
        note = (log / "checkpoint").read_bytes()
        # The last that a publication does: partial files go when the full one is there.
        left = size > TILE_WIDTH and any((log / folder).exists() for folder in FIRST_PARTIALS)
        if parse_checkpoint_text(parse_note(note).text).size >= size and not left:
            return
        await asyncio.sleep(0.01)


def _path_in(arguments: str, log: Path) -> str | None:
    """The first path of the log in a line of strace, relative to it."""
    match = re.search(re.escape(str(log)) + r'(?:/([^">]*))?[">]', arguments)
    return None if match is None else match[1] or ""


def _copy(base: Path, directory: Path) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name in ("log", "keys"):
        shutil.copytree(base / name, directory / name)
    shutil.copy(base / "log.head", directory)
    os.chmod(directory / "keys", 0o700)
    return directory


def drill(case: Case, base: Path, scratch: Path) -> None:
    """Run it, check it, and clean up after it."""
    check_case(case, run_case(case, base, scratch), scratch)
    shutil.rmtree(scratch)


CUTS = [
    *((kept_bytes, False) for kept_bytes in (1, 31, 32, 512, 1500, 3000)),
    *((kept_bytes, True) for kept_bytes in (0, 1, 4096)),
]
"""(bytes that fit, whether of a bundle and not of a frame)."""


def drill_short_writes(base: Path, scratch: Path, cuts: Sequence[tuple[int, bool]] = CUTS) -> int:
    """Writes that end inside a frame, and inside a bundle. How many there were."""
    for kept_bytes, of_bundle in cuts:
        directory = scratch / "short"
        outcome = short_write(base, directory, kept_bytes, of_bundle=of_bundle)
        assert outcome.exit_code == 3, outcome
        assert outcome.stderr.count("\n") == 1
        # The publication may fail before or after the receipt of what it publishes.
        assert len(outcome.acknowledged) <= of_bundle, outcome
        require_every_receipt(directory, outcome.acknowledged)
        shutil.rmtree(directory)
    return len(cuts)
