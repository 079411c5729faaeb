"""Many statements: several processes, each with the product's judgement in it."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.queues import Queue

from tests.noninterference.client import Client
from tests.noninterference.oracle import Oracle
from tests.noninterference.planned import Planned, planner_of
from tests.noninterference.run import Report, run
from tests.noninterference.worlds import USER, Pairs, settled

INSTANCES_OF_A_SHAPE = 20
STATEMENT_MAX_MS = 60
REPORT_EVERY_SHAPES = 50
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Job:
    """What one process does."""

    pairs: Pairs
    seed: int
    count: int


class JobFailed(Exception):
    """A process ended before its work was done."""


def run_jobs(jobs: list[Job], progress: Callable[[Report], None] = lambda _: None) -> Report:
    """All of them at once; `progress` is given what all have counted. Raises `JobFailed`."""
    context = multiprocessing.get_context("spawn")
    reports: Queue[Report] = context.Queue()
    processes = [context.Process(target=_work, args=(job, reports), daemon=True) for job in jobs]
    for process in processes:
        process.start()
    total = Report()

    def take_all() -> None:
        while True:
            try:
                report = reports.get(timeout=_LOOK_AGAIN_S)
            except queue.Empty:
                return
            total.add(report)
            progress(total)

    while any(process.is_alive() for process in processes):
        take_all()
    take_all()
    failed = [process.exitcode for process in processes if process.exitcode]
    if failed:
        raise JobFailed(f"a process ended with exit code {failed[0]}")
    return total


def _work(job: Job, reports: Queue[Report]) -> None:
    planner, scene = planner_of(job.pairs.read.full)

    def opened(*, writes: bool) -> Oracle:
        pair = job.pairs[writes]
        clients = (
            Planned(pair.full, planner, scene),
            Client(pair.pruned.port, pair.pruned.name, USER),
            Planned(pair.control, planner, scene),
        )
        return Oracle(*(settled(each, STATEMENT_MAX_MS, writes=writes) for each in clients))

    kept = Report()

    def progress(report: Report) -> None:
        nonlocal kept
        kept.add(report)
        if kept.shapes_count >= REPORT_EVERY_SHAPES:
            reports.put(kept)
            kept = Report()

    count = INSTANCES_OF_A_SHAPE
    run(opened, job.pairs.tables, job.seed, job.count, progress, instances_count=count)
    reports.put(kept)
