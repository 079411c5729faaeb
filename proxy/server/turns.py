"""Fair turns: of what only so many may do at a time, no source may take more than its part."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """At most `at_once_max` at a time, of one source at most a quarter of them. Who must wait is
    called in the order of sources, one of each in turn, however many of one source wait."""

    def __init__(self, at_once_max: int) -> None:
        self._at_once_max = at_once_max
        self._of_one_max = -(-at_once_max // 4)
        self._taken_count = 0
        self._taken_of: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, source: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it."""
        await self._take(source)
        try:
            yield
        finally:
            self._give_back(source)

    async def _take(self, source: str) -> None:
        if self._may(source):
            self._hold(source)
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(source, deque()).append(called)
        try:
            await called
        except BaseException:
            if called.done() and not called.cancelled():
                self._give_back(source)
            else:
                self._forget(source, called)
            raise

    def _may(self, source: str) -> bool:
        return self._taken_count < self._at_once_max and self._taken_of[source] < self._of_one_max

    def _hold(self, source: str) -> None:
        self._taken_count += 1
        self._taken_of[source] += 1

    def _give_back(self, source: str) -> None:
        self._taken_count -= 1
        self._taken_of[source] -= 1
        if not self._taken_of[source]:
            del self._taken_of[source]
        self._call_next()

    def _call_next(self) -> None:
        for source in list(self._waiting):
            if self._taken_count >= self._at_once_max:
                return
            # Who has given up is still there until it runs again.
            called = next((each for each in self._waiting[source] if not each.done()), None)
            if called is not None and self._may(source):
                self._waiting.move_to_end(source)
                self._forget(source, called)
                self._hold(source)
                called.set_result(None)

    def _forget(self, source: str, called: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(source)
        if waiting is not None and called in waiting:
            waiting.remove(called)
            if not waiting:
                del self._waiting[source]
