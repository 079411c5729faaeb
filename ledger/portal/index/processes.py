"""Bundles of a large log read in processes of their own, while this one writes the tables.

What a process does not answer is read here instead: how many there are changes only the time.
Processes are spawned, not forked: the portal has threads, and a fork copies the locks they hold.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError
from ledger.fetch import DirectoryLog
from ledger.portal.index.reading import Each, LogContent, Taken
from ledger.tile import TILE_WIDTH

WORTHWHILE_BUNDLES: Final = 256
"""Before that it is done before the processes have started."""
RUN_BUNDLES: Final = 8
PROCESSES_MAX: Final = 4
_RUNS_AHEAD: Final = 4  # of each process; what waits here is in memory
_NICENESS: Final = 5  # a page is shown before an index is built

_content: LogContent


@contextmanager
def processes_for(content: LogContent) -> Iterator[Each | None]:
    """A way to read that log's bundles side by side, or None where that would not help.

    Over HTTP it would not: there the network is what takes the time.
    """
    count = min(PROCESSES_MAX, len(os.sched_getaffinity(0)) - 1)
    worthwhile = content.size >= WORTHWHILE_BUNDLES * TILE_WIDTH
    if count < 1 or not worthwhile or not isinstance(content.reader, DirectoryLog):
        yield None
        return
    given = (content.log, content.reader.root, content.origin, content.size)
    pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, given)
    try:
        yield lambda numbers: _each(content, pool, numbers, count * _RUNS_AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _each(
    content: LogContent, pool: ProcessPoolExecutor, numbers: range, ahead_count: int
) -> Iterator[Taken | None]:
    """Of each bundle what `LogContent.bundle` makes of it, in order."""
    waiting = iter([numbers[at : at + RUN_BUNDLES] for at in range(0, len(numbers), RUN_BUNDLES)])
    asked: deque[tuple[range, Future[list[Taken | None]] | None]] = deque()
    asked.extend((run, _ask(pool, run)) for run in islice(waiting, ahead_count))
    while asked:
        run, answer = asked.popleft()
        yield from _answered(answer) or map(content.bundle, run)
        asked.extend((more, _ask(pool, more)) for more in islice(waiting, 1))


def _ask(pool: ProcessPoolExecutor, run: range) -> Future[list[Taken | None]] | None:
    try:
        return pool.submit(_take, run)
    except BrokenExecutor:
        return None


def _answered(answer: Future[list[Taken | None]] | None) -> list[Taken | None]:
    try:
        return [] if answer is None else answer.result()
    except BrokenExecutor:
        return []


def _begin(log: str, root: Path, origin: bytes, size: int) -> None:
    """In a new process."""
    global _content
    _content = LogContent(log, DirectoryLog(root), origin.decode(), size)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    # Nobody else ends it where the portal was killed: it would wait for work for good.
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _take(run: range) -> list[Taken | None]:
    """There; empty where something is wrong, which the parent meets when it reads for itself."""
    try:
        return [_content.bundle(number) for number in run]
    except (LedgerError, OSError, MemoryError):
        return []
