"""A chunk of the server's bytes -> where its messages stand in it. Pure.

Rows are most of the bytes and none of the meaning: of a DataRow only the header is read, and its
body is never copied. Every other message is given whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Final

from proxy.errors import UpstreamUnavailable
from proxy.wire.postgres.backend import COPY_DATA, DATA_ROW
from proxy.wire.postgres.framer import HEADER_BYTES

_HEADER: Final = Struct(">BI")
# A DataRow counts its columns; a CopyData may be empty.
_ROW_LENGTH_MIN: Final = {DATA_ROW: 6, COPY_DATA: 4}
_NO_ROW: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Stretch:
    """``data[start:end]``: one whole message, or bytes of consecutive rows.

    `rows_count` is the number of rows that *begin* here, the first of them at `first`; a row may
    end in a later chunk. What COPY sends are rows, too, and have the tag of a DataRow here.
    """

    tag: int
    start: int
    end: int
    rows_count: int = 0
    first: int = 0

    def behind(self, data: bytes, rows_count: int) -> int:
        """Where the row after so many of those that begin here begins, if it does."""
        position = self.first
        for _ in range(rows_count):
            position += 1 + int(_HEADER.unpack_from(data, position)[1])
        return position


@dataclass(frozen=True, slots=True)
class Walk:
    """`stretches` cover ``data`` from 0 to `end` without a gap; `whole`: no row is left open."""

    data: bytes
    stretches: tuple[Stretch, ...]
    end: int
    whole: bool


_NOTHING: Final = Walk(b"", (), 0, True)


class Walker:
    """Feed chunks as they arrive; whatever the chunking, the same messages come out.

    `body_bytes_max` names every tag that may come with the longest body that is waited for; rows
    are not waited for. A message off the list raises `UpstreamUnavailable`, and so does all after.
    """

    def __init__(self, body_bytes_max: Mapping[int, int]) -> None:
        self._body_bytes_max = body_bytes_max
        self._row_bytes_left = 0
        self._tail = bytearray()
        self._tail_bytes_needed = 0
        self._broken = False

    def feed(self, chunk: bytes) -> Walk:
        """Walk what was kept back from earlier chunks and `chunk`."""
        if self._broken:
            raise UpstreamUnavailable("the database broke its protocol earlier")
        data = chunk
        if self._tail:
            self._tail += chunk
            if len(self._tail) < self._tail_bytes_needed:
                return _NOTHING
            data = bytes(self._tail)
            self._tail.clear()
        return self._walk(data)

    def _walk(self, data: bytes) -> Walk:
        size = len(data)
        stretches: list[Stretch] = []
        position = first = self._row_bytes_left
        rows_start = rows_count = 0
        while position + HEADER_BYTES <= size:
            tag, length_bytes = _HEADER.unpack_from(data, position)
            if length_bytes >= _ROW_LENGTH_MIN.get(tag, _NO_ROW):
                rows_count += 1
                position += 1 + length_bytes
                continue
            if rows_start < position:
                stretches.append(Stretch(DATA_ROW, rows_start, position, rows_count, first))
                rows_count = 0
            end = position + 1 + self._checked_length(tag, length_bytes)
            if end > size:
                rows_start = position
                self._keep(data, position, end - position)
                return Walk(data, tuple(stretches), position, True)
            stretches.append(Stretch(tag, position, end))
            position = rows_start = first = end
        self._row_bytes_left = max(position - size, 0)
        end = min(position, size)
        if rows_start < end:
            stretches.append(Stretch(DATA_ROW, rows_start, end, rows_count, first))
        if end < size:
            self._keep(data, end, HEADER_BYTES)
        return Walk(data, tuple(stretches), end, position <= size)

    def _keep(self, data: bytes, start: int, needed_bytes: int) -> None:
        self._row_bytes_left = 0
        self._tail += memoryview(data)[start:]
        self._tail_bytes_needed = needed_bytes

    def _checked_length(self, tag: int, length_bytes: int) -> int:
        body_bytes_max = self._body_bytes_max.get(tag)
        if body_bytes_max is None or not 4 <= length_bytes <= 4 + body_bytes_max:
            self._broken = True
            raise UpstreamUnavailable("the database sent a message outside its protocol")
        return length_bytes
