"""What a worker knows of the others on the same port: how many connections they have, and whom to
ask for what is not its own."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from proxy.errors import FengcunError
from proxy.names import PrincipalName
from proxy.server.budgeting import Budgeting

_U64_BYTES: Final = 8
# Of each worker: its connections, then names and counts in turn.
_LIMITED_MAX: Final = 1_024
_ROW: Final = 1 + 2 * _LIMITED_MAX


class TooManyPrincipals(FengcunError):
    """More principals with limits have sessions than can be counted."""

    sqlstate = "53300"
    label = "too-many-connections"


class Places:
    """How many connections each worker has, and how many sessions of each principal that may have
    only so many, in memory that all of them share.

    Every worker writes its own numbers alone, and before it looks at the others'. So two clients
    that come for the last place at the same moment may both be turned away, and never both be
    let in.
    """

    def __init__(self, handle: int, workers_count: int, number: int = 0) -> None:
        """Over what `shared_places` has made; the handle stays the caller's to close."""
        size_bytes = workers_count * _ROW * _U64_BYTES
        self._memory = memoryview(mmap.mmap(handle, size_bytes)).cast("Q")
        self._rows = range(0, workers_count * _ROW, _ROW)
        self._own = number * _ROW

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
        return sum(self._memory[row] for row in self._rows)

    def hold(self, count: int) -> None:
        """So many are this worker's."""
        self._memory[self._own] = count

    def sessions_of(self, name: PrincipalName) -> int:
        """The sessions of a principal in all workers."""
        key = _key(name)
        places = (self._find(row, key) for row in self._rows)
        return sum(
            self._memory[place + 1]
            for place in places
            if place is not None and self._memory[place] == key
        )

    def hold_session(self, name: PrincipalName, change: int) -> None:
        """This worker has `change` more sessions of a principal, or fewer. Raises
        `TooManyPrincipals`."""
        key = _key(name)
        place = self._find(self._own, key)
        if place is None:
            raise TooManyPrincipals("too many principals have sessions at this moment")
        self._memory[place] = key  # had it another's name, its count is nothing
        self._memory[place + 1] = self._memory[place + 1] + change

    def give_up(self, number: int) -> None:
        """That worker is gone, and its connections with it."""
        for place in range(number * _ROW, (number + 1) * _ROW):
            self._memory[place] = 0

    def _find(self, row: int, key: int) -> int | None:
        """Where the name stands in a row, or else a place for it: a free one, or of one that has
        no session."""
        unused = None
        for place in range(row + 1, row + _ROW, 2):
            found = self._memory[place]
            if found == key:
                return place
            if unused is None and not self._memory[place + 1]:
                unused = place
            if not found:
                break
        return unused


def shared_places(workers_count: int) -> int:
    """The handle of memory for `Places`, to be inherited by every worker."""
    handle = os.memfd_create("fengcun-places")
    os.ftruncate(handle, workers_count * _ROW * _U64_BYTES)
    return handle


def _key(name: PrincipalName) -> int:
    """Where two principals of a policy had the same, each would count for both."""
    digest = hashlib.blake2b(name.encode(), digest_size=_U64_BYTES).digest()
    return int.from_bytes(digest, "big") or 1


async def _to_nobody(_: bytes = b"") -> None:
    """There are no others."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A worker's number among `count` on one port, and its ways to the others: `pass_cancel` for
    the key of a cancel request that is none of its own, `schema_changed` to have all of them look
    at the databases before it returns, `budget` for what its sessions ask for: without one nobody
    who is limited gets anything. Without arguments: a worker that has the port to itself."""

    number: int = 0
    count: int = 1
    places: Places = field(default_factory=Places.alone)
    pass_cancel: Callable[[bytes], Awaitable[None]] = _to_nobody
    schema_changed: Callable[[], Awaitable[None]] = _to_nobody
    budget: Budgeting | None = None

    def share(self, of_all: int) -> int:
        """This worker's part of a limit that is split evenly; never nothing."""
        return -(-of_all // self.count)
