"""A client of one large answer that reads as fast as it is told to, and one of one large COPY."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from dataclasses import dataclass

from proxy.wire.postgres.startup import SSL_REQUEST
from tests.drivers.raw import RawClient, message, query

RECEIVE_BUFFER_BYTES = 64 * 1024
READ_BYTES = 64 * 1024
READY = b"Z\x00\x00\x00\x05I"
SILENCE_MAX_S = 180.0


class SlowReader:
    """Asks ``sql`` when it is made; then nothing is read that `read` does not read. ``tls``: by
    TLS, whoever the other end is."""

    def __init__(
        self, host: str, port: int, user: str, database: str, sql: str, *, tls: bool = False
    ) -> None:
        self.raw = RawClient(host, port)
        self.raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if tls:
            self.raw.socket.sendall(SSL_REQUEST)
            self.raw.socket.recv(1)
            context = ssl._create_unverified_context()
            self.raw.socket = context.wrap_socket(self.raw.socket)
        self.socket = self.raw.socket
        self.raw.start(user=user, database=database)
        self.socket.settimeout(SILENCE_MAX_S)
        self.read_bytes = 0
        self._tail = b""
        self.raw.send(query(sql))

    @property
    def done(self) -> bool:
        """The answer has come to its end."""
        return self._tail == READY

    def read(self, *, seconds: float, bytes_per_second: float) -> None:
        """Read evenly, for so long or to the end."""
        started = time.monotonic()
        taken_bytes = 0
        while (elapsed := time.monotonic() - started) < seconds and not self.done:
            if taken_bytes > elapsed * bytes_per_second:
                time.sleep(0.01)
                continue
            taken_bytes += self._take()

    def drain(self) -> None:
        """Read the rest as fast as it comes. Raises `ValueError` where it ends before."""
        while not self.done:
            self._take()

    def _take(self) -> int:
        chunk = self.socket.recv(READ_BYTES)
        if not chunk:
            raise ValueError("the connection ended in the middle of the answer")
        self.read_bytes += len(chunk)
        self._tail = (self._tail + chunk)[-len(READY) :]
        return len(chunk)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def reset(self) -> None:
        """Hang up without a word of farewell: what was not read is lost (RST)."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass(frozen=True, slots=True)
class FastWriter:
    """Sends rows of a COPY without a pause, from a socket that blocks when nobody takes them."""

    raw: RawClient

    def copy(self, table: str, rows_count: int, row: bytes, rows_a_message: int = 500) -> str:
        """All rows as soon as possible, not even waiting for the server to ask for them; the tag of
        the command, or a SQLSTATE."""
        self.raw.socket.settimeout(SILENCE_MAX_S)
        self.raw.send(query(f"COPY {table} FROM STDIN"))
        part = message("d", row * rows_a_message)
        for _ in range(rows_count // rows_a_message):
            self.raw.socket.sendall(part)
        self.raw.send(message("c"))
        for answer in self.raw.until("Z"):
            if answer.tag == "C":
                return answer.body.rstrip(b"\0").decode()
            if answer.tag == "E":
                return answer.fields["C"]
        return "lost"
