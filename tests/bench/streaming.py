"""A client that only counts: megabytes a second of one large answer.

The cheapest reader there can be, so that the figure is the server's side and not the driver's.
"""

from __future__ import annotations

import socket
import struct
import time

READY = b"Z\x00\x00\x00\x05I"
BUFFER_BYTES = 1 << 20
SILENCE_MAX_S = 30.0


def megabytes_per_second(host: str, port: int, user: str, database: str, sql: str) -> float:
    """Ask once as a user who needs no password; the time runs from the question to the end.

    Raises OSError or ValueError when the answer does not come whole.
    """
    with socket.create_connection((host, port), timeout=SILENCE_MAX_S) as connection:
        connection.sendall(_startup(user=user, database=database))
        _read_answer(connection)
        started = time.perf_counter()
        connection.sendall(_message(b"Q", sql.encode() + b"\0"))
        answer_bytes, first = _read_answer(connection)
        elapsed_s = time.perf_counter() - started
        connection.sendall(_message(b"X", b""))
    if first != b"T":
        raise ValueError("the answer does not begin with a RowDescription")
    return answer_bytes / elapsed_s / 1e6


def _read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Bytes up to ReadyForQuery, and the tag of the first message.

    Row bodies are not looked into: the data of the benchmark holds no such six bytes.
    """
    buffer = bytearray(BUFFER_BYTES)
    total_bytes, first, tail = 0, b"", b""
    while tail != READY:
        count = connection.recv_into(buffer)
        if not count:
            raise ValueError("the connection ended in the middle of the answer")
        first = first or bytes(buffer[:1])
        total_bytes += count
        tail = (tail + buffer[max(0, count - len(READY)) : count])[-len(READY) :]
    return total_bytes, first


def _startup(**parameters: str) -> bytes:
    """StartupMessage 3.0 (PostgreSQL documentation, "Message Formats")."""
    pairs = b"".join(b"%b\0%b\0" % (k.encode(), v.encode()) for k, v in parameters.items())
    body = struct.pack("!HH", 3, 0) + pairs + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def _message(tag: bytes, body: bytes) -> bytes:
    return tag + struct.pack("!I", len(body) + 4) + body
