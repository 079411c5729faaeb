"""A client that says exactly what it is told to, byte by byte."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Self

from proxy.wire.postgres.backend import decode_fields
from proxy.wire.postgres.startup import StartupMessage, encode_startup


@dataclass(frozen=True)
class Message:
    tag: str
    body: bytes

    @property
    def fields(self) -> dict[str, str]:
        """Of an error."""
        raw = b"\0\0\0\0\0" + self.body
        return {
            letter: value.decode("utf-8", "replace") for letter, value in decode_fields(raw).items()
        }


def message(tag: str, body: bytes = b"") -> bytes:
    """A message of the client."""
    return tag.encode() + struct.pack(">I", len(body) + 4) + body


def query(text: str) -> bytes:
    return message("Q", text.encode() + b"\0")


def parse(text: str, name: str = "") -> bytes:
    return message("P", name.encode() + b"\0" + text.encode() + b"\0\0\0")


def bind(statement: str = "", portal: str = "") -> bytes:
    return message("B", portal.encode() + b"\0" + statement.encode() + b"\0" + b"\0" * 6)


def execute(portal: str = "", rows_max: int = 0) -> bytes:
    return message("E", portal.encode() + b"\0" + struct.pack(">i", rows_max))


SYNC = message("S")
FLUSH = message("H")


class RawClient:
    """One socket. Everything that waits ends after 20 seconds."""

    def __init__(self, host: str, port: int, source: str | None = None) -> None:
        own = None if source is None else (source, 0)
        self.socket = socket.create_connection((host, port), timeout=20, source_address=own)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        """Send the parts as one write."""
        self.socket.sendall(b"".join(parts))

    def start(self, **parameters: str) -> list[Message]:
        """Log in by trust; what came up to ReadyForQuery or the end."""
        named = {name.replace("__", "."): value for name, value in parameters.items()}
        self.send(encode_startup(StartupMessage(0, tuple(named.items()))))
        return self.until("Z")

    def receive(self) -> Message | None:
        """The next message; None when the other side has closed."""
        head = self._exactly(5)
        if head is None:
            return None
        body = self._exactly(struct.unpack(">I", head[1:])[0] - 4)
        return None if body is None else Message(chr(head[0]), body)

    def until(self, tag: str) -> list[Message]:
        """Messages up to the first of `tag`, or to the end of the connection."""
        messages: list[Message] = []
        while (received := self.receive()) is not None:
            messages.append(received)
            if received.tag == tag:
                break
        return messages

    def silent(self, seconds: float = 0.15) -> bool:
        """Nothing comes for so long."""
        self.socket.settimeout(seconds)
        try:
            return not self._buffer and self.socket.recv(1, socket.MSG_PEEK) is None
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(20)

    def _exactly(self, size: int) -> bytes | None:
        while len(self._buffer) < size:
            try:
                chunk = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not chunk:
                return None
            self._buffer += chunk
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken


def tags(messages: list[Message]) -> str:
    """The tags in order."""
    return "".join(received.tag for received in messages)
