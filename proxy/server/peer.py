"""One side of a connection: an asyncio transport, with its flow control, behind plain callbacks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import Final, cast

from proxy.server.tls_layer import TlsLayer

_WRITE_HIGH_BYTES: Final = 256 * 1024
_LINGER_SECONDS: Final = 5.0
# From an end that has more than this ready, uvloop would read on for many times as much.
_TURN_BYTES: Final = 64 * 1024
# A machine that has gone without a word is noticed after two minutes of silence.
_KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 6),
)


def _ignore(*_: object) -> None:
    """Nobody listens yet, or any more."""


class Peer(asyncio.Protocol):
    """`on_made` is called once; `on_data`, `on_lost` and `on_pressure` may be replaced at will.

    `on_pressure` is called when `crowded` changes: more was written than the other end has taken.
    """

    def __init__(self, on_made: Callable[[Peer], None] = _ignore) -> None:
        self.on_data: Callable[[bytes], None] = _ignore
        self.on_lost: Callable[[], None] = _ignore
        self.on_pressure: Callable[[], None] = _ignore
        self.crowded = False
        self.lost = False
        self._on_made = on_made
        self._transport: asyncio.Transport | None = None
        self._reading = self._wanted = True
        self._had_turn = False
        self._written_bytes = 0
        self._tls: TlsLayer | None = None
        self._handshake: asyncio.Future[None] | None = None

    @property
    def address(self) -> str:
        """The other end's IP address, empty for a Unix socket."""
        name = self._made().get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def taken_bytes(self) -> int:
        """How much of what was written the other end's system has taken so far."""
        return self._written_bytes - self._made().get_write_buffer_size()

    def write(self, data: bytes) -> None:
        """Queue `data`; check `crowded` before producing more."""
        if self.lost or not data:
            return
        if self._tls is None:
            self._queue(data)
        elif self._tls.established:
            # It fails only behind an error or an end that the other side has been told of already.
            with contextlib.suppress(ssl.SSLError):
                self._tls.send(data)
            self._flush(self._tls)

    def read(self, *, wanted: bool) -> None:
        """Go on reading, or stop."""
        self._wanted = wanted
        self._read_on()

    def _read_on(self) -> None:
        """TLS answers by itself some of what arrives (alerts, keys updated: RFC 8446, 4.6.3), so
        from who does not take the answers nothing more is read."""
        stuck = self.crowded and self._tls is not None
        reading = self._wanted and not stuck and not self._had_turn
        if reading is not self._reading and not self.lost:
            self._reading = reading
            transport = self._made()
            (transport.resume_reading if reading else transport.pause_reading)()

    def _let_others(self) -> None:
        """Whoever sends a lot waits until all others have been looked at."""
        self._had_turn = True
        self._read_on()
        asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._had_turn = False
        self._read_on()

    async def start_tls(self, context: ssl.SSLContext, begun: bytes = b"") -> TlsLayer:
        """Become the server side of a TLS connection, of which `begun` has arrived already: from
        here on nothing is taken in clear. Raises `OSError` when the handshake fails."""
        loop = asyncio.get_running_loop()
        self._tls, self._handshake = TlsLayer(context), loop.create_future()
        if begun:
            self.data_received(begun)
        if self.lost:
            self._failed(ConnectionResetError("the connection was closed during the handshake"))
        await self._handshake
        return self._tls

    def close(self) -> None:
        """Send what is queued and hang up; hang up anyway if the other end does not take it."""
        if not self.lost:
            transport = self._made()
            if self._tls is not None:
                self._tls.finish()
                self._flush(self._tls)
            transport.close()
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._abort)

    def _abort(self) -> None:
        if not self.lost:
            self._made().abort()

    def _made(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH_BYTES)
        connection = self._transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            for level, option, value in _KEEPALIVE:
                connection.setsockopt(level, option, value)
        self._on_made(self)

    def data_received(self, data: bytes) -> None:
        if self._tls is None:
            self.on_data(data)
        else:
            self._decrypt(self._tls, data)
        if len(data) >= _TURN_BYTES and not self._had_turn:
            self._let_others()

    def _decrypt(self, tls: TlsLayer, data: bytes) -> None:
        try:
            plain = tls.receive(data)
        except ssl.SSLError as error:
            self._flush(tls)  # an alert says why
            self._failed(error)
            self._made().close()
            return
        self._flush(tls)
        if tls.established and self._handshake is not None and not self._handshake.done():
            self._handshake.set_result(None)
        if plain:
            self.on_data(plain)
        if tls.finished and not self.lost:
            self._made().close()

    def _flush(self, tls: TlsLayer) -> None:
        if data := tls.take():
            self._queue(data)

    def _queue(self, data: bytes) -> None:
        self._written_bytes += len(data)
        self._made().write(data)

    def _failed(self, error: OSError) -> None:
        if self._handshake is not None and not self._handshake.done():
            self._handshake.set_exception(error)

    def pause_writing(self) -> None:
        self.crowded = True
        self._read_on()
        self.on_pressure()

    def resume_writing(self) -> None:
        self.crowded = False
        self._read_on()
        self.on_pressure()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._failed(ConnectionResetError("the connection was closed during the handshake"))
        on_lost = self.on_lost
        # The callbacks hold the session, and the session holds this.
        self.on_data = self.on_lost = self.on_pressure = _ignore
        on_lost()
