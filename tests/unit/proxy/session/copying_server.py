"""A server as far as COPY ... FROM STDIN goes: what it makes of each message depends on its mode.

After PostgreSQL's postgres.c and copyfromparse.c. It says nothing of what it is sent but that it
was read as rows or as statements, which is the question.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from proxy.wire.postgres.frontend import decode_parse, decode_query
from tests.unit.proxy.session.playbook import (
    BOUND,
    COPIED,
    DONE,
    PARSED,
    POISON,
    READY,
    SYNTAX_ERROR,
    TAKING,
    error,
)

ROW_TAGS = frozenset(b"dcf")


class Mode(Enum):
    """What the next message is read as. SKIPPING: as nothing, up to a Sync."""

    STATEMENTS = auto()
    ROWS = auto()
    SKIPPING = auto()


class Server:
    """Feed it bytes; `step` reads one message of them and answers. `fails` draws what goes wrong.

    A message in the wrong mode is an AssertionError: the proxy took it for something else.
    """

    def __init__(self, fails: Callable[[], bool]) -> None:
        self.mode = Mode.STATEMENTS
        self._fails = fails
        self._unread = bytearray()
        self._simple = False
        self._statement = self._portal = b""

    def feed(self, data: bytes) -> None:
        self._unread += data

    @property
    def behind(self) -> bool:
        """There is a message it has not read."""
        return bool(self._unread)

    def cancel(self) -> bytes:
        """Somebody else ends the COPY."""
        return self._failed() if self.mode is Mode.ROWS else b""

    def step(self) -> bytes:
        """Read one message."""
        if not self._unread:
            return b""
        end = 1 + int.from_bytes(self._unread[1:5], "big")
        raw = bytes(self._unread[:end])
        assert len(raw) == end, "the proxy sends whole messages"
        del self._unread[:end]
        if self.mode is Mode.ROWS:
            return self._row(raw)
        if raw[0] in ROW_TAGS or (self.mode is Mode.SKIPPING and raw[:1] != b"S"):
            return b""
        return self._said(raw)

    def _row(self, raw: bytes) -> bytes:
        assert raw[0] in ROW_TAGS, f"{raw!r} was read as rows"
        if raw[:1] == b"f" or self._fails():
            return self._failed()
        if raw[:1] == b"d":
            return b""
        self.mode = Mode.STATEMENTS
        return COPIED + (READY if self._simple else b"")

    def _failed(self, answer: bytes | None = None) -> bytes:
        self.mode = Mode.STATEMENTS if self._simple else Mode.SKIPPING
        return (answer or error()) + (READY if self._simple else b"")

    def _said(self, raw: bytes) -> bytes:
        self._simple = raw[:1] == b"Q"
        match raw[:1]:
            case b"Q":
                self._statement = self._portal = b""
                text = decode_query(raw)
                return self._run(text) + (READY if self.mode is not Mode.ROWS else b"")
            case b"S":
                self.mode, self._portal = Mode.STATEMENTS, b""
                return READY
            case b"P":
                self._statement = decode_parse(raw).text
                if self._statement == POISON:
                    return self._failed(SYNTAX_ERROR)
                return PARSED
            case b"B":
                self._portal = self._statement
                return BOUND if self._portal else self._failed()
            case b"E":
                text, self._portal = self._portal, b"done"
                return self._run(text) if text not in (b"", b"done") else self._failed()
            case _:
                return b""

    def _run(self, text: bytes) -> bytes:
        if text == POISON:
            return SYNTAX_ERROR
        if text != b"COPY":
            return DONE
        if self._fails():
            return error() if self._simple else self._failed()
        self.mode = Mode.ROWS
        return TAKING
