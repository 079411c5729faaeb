"""What a worker knows of the others on the same port: how many connections they have, and whom to
ask for what is not its own."""

from __future__ import annotations

import mmap
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_U32_BYTES = 4


class Places:
    """How many connections each worker has, in memory that all of them share.

    Every worker writes its own number alone, and before it looks at the others'. So two clients
    that come for the last place at the same moment may both be turned away, and never both be
    let in.
    """

    def __init__(self, handle: int, workers_count: int, number: int = 0) -> None:
        """Over an open file of at least four bytes a worker; it stays the caller's to close."""
        self._counts = memoryview(mmap.mmap(handle, workers_count * _U32_BYTES)).cast("I")
        self._number = number

    @classmethod
    def alone(cls) -> Places:
        """For a worker without neighbours."""
        handle = shared_places(1)
        try:
            return cls(handle, 1)
        finally:
            os.close(handle)

    @property
    def taken_count(self) -> int:
        """Connections of all workers."""
        return sum(self._counts)

    def hold(self, count: int) -> None:
        """So many are this worker's."""
        self._counts[self._number] = count

    def give_up(self, number: int) -> None:
        """That worker is gone, and its connections with it."""
        self._counts[number] = 0


def shared_places(workers_count: int) -> int:
    """The handle of memory for `Places`, to be inherited by every worker."""
    handle = os.memfd_create("fengcun-places")
    os.ftruncate(handle, workers_count * _U32_BYTES)
    return handle


async def _to_nobody(_: bytes = b"") -> None:
    """There are no others."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A worker's number among `count` on one port, and its ways to the others: `pass_cancel` for
    the key of a cancel request that may be another's, `schema_changed` to have all of them look at
    the databases before it returns. Without arguments: a worker that has the port to itself."""

    number: int = 0
    count: int = 1
    places: Places = field(default_factory=Places.alone)
    pass_cancel: Callable[[bytes], Awaitable[None]] = _to_nobody
    schema_changed: Callable[[], Awaitable[None]] = _to_nobody

    def share(self, of_all: int) -> int:
        """This worker's part of a limit that is split evenly; never nothing."""
        return -(-of_all // self.count)
