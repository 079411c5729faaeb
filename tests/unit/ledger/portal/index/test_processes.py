import multiprocessing
import os
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
