"""Many statements at once over one socket, and each answer as the bytes it was."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from proxy.wire.postgres.startup import StartupMessage, encode_startup
from tests.noninterference.statement import Instance
from tests.world import HOST

WAITS_MAX_S = 60.0
PATIENCE_MS = 45_000
FIRST_USER_OID = 16384  # PostgreSQL documentation, "OID Assignment"
RECORD_OID = 2249

_DESCRIBE, _SYNC = b"D\0\0\0\6P\0", b"S\0\0\0\4"
_EXECUTE = b"E" + struct.pack(">I", 9) + b"\0" + struct.pack(">i", 0)
_HEADER = struct.Struct(">BI")
_COLUMN = struct.Struct(">IHIhih")


class Broken(Exception):
    """The connection ended, or said nothing for too long."""


@dataclass(slots=True)
class Answer:
    """What came for one statement. ``columns`` are names and types; a row type is a record,
    whichever relation it is of. ``error`` holds the fields of an error; ``other`` the bytes of all
    that is neither rows nor expected (notices, parameters)."""

    columns: tuple[tuple[bytes, int, int], ...] = ()
    rows: list[bytes] = field(default_factory=list)
    tag: bytes = b""
    error: dict[str, str] = field(default_factory=dict)
    other: list[bytes] = field(default_factory=list)

    @property
    def sqlstate(self) -> str:
        """Empty where there was no error."""
        return self.error.get("C", "")

    def seen(self, *, ordered: bool) -> object:
        """What must not depend on sealed rows."""
        rows = self.rows if ordered else Counter(self.rows)
        return self.columns, self.tag, self.sqlstate[:2], () if self.sqlstate else rows


class Client:
    """A session that nothing but `ask` uses. Raises `Broken`.

    ``begin`` begins the transaction of what writes. A time limit must not hold for it: a write
    whose BEGIN was cancelled would stay.
    """

    begin = "BEGIN"

    def __init__(self, port: int, database: str, user: str, **parameters: str) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=WAITS_MAX_S)
        self._buffer = bytearray()
        named = {"user": user, "database": database, **parameters}
        self._socket.sendall(encode_startup(StartupMessage(0, tuple(named.items()))))
        first = self._answer()
        if first.error:
            raise Broken(first.error.get("M", ""))

    def close(self) -> None:
        """End the session."""
        self._socket.close()

    def send(self, instances: Iterable[Instance]) -> None:
        """All of them in one write; what writes goes into a transaction that is rolled back."""
        parts = []
        for instance in instances:
            asked = _extended(instance) if instance.extended else _query(instance.text)
            if instance.writes:
                parts += [_query(self.begin), asked, _query("ROLLBACK")]
            else:
                parts.append(asked)
        try:
            self._socket.sendall(b"".join(parts))
        except OSError as error:
            raise Broken(str(error)) from None

    def receive(self, instances: Sequence[Instance]) -> list[Answer]:
        """Their answers, in order."""
        out = []
        for instance in instances:
            if not instance.writes:
                out.append(self._answer())
                continue
            begun, answer, ended = self._answer(), self._answer(), self._answer()
            if begun.sqlstate or ended.tag != b"ROLLBACK":
                raise Broken(begun.sqlstate or ended.sqlstate)
            out.append(answer)
        return out

    def ask(self, *instances: Instance) -> list[Answer]:
        """Send and receive."""
        self.send(instances)
        return self.receive(instances)

    def ask_patiently(self, instance: Instance) -> Answer:
        """The same, with far more time than a statement has else. It is rolled back."""
        begin, self.begin = self.begin, f"BEGIN; SET LOCAL statement_timeout = {PATIENCE_MS}"
        try:
            return self.ask(replace(instance, writes=True))[0]
        finally:
            self.begin = begin

    def run(self, text: str) -> Answer:
        """One text by the simple protocol."""
        return self.ask(Instance(text))[0]

    def _answer(self) -> Answer:
        """Everything up to ReadyForQuery."""
        out = Answer()
        while True:
            tag, body = self._message()
            if tag == 0x44:  # DataRow
                out.rows.append(body)
            elif tag == 0x5A:  # ReadyForQuery
                return out
            elif tag == 0x43:  # CommandComplete
                out.tag = body[:-1]
            elif tag == 0x54:  # RowDescription
                out.columns = columns_of(body)
            elif tag == 0x45:  # ErrorResponse
                out.error = fields_of(body)
                if out.error.get("S") == "FATAL":
                    raise Broken(out.error.get("M", ""))
            elif tag not in b"12nIRK":
                out.other.append(body)

    def _message(self) -> tuple[int, bytes]:
        self._fill(5)
        tag, length = _HEADER.unpack_from(self._buffer)
        self._fill(1 + length)
        body = bytes(self._buffer[5 : 1 + length])
        del self._buffer[: 1 + length]
        return tag, body

    def _fill(self, size: int) -> None:
        while len(self._buffer) < size:
            try:
                chunk = self._socket.recv(262144)
            except OSError as error:
                raise Broken(str(error)) from None
            if not chunk:
                raise Broken("the connection ended")
            self._buffer += chunk


def _query(text: str) -> bytes:
    body = text.encode() + b"\0"
    return b"Q" + struct.pack(">I", len(body) + 4) + body


def _extended(instance: Instance) -> bytes:
    """Parse, Bind with text parameters and binary results, Describe, Execute, Sync."""
    parsed = b"\0" + instance.text.encode() + b"\0\0\0"
    values = b"".join(
        struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value
        for value in instance.parameters
    )
    bound = b"\0\0\0\0" + struct.pack(">H", len(instance.parameters)) + values + b"\0\1\0\1"
    messages = ((b"P", parsed), (b"B", bound))
    head = b"".join(tag + struct.pack(">I", len(body) + 4) + body for tag, body in messages)
    return head + _DESCRIBE + _EXECUTE + _SYNC


def columns_of(body: bytes) -> tuple[tuple[bytes, int, int], ...]:
    out, position = [], 2
    for _ in range(int.from_bytes(body[:2], "big")):
        end = body.index(0, position)
        _, _, oid, _, modifier, _ = _COLUMN.unpack_from(body, end + 1)
        shown = RECORD_OID if oid >= FIRST_USER_OID else oid
        out.append((body[position:end], shown, modifier))
        position = end + 1 + _COLUMN.size
    return tuple(out)


def fields_of(body: bytes) -> dict[str, str]:
    parts = (part for part in body.split(b"\0") if part)
    return {chr(part[0]): part[1:].decode("utf-8", "replace") for part in parts}
