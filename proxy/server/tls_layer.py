"""The server's side of one TLS connection as bytes in and bytes out, without a socket.

An event loop's own TLS takes a connection over from its next read on. Here the first bytes of a
client decide whether it is TLS, and they have to be part of the handshake when it is.
"""

from __future__ import annotations

import contextlib
import ssl
from typing import Final

_READ_BYTES: Final = 256 * 1024


class TlsLayer:
    """Feed what arrives to `receive` and plaintext to `send`; after either, `take` what is to be
    sent. After an `ssl.SSLError` there may be an alert to take, and nothing else works."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.established = False
        self.finished = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    @property
    def certificate(self) -> bytes | None:
        """The client's certificate in DER; it was verified, or the handshake had failed."""
        return self._tls.getpeercert(binary_form=True)

    @property
    def application_protocol(self) -> str | None:
        """The name that both sides agreed on (ALPN, RFC 7301)."""
        return self._tls.selected_alpn_protocol()

    def receive(self, data: bytes) -> bytes:
        """The plaintext in what arrived; `finished` when the client says that it was the last.

        Raises `ssl.SSLError`.
        """
        self._incoming.write(data)
        plain = bytearray()
        try:
            if not self.established:
                self._tls.do_handshake()
                self.established = True
            while chunk := self._tls.read(_READ_BYTES):
                plain += chunk
            self.finished = True
        except ssl.SSLWantReadError:
            pass
        return bytes(plain)

    def send(self, plain: bytes) -> None:
        """Encrypt. Raises `ssl.SSLError`."""
        left = memoryview(plain)
        while left:
            left = left[self._tls.write(left) :]  # a record at a time

    def take(self) -> bytes:
        """What is to be sent now."""
        return self._outgoing.read()

    def finish(self) -> None:
        """Say that nothing follows (close_notify: RFC 8446, 6.1), so that nobody can cut it off."""
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
