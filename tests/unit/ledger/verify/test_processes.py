from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.entry import parse_entry
from ledger.fetch import DirectoryLog, read_bundle
from ledger.rotation import KeysInForce
from ledger.verify import processes
from ledger.verify.bundles import JudgedBundle, Published, Run, judge_run
from ledger.verify.entries import Expected, InForce, Judged
from ledger.verify.processes import (
    RUN_BUNDLES_MAX,
    Worker,
    judge_in_order,
    runs_of,
    usable_processes,
)
from tests.unit.ledger.small_log import ORIGIN, SmallLog, log_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("processes") / "log", 1020)


@pytest.fixture
def published(log: SmallLog) -> Published:
    expected = Expected(ORIGIN, signatures=False)
    return Published(DirectoryLog(log.root), 1024, expected)


@pytest.fixture
def in_force(published: Published) -> InForce:
    genesis = parse_entry(read_bundle(published.reader, 0, 1)[0])[0]
    return InForce(KeysInForce.from_genesis(genesis), None)


@pytest.mark.parametrize("processes_count", [0, 1, 2, 7])
@pytest.mark.parametrize("bundle_count", [0, 1, 2, 5, 100, 1000])
def test_runs_are_every_bundle_once_and_in_order(bundle_count: int, processes_count: int):
    runs = list(runs_of(1, bundle_count, processes_count))
    bundles = [number for run in runs for number in range(run.first, run.first + run.count)]
    assert bundles == list(range(1, bundle_count))
    assert all(1 <= run.count <= RUN_BUNDLES_MAX for run in runs)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_results_come_in_order_whoever_judged_them(
    published: Published, in_force: InForce, count: int
):
    runs = [Run(number, 1) for number in range(1, 4)]
    expected = [judge_run(published, run, in_force) for run in runs]
    assert list(judge_in_order(published, runs, in_force, count)) == expected
    assert [result.judged.base for each in expected for result in each] == [256, 512, 768]


def test_what_was_judged_under_other_keys_is_judged_again(
    monkeypatch, published: Published, in_force: InForce
):
    """Keys that change at every third run, as an entry may change them."""
    keys = [replace(in_force, keys=replace(in_force.keys, proxy_id=f"p{n}")) for n in range(5)]

    def judge(_: Published, run: Run, given: InForce | None) -> list[JudgedBundle]:
        after = keys[run.first // 3]
        detail = f"{run.first} under {given and given.keys.proxy_id}".encode()
        return [JudgedBundle(Judged(run.first, after, last_digest=detail))]

    monkeypatch.setattr(processes, "judge_run", judge)
    runs = [Run(number, 1) for number in range(14)]
    alone = list(judge_in_order(published, runs, keys[0], 0))
    assert [each[0].judged.last_digest for each in alone[2:5]] == [
        b"2 under p0", b"3 under p0", b"4 under p1"]  # fmt: skip
    for count in (1, 2, 4):
        assert list(judge_in_order(published, runs, keys[0], count)) == alone


def test_what_a_dead_worker_leaves_is_judged_here(
    monkeypatch, published: Published, in_force: InForce
):
    """The very first question kills whoever is asked, but not the one who asks."""
    here, judged_here = os.getpid(), []

    def judge(published: Published, run: Run, given: InForce | None) -> list[JudgedBundle]:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        judged_here.append(run)
        return judge_run(published, run, given)

    monkeypatch.setattr(processes, "judge_run", judge)
    runs = [Run(number, 1) for number in range(1, 4)]
    results = list(judge_in_order(published, runs, in_force, 2))
    assert judged_here == runs
    assert [result.judged.found for each in results for result in each] == [None] * 3


def test_a_worker_is_another_process_and_ends_with_its_question(monkeypatch, published: Published):
    def judge(_: Published, run: Run, in_force: InForce | None) -> list[JudgedBundle]:
        return [JudgedBundle(Judged(os.getpid(), in_force))]

    monkeypatch.setattr(processes, "judge_run", judge)
    with Worker(published, []) as worker:
        worker.ask(Run(0, 1), None)
        (result,) = worker.answer()
        pid = result.judged.base
        assert pid != os.getpid()
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_file_that_cannot_be_read_is_told_to_the_caller(
    published: Published, in_force: InForce, tmp_path: Path
):
    (tmp_path / "tile/entries/001").mkdir(parents=True)
    unreadable = Published(DirectoryLog(tmp_path), 1024, published.expected)
    for count in (0, 2):
        with pytest.raises(IsADirectoryError):
            list(judge_in_order(unreadable, [Run(1, 1)], in_force, count))


def test_few_bundles_and_readers_of_another_kind_are_for_one_process(published: Published):
    class Elsewhere:
        def read(self, path: str) -> bytes:
            raise FileNotFoundError(path)

        def segments(self) -> list[tuple[str, bytes]]:
            return []

    assert usable_processes(published, processes.WORTHWHILE_BUNDLES - 1) == 0
    elsewhere = Published(Elsewhere(), 1 << 20, published.expected)
    assert usable_processes(elsewhere, 4096) == 0


@pytest.mark.parametrize(
    ("cores_count", "daemon", "threads_count", "expected"),
    [(2, False, 1, 2), (8, False, 1, 8), (1, False, 1, 0), (8, True, 1, 0), (8, False, 2, 0)],
)
def test_workers_are_used_where_they_help(
    monkeypatch, published: Published, cores_count, daemon, threads_count, expected
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(cores_count))
    monkeypatch.setitem(vars(multiprocessing.current_process())["_config"], "daemon", daemon)
    monkeypatch.setattr(processes, "_threads_count", lambda: threads_count)
    assert usable_processes(published, 4096) == expected
