"""What happens in the month, and when: steps are noted in any order and taken in that of time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from itertools import count

from proxy.demo.month.pen import Pen

Step = Callable[[], Awaitable[object]]


class Diary:
    """Steps by time, in Unix seconds."""

    def __init__(self) -> None:
        self._numbers = count()
        self._steps: list[tuple[float, int, Step]] = []

    def note(self, at: float, step: Step) -> None:
        """``step`` is taken at that time, after those noted before for the same."""
        heappush(self._steps, (at, next(self._numbers), step))

    async def live(self, pen: Pen, until: float) -> None:
        """Take the steps before ``until``, the clock of ``pen`` set for each; a step may note
        others. The clock never goes back: one that took long makes the next one late."""
        while self._steps and self._steps[0][0] < until:
            at, _, step = heappop(self._steps)
            pen.now = max(pen.now, at)
            await step()
