"""Numbers and slices out of a fuzzer's bytes."""

from __future__ import annotations

from collections.abc import Iterator


class Bytes:
    """Choices, a byte each."""

    def __init__(self, data: bytes) -> None:
        self._left = iter(data)
        self.empty = not data

    def choose(self, below: int) -> int:
        """A number below `below`, 0 once the bytes have run out."""
        found = next(self._left, None)
        self.empty = found is None
        return 0 if found is None else found % below


def split(data: bytes) -> tuple[bytes, bytes]:
    """What to send, and how to cut it: the last 8 bytes."""
    return data[:-8], data[-8:]


def pieces(data: bytes, cuts: bytes) -> Iterator[bytes]:
    """`data` in pieces as long as `cuts` says, the rest at once."""
    position = 0
    for size_bytes in cuts:
        if size_bytes and position < len(data):
            yield data[position : position + size_bytes]
            position += size_bytes
    if position < len(data):
        yield data[position:]
