"""A log at a URL, read by somebody who believes nothing that comes from there.

Whoever answers can keep the log from being read and no more: an answer is limited in length and in
time, nothing is followed elsewhere, nothing is unpacked. What is in it proves itself, or does not.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ledger.errors import ConfigurationError
from ledger.tile import TILE_WIDTH
from ledger.wire import PAYLOAD_BYTES_MAX

FILE_BYTES_MAX: Final = TILE_WIDTH * (PAYLOAD_BYTES_MAX + 1024)
"""A file of payloads, each as long as it may be."""
SOCKET_SECONDS_MAX: Final = 10.0
FILE_SECONDS_MAX: Final = 60.0
_CHUNK_BYTES: Final = 1 << 16
_ABSENT: Final = (404, 410)
_OK: Final = 200


class HttpLog:
    """`ledger.fetch.LogReader` over HTTP: the files of a log directory under a URL.

    Blocks; several threads may share it, and are served one after the other.
    """

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        """`ca_file`: PEM certificates that may have signed the server's, not the system's.

        Raises `ConfigurationError`.
        """
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if parts.scheme not in ("http", "https") or not host:
            raise ConfigurationError("a log is at a directory, or at http://… or https://…")
        if parts.username is not None or parts.query or parts.fragment:
            raise ConfigurationError("the URL of a log has no user, no password and no ?query")
        self._prefix = parts.path.rstrip("/")
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            try:
                context = ssl.create_default_context(cafile=ca_file)
            except (OSError, ssl.SSLError):
                message = f"cannot use {ca_file}: PEM certificates are wanted"
                raise ConfigurationError(message) from None
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=SOCKET_SECONDS_MAX, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=SOCKET_SECONDS_MAX)

    def read(self, path: str) -> bytes:
        """The whole file. Raises `FileNotFoundError`, or `ConnectionError` for anything else."""
        with self._lock:
            # A server may close a connection that nobody used for a while: then there is a second.
            for attempt in ("first", "second"):
                fresh = self._connection.sock is None
                try:
                    return self._request(path)
                except (http.client.HTTPException, OSError) as error:
                    self._connection.close()
                    if isinstance(error, FileNotFoundError):
                        raise
                    if fresh or attempt == "second" or isinstance(error, _Endless):
                        message = f"the log cannot be read there: {_reason(error)}"
                        raise ConnectionError(message) from None
            raise AssertionError("unreachable")

    def segments(self) -> list[tuple[str, bytes]]:
        """None: what is not published yet is on the notary's disk alone."""
        return []

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _request(self, path: str) -> bytes:
        self._connection.request("GET", f"{self._prefix}/{path}", headers={"Accept": "*/*"})
        # The response holds the socket as well: while it is open, so is the connection.
        with self._connection.getresponse() as response:
            if response.status in _ABSENT:
                raise FileNotFoundError(path)
            if response.status != _OK:
                raise _Refused(response.status)
            body, deadline = bytearray(), time.monotonic() + FILE_SECONDS_MAX
            while chunk := response.read1(_CHUNK_BYTES):
                body += chunk
                if len(body) > FILE_BYTES_MAX or time.monotonic() > deadline:
                    raise _Endless
            if response.length:
                raise ConnectionError("it broke off")
            return bytes(body)


class _Refused(OSError):
    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


class _Endless(OSError):
    """More, or slower, than any file of a log."""


def _reason(error: Exception) -> str:
    """One word or two, of ours: what a server says is not repeated."""
    match error:
        case _Refused():
            return f"HTTP status {error.status}"
        case _Endless():
            return "the answer does not end"
        case ssl.SSLCertVerificationError():
            return "its certificate is not trusted"
        case TimeoutError():
            return "no answer in time"
        case _:
            return "no connection"
