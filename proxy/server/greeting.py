"""From an accepted connection to its StartupMessage: encryption requests and cancel requests."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final, assert_never

from proxy.errors import FengcunError, ProtocolViolation
from proxy.server.encryption import ALPN, ClientTls, Secured, secure
from proxy.server.peer import Peer
from proxy.wire.postgres.startup import (
    CancelRequest,
    GssRequest,
    SslRequest,
    StartupMessage,
    StartupPacket,
    StartupReader,
)

_NO: Final = b"N"
_TLS_FOLLOWS: Final = b"S"
# The type of a TLS record that holds a ClientHello (RFC 8446, 5.1). No startup packet begins so:
# it would be longer than any may be.
_TLS_HANDSHAKE: Final = 0x16


class ClientLeft(FengcunError):
    """The client hung up before it said what it wants; nobody is there to be told."""

    sqlstate = "08006"
    label = "client-left"


class HandshakeFailed(FengcunError):
    """The client was told by an alert of TLS, and cannot be told anything else."""

    sqlstate = "08006"
    label = "tls"


@dataclass(frozen=True, slots=True)
class Greeted:
    """What the client wants, what it sent behind it without waiting, and what its TLS handshake
    brought; None where it does not encrypt."""

    packet: StartupMessage | CancelRequest
    rest: bytes
    secured: Secured | None = None


class Greeting:
    """Made as soon as the connection is, so that nothing the client says is missed."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._reader = StartupReader()
        self._arrived = asyncio.Event()
        peer.on_data, peer.on_lost = self._feed, self._arrived.set

    async def finish(self, tls: ClientTls | None) -> Greeted:
        """Answer encryption requests, at most one of a kind, until the client says what it wants.

        Raises `ProtocolViolation`, `ClientLeft` and `UnusableCertificate`.
        """
        peer, reader = self._peer, self._reader
        asked: set[type[StartupPacket]] = set()
        secured = None
        if tls is not None and await self._first_byte() == _TLS_HANDSHAKE:
            secured = await _secure_at_once(peer, tls, reader.rest())
        while True:
            packet = await self._next()
            if type(packet) in asked:
                raise ProtocolViolation("encryption was asked for twice")
            asked.add(type(packet))
            match packet:
                case StartupMessage() | CancelRequest():
                    # Until somebody takes over, what comes next stays with the kernel.
                    peer.read(wanted=False)
                    return Greeted(packet, reader.rest(), secured)
                case GssRequest():
                    _require_nothing_follows(reader)
                    peer.write(_NO)
                case SslRequest():
                    _require_nothing_follows(reader)
                    if tls is None or secured is not None:
                        peer.write(_NO)
                    else:
                        secured = await _secure_as_asked(peer, tls)
                case _:
                    assert_never(packet)

    async def _first_byte(self) -> int:
        while (first := self._reader.first_byte) is None:
            await self._more()
        return first

    async def _next(self) -> StartupPacket:
        while (packet := self._reader.take()) is None:
            await self._more()
        return packet

    async def _more(self) -> None:
        if self._peer.lost:
            raise ClientLeft("the client left")
        self._arrived.clear()
        await self._arrived.wait()

    def _feed(self, data: bytes) -> None:
        self._reader.feed(data)
        self._arrived.set()


def _require_nothing_follows(reader: StartupReader) -> None:
    """Bytes sent in clear behind the request would be read as if they were encrypted
    (CVE-2021-23214)."""
    if reader.buffered_bytes:
        raise ProtocolViolation("received unencrypted data after an encryption request")


async def _secure_as_asked(peer: Peer, tls: ClientTls) -> Secured:
    # What comes in clear after the request is taken for a handshake, and is none.
    peer.write(_TLS_FOLLOWS)
    return await _secure(peer, tls)


async def _secure_at_once(peer: Peer, tls: ClientTls, begun: bytes) -> Secured:
    """TLS without a request in clear, as of PostgreSQL 17. The name of the protocol has to be in
    the handshake, so that what was meant for another service is not taken for ours (ALPACA)."""
    secured = await _secure(peer, tls, begun)
    if secured.application_protocol != ALPN:
        raise ProtocolViolation("direct TLS needs the application protocol postgresql (ALPN)")
    return secured


async def _secure(peer: Peer, tls: ClientTls, begun: bytes = b"") -> Secured:
    try:
        return await secure(peer, tls, begun)
    except ssl.SSLError as error:
        raise HandshakeFailed("the TLS handshake failed") from error
    except OSError as error:
        raise ClientLeft("the client left during the TLS handshake") from error
