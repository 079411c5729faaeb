"""The way to the server: messages leave in order, and those that may change something leave when
their record is durable. What comes behind one waits with it.

A pipeline of writes is judged and recorded as it comes, so that its records share a sync of the
ledger. If one of them fails, the server skips what follows up to the next Sync, as it would have
done anyway (PostgreSQL documentation, "Pipelining").
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

_HELD_BYTES_MAX: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Message:
    """`needed`: the record that must be durable first, 0 for none; `number`: its own, or 0."""

    raw: bytes
    needed: int
    number: int


class Outbox:
    """First in, first out. `sent_number` is the last record of anything that has left."""

    def __init__(self) -> None:
        self.sent_number = 0
        self._durable_number = 0
        self._held: deque[_Message] = deque()
        self._held_bytes = 0
        self._leaving: list[bytes] = []

    @property
    def empty(self) -> bool:
        """Nothing waits for a record."""
        return not self._held

    @property
    def full(self) -> bool:
        """As much waits as may: take nothing more of the client."""
        return self._held_bytes >= _HELD_BYTES_MAX

    def put(self, raw: bytes, *, needed: int = 0, number: int = 0) -> None:
        """Take a message in; `needed` and `number` are those of records, 0 for none."""
        message = _Message(raw, needed, number)
        if self._held or needed > self._durable_number:
            self._held.append(message)
            self._held_bytes += len(raw)
        else:
            self._leave(message)

    def durable(self, number: int) -> None:
        """Every record up to `number` is durable."""
        self._durable_number = max(self._durable_number, number)
        while self._held and self._held[0].needed <= self._durable_number:
            message = self._held.popleft()
            self._held_bytes -= len(message.raw)
            self._leave(message)

    def take(self) -> bytes:
        """What leaves now; empty where nothing does."""
        leaving = b"".join(self._leaving)
        self._leaving.clear()
        return leaving

    def _leave(self, message: _Message) -> None:
        self._leaving.append(message.raw)
        self.sent_number = max(self.sent_number, message.number)
