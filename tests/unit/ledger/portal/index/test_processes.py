import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.fetch import DirectoryLog
from ledger.portal.index import processes
from ledger.portal.index.processes import processes_for
from ledger.portal.index.reading import LogContent, Taken
from ledger.portal.logs import LogUnreadable
from ledger.tile import bundle_path
from tests.unit.ledger.portal.made_log import heartbeats, made_log


@pytest.fixture
def content(tmp_path: Path, monkeypatch) -> LogContent:
    monkeypatch.setattr(processes, "WORTHWHILE_BUNDLES", 1)
    monkeypatch.setattr(processes, "RUN_BUNDLES", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2})
    log = made_log(tmp_path / "log", heartbeats(2999))
    return LogContent("公安", DirectoryLog(log.root), log.keys.origin, log.size)


def test_processes_read_what_one_reads(content: LogContent):
    root = content.reader.root  # type: ignore[attr-defined]
    (root / bundle_path(2)).unlink()
    (root / bundle_path(3)).write_bytes(b"rubbish")
    with processes_for(content) as each:
        assert each is not None
        assert list(content.bundles(0, each)) == list(content.bundles(0))


def test_what_a_process_does_not_answer_is_read_here(content: LogContent):
    with processes_for(content) as each:
        assert each is not None
        found: list[Taken] = []
        for taken in content.bundles(0, each):
            if not found:
                _kill_all()
            found.append(taken)
        assert found == list(content.bundles(0))


def _kill_all() -> None:
    children = multiprocessing.active_children()
    assert children
    for child in children:
        child.kill()
        child.join()


HOLDING = """
import multiprocessing, os, sys, time
from pathlib import Path
from ledger.fetch import DirectoryLog
from ledger.portal.index import processes
from ledger.portal.index.reading import LogContent

if __name__ == "__main__":
    processes.WORTHWHILE_BUNDLES = processes.RUN_BUNDLES = 1
    os.sched_getaffinity = lambda pid: {0, 1, 2}
    root, origin, size = sys.argv[1:]
    content = LogContent("a", DirectoryLog(Path(root)), origin, int(size))
    with processes.processes_for(content) as each:
        next(content.bundles(0, each))
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)
        time.sleep(600)
"""


def test_no_process_outlives_one_that_is_killed(content: LogContent, tmp_path: Path):
    script = tmp_path / "holding.py"
    script.write_text(HOLDING)
    root = content.reader.root  # type: ignore[attr-defined]
    command = [sys.executable, str(script), str(root), content.origin.decode(), str(content.size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert pids
        process.kill()
    deadline = time.monotonic() + 60
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_an_error_of_reading_is_met_here(content: LogContent):
    root = content.reader.root  # type: ignore[attr-defined]
    (root / bundle_path(4)).unlink()
    (root / bundle_path(4)).mkdir()
    with processes_for(content) as each, pytest.raises(LogUnreadable):
        list(content.bundles(0, each))


def test_where_they_would_not_help_there_are_none(content: LogContent, monkeypatch):
    monkeypatch.setattr(processes, "WORTHWHILE_BUNDLES", 100)
    with processes_for(content) as each:
        assert each is None
    monkeypatch.setattr(processes, "WORTHWHILE_BUNDLES", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})
    with processes_for(content) as each:
        assert each is None
