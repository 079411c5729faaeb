"""How large the processes of the service are, second by second, and what they hold open."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """One process at one time."""

    at_s: float
    rss_bytes: int
    handles_count: int


@dataclass(slots=True)
class Census:
    """All looks, by process."""

    looks: dict[int, list[Look]] = field(default_factory=lambda: defaultdict(list))
    began_s: float = field(default_factory=time.monotonic)

    def look(self, processes: list[psutil.Process]) -> None:
        """Look at those that still are there."""
        for process in processes:
            with suppress(psutil.Error):
                now = time.monotonic() - self.began_s
                look = Look(now, process.memory_info().rss, process.num_fds())
                self.looks[process.pid].append(look)

    def growth_bytes(self, from_share: float) -> tuple[int, float] | None:
        """Of the process that lived longest: how much it grew from that part of its life to the
        end, and over how many seconds."""
        longest = max(self.looks.values(), key=len, default=[])
        if len(longest) < 10:
            return None
        first, last = longest[int(len(longest) * from_share)], longest[-1]
        return last.rss_bytes - first.rss_bytes, last.at_s - first.at_s


@contextmanager
def taken(processes: Callable[[], list[psutil.Process]]) -> Iterator[Census]:
    """Look once a second at whoever there is."""
    census, over = Census(), threading.Event()

    def look() -> None:
        while not over.wait(LOOK_AGAIN_S):
            with suppress(psutil.Error, IndexError):
                census.look(processes())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield census
    finally:
        over.set()
        thread.join()
