"""Bytes -> frames. Pure: no sockets, no clock, no opinion about what a frame means."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from struct import Struct
from typing import Final

from proxy.errors import ProtocolViolation

HEADER_BYTES: Final = 5
_HEADER: Final = Struct(">BI")


class MessageTooLarge(ProtocolViolation):
    """A message of a known tag is longer than this deployment admits."""

    sqlstate = "54000"
    label = "message-too-large"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: `raw` is all of it, tag and length included, so that it can be sent on."""

    tag: int
    raw: bytes


class Framer:
    """Feed bytes in any chunking; take whole frames out, in order.

    `body_bytes_max` names every tag that may come, each with the longest body it may have: a frame
    we cannot name is a frame we cannot judge. Lengths are checked before the body is waited for.
    After a violation the stream has no trustworthy next byte, so the framer stays broken.

    `divisible` are the tags of messages whose bounds mean nothing: what has arrived of one that is
    not whole yet is a frame of its own, so that no more than a chunk is held of it.
    """

    def __init__(
        self, body_bytes_max: Mapping[int, int], divisible: Set[int] = frozenset()
    ) -> None:
        self._body_bytes_max = body_bytes_max
        self._divisible = divisible
        self._divided_tag = 0
        self._divided_bytes_left = 0
        self._buffer = bytearray()
        self._start = 0
        self._violation: ProtocolViolation | None = None

    @property
    def buffered_bytes(self) -> int:
        """Bytes fed and not yet taken as a frame."""
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Append what arrived."""
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data

    def take(self) -> Frame | None:
        """The next whole frame, or None until more is fed. Raises `ProtocolViolation`."""
        if self._violation is not None:
            raise self._violation
        if self._divided_bytes_left:
            return self._piece()
        start = self._start
        if len(self._buffer) - start < HEADER_BYTES:
            return None
        tag, length_bytes = _HEADER.unpack_from(self._buffer, start)
        body_bytes_max = self._body_bytes_max.get(tag)
        if body_bytes_max is None:
            raise self._broken(ProtocolViolation(f"unexpected message type 0x{tag:02x}"))
        if length_bytes < 4:
            raise self._broken(ProtocolViolation("invalid message length"))
        if length_bytes - 4 > body_bytes_max:
            raise self._broken(
                MessageTooLarge(f"a message is longer than the {body_bytes_max} bytes admitted")
            )
        end = start + 1 + length_bytes
        if len(self._buffer) < end:
            if tag not in self._divisible:
                return None
            self._start += HEADER_BYTES
            self._divided_tag, self._divided_bytes_left = tag, length_bytes - 4
            return self._piece()
        self._start = end
        return Frame(tag, bytes(memoryview(self._buffer)[start:end]))

    def rest(self) -> bytes:
        """What is buffered behind the last frame taken; the framer is empty afterwards."""
        rest = bytes(memoryview(self._buffer)[self._start :])
        self._buffer.clear()
        self._start = 0
        return rest

    def _piece(self) -> Frame | None:
        size_bytes = min(self.buffered_bytes, self._divided_bytes_left)
        if not size_bytes:
            return None
        start, end = self._start, self._start + size_bytes
        self._start = end
        self._divided_bytes_left -= size_bytes
        header = _HEADER.pack(self._divided_tag, 4 + size_bytes)
        return Frame(self._divided_tag, header + memoryview(self._buffer)[start:end])

    def _broken(self, violation: ProtocolViolation) -> ProtocolViolation:
        self._violation = violation
        return violation
