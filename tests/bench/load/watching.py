"""What happens beside: the memory of whoever serves, sampled, and look-ups that are timed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from tests.bench.contestants import USER
from tests.bench.load.stage import serving_processes
from tests.scenarios.service import Service

LOOK_AGAIN_S = 0.05
LOOKUP = "SELECT case_id, role FROM case_person WHERE cp_id = %s"
LOOKUPS_A_SECOND = 100


class Peak:
    """The most that was resident at any look, in bytes."""

    def __init__(self) -> None:
        self.rss_bytes = 0
        self.first_bytes = 0

    @property
    def more_bytes(self) -> int:
        """Above what it was at first."""
        return self.rss_bytes - self.first_bytes

    def look(self, rss_bytes: int) -> None:
        """One look."""
        self.first_bytes = self.first_bytes or rss_bytes
        self.rss_bytes = max(self.rss_bytes, rss_bytes)


@contextmanager
def watched_memory(service: Service) -> Iterator[Peak]:
    """Look at all that serve, twenty times a second."""
    peak, over = Peak(), threading.Event()
    processes = serving_processes(service)

    def look() -> None:
        while not over.is_set():
            peak.look(sum(process.memory_info().rss for process in processes))
            over.wait(LOOK_AGAIN_S)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


@contextmanager
def timed_lookups(service: Service) -> Iterator[Sequence[float]]:
    """A session that looks something up, a hundred times a second; milliseconds of each."""
    times_ms: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with psycopg.connect(service.site.conninfo(USER), autocommit=True) as connection:
            number = 0
            while not over.is_set():
                number += 1
                started = time.perf_counter()
                connection.execute(LOOKUP, [number], prepare=True).fetchall()
                times_ms.append((time.perf_counter() - started) * 1000)
                over.wait(1 / LOOKUPS_A_SECOND)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield times_ms
    finally:
        over.set()
        thread.join()
