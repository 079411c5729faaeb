"""Runs of bundles judged side by side in processes of their own, and handed back in order.

A worker reads the files itself, so that next to nothing passes between the processes. Whatever one
does not answer, and whatever was judged under keys that no longer held, is judged again here: how
many there are, and what becomes of them, changes nothing but the time it takes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError
from ledger.fetch import DirectoryLog
from ledger.verify.bundles import JudgedBundle, Published, Run, judge_run
from ledger.verify.entries import InForce

RUN_BUNDLES_MAX: Final = 16
WORTHWHILE_BUNDLES: Final = 64
_RUNS_AHEAD: Final = 3  # of each worker: the one it judges, and what it does next

Task = tuple[Run, InForce | None]


def usable_processes(published: Published, bundle_count: int) -> int:
    """How many workers can help: one for each core, or none.

    A fork copies one thread, with the locks that others hold; and a reader of another kind may
    hold a connection that two processes cannot share.
    """
    if bundle_count < WORTHWHILE_BUNDLES or not isinstance(published.reader, DirectoryLog):
        return 0
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return 0
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        return 0
    cores_count = len(os.sched_getaffinity(0))
    return cores_count if cores_count > 1 else 0


def runs_of(first: int, bundle_count: int, process_count: int) -> Iterator[Run]:
    """Bundles `first` to `bundle_count`, cut so that every worker has its share."""
    share = (bundle_count - first) // max(1, process_count * _RUNS_AHEAD)
    step = max(1, min(RUN_BUNDLES_MAX, share))
    for start in range(first, bundle_count, step):
        yield Run(start, min(step, bundle_count - start))


def judge_in_order(
    published: Published, runs: Iterable[Run], in_force: InForce | None, process_count: int
) -> Generator[list[JudgedBundle], None, None]:
    """What `judge_run` makes of each run under what the one before it leaves in force."""
    waiting = iter(runs)
    judging: deque[tuple[Run, InForce | None, Worker]] = deque()
    with ExitStack() as stack:
        idle: deque[Worker] = deque()
        workers: list[Worker] = []
        for _ in range(process_count):
            workers.append(stack.enter_context(Worker(published, workers)))
        idle.extend(workers * _RUNS_AHEAD)
        while True:
            while idle and (run := next(waiting, None)) is not None:
                worker = idle.popleft()
                worker.ask(run, in_force)
                judging.append((run, in_force, worker))
            if judging:
                run, assumed, worker = judging.popleft()
                results = worker.answer()
                idle.append(worker)
            elif (next_run := next(waiting, None)) is not None:
                run, assumed, results = next_run, in_force, []
            else:
                return
            if not results or assumed != in_force:
                results = judge_run(published, run, in_force)
            yield results
            in_force = results[-1].judged.in_force


class Worker:
    """A process that judges what it is asked to, in the order in which it is asked."""

    def __init__(self, published: Published, earlier: Iterable[Worker]) -> None:
        context = multiprocessing.get_context("fork")
        self._connection, theirs = context.Pipe()
        # Only where no other process holds this end does a worker see that its parent is gone.
        not_theirs = [self._connection, *(worker._connection for worker in earlier)]
        self._process = context.Process(
            target=_work, args=(published, theirs, not_theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._process.kill()
        self._process.join()

    def ask(self, run: Run, in_force: InForce | None) -> None:
        with suppress(OSError):  # then there will be no answer
            self._connection.send((run, in_force))

    def answer(self) -> list[JudgedBundle]:
        """To the earliest question that has none; empty where there will not be one."""
        try:
            results: list[JudgedBundle] = self._connection.recv()
        except (EOFError, OSError):
            return []
        return results


def _work(
    published: Published,
    connection: Connection[list[JudgedBundle], Task],
    not_ours: Iterable[Connection[Task, list[JudgedBundle]]],
) -> None:
    for each in not_ours:
        each.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            run, in_force = connection.recv()
        except (EOFError, OSError):
            return
        try:
            results = judge_run(published, run, in_force)
        except (LedgerError, OSError, MemoryError):
            results = []  # the parent meets the same, and its caller hears of it
        connection.send(results)
