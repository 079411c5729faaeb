"""A session of which every byte that comes back is kept."""

from __future__ import annotations

import re
import socket
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from proxy.wire.postgres.startup import StartupMessage, encode_startup
from tests.noninterference.cases import Case
from tests.noninterference.client import columns_of, fields_of
from tests.world import HOST, Database

WAITS_MAX_S = 60.0
_HEADER = struct.Struct(">BI")
_RULE = re.compile(r"rule ([a-z0-9-]+)")
_REFUSED = frozenset(("42501", "42P01"))
_COPY_FAIL = b"f\0\0\0\5\0"
# Where the connection stands and what it is called: BackendKeyData, ReadyForQuery, authentication.
_OF_THE_SESSION = frozenset(b"KZR")


@dataclass(slots=True)
class Reply:
    """What came for one Query, up to ReadyForQuery or the end of the connection."""

    messages: list[tuple[int, bytes]] = field(default_factory=list)
    ended: bool = False

    @property
    def error(self) -> dict[str, str]:
        """The fields of the ErrorResponse, empty where there was none."""
        return next((fields_of(body) for tag, body in self.messages if tag == 0x45), {})

    @property
    def rule(self) -> str:
        """The rule by which the product refused; empty where it did not."""
        found = _RULE.search(self.error.get("H", ""))
        return found[1] if found and self.error.get("C") in _REFUSED else ""

    @property
    def content(self) -> bytes:
        """All that was said of data."""
        return b"\0".join(body for tag, body in self.messages if tag not in _OF_THE_SESSION)

    def seen(self, *, ordered: bool) -> object:
        """What must not depend on sealed rows."""
        rows = [body for tag, body in self.messages if tag in b"Dd"]
        error = self.error.get("C", "")[:2]
        if error:
            return error
        described = [columns_of(body) for tag, body in self.messages if tag == 0x54]
        tags = [body for tag, body in self.messages if tag == 0x43]
        return described, tags, rows if ordered else Counter(rows)


class Played:
    """A session of one Query after the other."""

    def __init__(self, port: int, named: Iterable[tuple[str, str]]) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=WAITS_MAX_S)
        self._buffer = bytearray()
        self._socket.sendall(encode_startup(StartupMessage(0, tuple(named))))
        self.first = self._reply()

    @classmethod
    @contextmanager
    def of(cls, case: Case, port: int, database: Database) -> Iterator[Played]:
        """A session as the case says."""
        named = (("user", case.role), ("database", database.name), *case.startup)
        session = cls(port, named)
        try:
            yield session
        finally:
            session._socket.close()

    def query(self, body: bytes, rows: bytes | None = None) -> Reply:
        """Send it; the reply. A COPY ... FROM STDIN is given `rows`, or told that there are none
        to come."""
        try:
            self._socket.sendall(b"Q" + struct.pack(">I", len(body) + 5) + body + b"\0")
        except OSError:
            return Reply(ended=True)
        return self._reply(_COPY_FAIL if rows is None else _copied(rows))

    def _reply(self, rows: bytes = _COPY_FAIL) -> Reply:
        out = Reply()
        while (message := self._message()) is not None:
            out.messages.append(message)
            if message[0] == 0x5A:  # ReadyForQuery
                return out
            if message[0] == 0x47:  # CopyInResponse
                self._socket.sendall(rows)
        out.ended = True
        return out

    def _message(self) -> tuple[int, bytes] | None:
        if not self._fill(5):
            return None
        tag, length = _HEADER.unpack_from(self._buffer)
        if not self._fill(1 + length):
            return None
        body = bytes(self._buffer[5 : 1 + length])
        del self._buffer[: 1 + length]
        return tag, body

    def _fill(self, size: int) -> bool:
        while len(self._buffer) < size:
            try:
                chunk = self._socket.recv(262144)
            except ConnectionError:
                return False
            if not chunk:
                return False
            self._buffer += chunk
        return True


def _copied(rows: bytes) -> bytes:
    return b"d" + struct.pack(">I", len(rows) + 4) + rows + b"c\0\0\0\4"
