"""Answers wait here until the records they depend on are durable."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from proxy.session.commands import Command, Report, ToClient, Unit


@dataclass(frozen=True, slots=True)
class _Held:
    watermark: int
    data: bytes
    units: tuple[Unit, ...]
    whole: bool


class Gate:
    """First in, first out; a chunk leaves when record number `watermark` is durable.

    The watermark is the last record of anything the database had been sent when the chunk came,
    so no answer can be older than its own record.
    """

    def __init__(self) -> None:
        self._held: deque[_Held] = deque()
        self._durable_number = 0
        self.held_bytes = 0
        # Whether what was released so far ends where a message ends.
        self.whole = True

    @property
    def empty(self) -> bool:
        """Nothing waits."""
        return not self._held

    @property
    def durable_number(self) -> int:
        """Every record up to this one is durable."""
        return self._durable_number

    def hold(
        self, watermark: int, data: bytes, units: Iterable[Unit] = (), *, whole: bool = True
    ) -> None:
        """Take in a chunk and the units that end with it; `take` gives back what may go."""
        self._held.append(_Held(watermark, data, tuple(units), whole))
        self.held_bytes += len(data)

    def open(self, number: int) -> None:
        """Every record up to `number` is durable."""
        self._durable_number = max(self._durable_number, number)

    def cut(self) -> list[Unit]:
        """Nothing more will leave: the units whose reports wait behind what was held."""
        units = [unit for held in self._held for unit in held.units]
        self._held.clear()
        self.held_bytes = 0
        return units

    def take(self) -> Iterator[Command]:
        """Whatever may go now, each unit's report behind the last of its bytes."""
        while self._held and self._held[0].watermark <= self._durable_number:
            held = self._held.popleft()
            self.held_bytes -= len(held.data)
            if held.data:
                self.whole = held.whole
                yield ToClient(held.data)
            for unit in held.units:
                yield Report(unit)
