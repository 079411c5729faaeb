"""What the client is told beside what the server said: a strict client that reads every byte."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.backend import decode_fields
from tests.fuzzing.postgres import MARK, ROWS_TAGS, Said
from tests.fuzzing.sequence import Asked
from tests.fuzzing.texts import NONCE

_LOOSE: Final = frozenset({backend.NOTICE, backend.NOTIFICATION, backend.PARAMETER_STATUS})
_ENDS: Final = {
    frontend.PARSE: b"1",
    frontend.BIND: b"2",
    frontend.CLOSE: b"3",
    frontend.DESCRIBE: b"Tn",
    frontend.EXECUTE: b"CIs",
    frontend.SYNC: b"Z",
    frontend.QUERY: b"Z",
    frontend.FUNCTION_CALL: b"Z",
}
_MAY_COME: Final = {
    frontend.DESCRIBE: b"t",
    frontend.EXECUTE: b"DHGdc",
    frontend.QUERY: b"TDCIHGdc",
}


@dataclass(slots=True)
class Reader:
    """A client's state machine: which message may answer which of its own, as the protocol says."""

    waiting: deque[Asked] = field(default_factory=deque)
    ready_count: int = 0
    copying: bool = False
    failed: bool = False
    skipping: bool = False

    def asked(self, message: Asked) -> None:
        if self.skipping and message.tag != frontend.SYNC:
            return
        self.skipping = False
        if message.tag not in ROWS_TAGS and message.tag != frontend.TERMINATE:
            self.waiting.append(message)

    def read(self, raw: bytes) -> None:
        """A whole message came."""
        tag = raw[0]
        if tag in _LOOSE:
            return
        assert self.waiting, f"{raw!r} answers nothing"
        head = self.waiting[0].tag
        self.ready_count += tag == backend.READY
        if tag == backend.ERROR:
            self._error(head)
        elif tag in _ENDS[head]:
            assert not self.failed or tag == backend.READY
            self.waiting.popleft()
            self.failed = False
        else:
            assert not self.failed, f"{raw!r} behind an error"
            assert tag in _MAY_COME.get(head, b""), f"{raw!r} is no answer to {chr(head)}"

    def _error(self, head: int) -> None:
        assert not self.failed, "two errors for one"
        if head in (frontend.QUERY, frontend.SYNC, frontend.FUNCTION_CALL):
            self.failed = True
            return
        while self.waiting and self.waiting[0].tag != frontend.SYNC:
            self.waiting.popleft()
        self.skipping = not self.waiting


@dataclass(slots=True)
class Stream:
    """The bytes released to the client, held against `said`."""

    said: list[Said]
    reader: Reader = field(default_factory=Reader)
    refused_count: int = 0
    scrubbed_count: int = 0
    guarded: bool = False
    _position: int = 0
    _buffer: bytearray = field(default_factory=bytearray)

    @property
    def whole(self) -> bool:
        return not self._buffer

    @property
    def missing(self) -> list[Said]:
        """What was said and has not come."""
        return [said for said in self.said[self._position :] if not self._may_be_left_out(said)]

    def released(self, data: bytes, durable_number: int) -> None:
        self._buffer += data
        while len(self._buffer) >= 5:
            end = 1 + int.from_bytes(self._buffer[1:5], "big")
            if len(self._buffer) < end:
                break
            raw = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._match(raw, durable_number)
            self.reader.read(raw)
        if self._buffer:
            said = self._next(bytes(self._buffer[:1]))
            assert said.raw.startswith(self._buffer), "part of something that nobody said"
            assert said.raw[:1] in (b"D", b"d"), "part of a message that is not a row"
            assert said.number <= durable_number, "a row before its record"

    def _next(self, tag: bytes) -> Said:
        while self._position < len(self.said):
            said = self.said[self._position]
            hidden = said.raw[0] == backend.NOTICE and MARK in said.raw
            if said.raw[:1] == tag and said.raw[0] != backend.NOTIFICATION and not hidden:
                return said
            assert self._may_be_left_out(said), f"{said.raw!r} is missing"
            self._position += 1
        raise AssertionError(f"{tag!r} that nobody said")

    def _may_be_left_out(self, said: Said) -> bool:
        if said.raw[0] == backend.NOTIFICATION:
            return True
        return said.raw[0] == backend.NOTICE and self.guarded

    def _match(self, raw: bytes, durable_number: int) -> None:
        said = self._next(raw[:1])
        while said.raw != raw and self._may_be_left_out(said):
            self._position += 1
            said = self._next(raw[:1])
        self._position += 1
        assert said.number <= durable_number, "an answer before its record"
        assert NONCE not in raw, "the poison shows"
        if raw[0] != backend.ERROR:
            assert raw == said.raw
            return
        assert MARK not in raw, "what is sealed shows"
        told, was = decode_fields(raw), decode_fields(said.raw)
        if NONCE in said.raw:
            self.refused_count += 1
            assert told["C"] != b"42601"
            assert told["H"].startswith(b"rule ")
        elif raw != said.raw:
            self.scrubbed_count += 1
            describes = said.cause is not None and said.cause.raw[0] == frontend.DESCRIBE
            assert self.guarded or describes, "an error was changed that tells nothing"
            assert told["C"] == was["C"]
