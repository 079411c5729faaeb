"""From an accepted connection to its StartupMessage: encryption requests and cancel requests."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import assert_never

from proxy.errors import FengcunError, ProtocolViolation
from proxy.server.peer import Peer
from proxy.wire.postgres.startup import (
    CancelRequest,
    GssRequest,
    SslRequest,
    StartupMessage,
    StartupPacket,
    StartupReader,
)

_NO = b"N"
_TLS_FOLLOWS = b"S"


class ClientLeft(FengcunError):
    """The client hung up before it said what it wants; nobody is there to be told."""

    sqlstate = "08006"
    label = "client-left"


@dataclass(frozen=True, slots=True)
class Greeted:
    """What the client wants, and what it sent behind it without waiting."""

    packet: StartupMessage | CancelRequest
    rest: bytes


class Greeting:
    """Made as soon as the connection is, so that nothing the client says is missed."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._reader = StartupReader()
        self._arrived = asyncio.Event()
        peer.on_data, peer.on_lost = self._feed, self._arrived.set

    async def finish(self, context: ssl.SSLContext | None) -> Greeted:
        """Answer encryption requests, at most one of a kind, until the client says what it wants.

        Raises `ProtocolViolation` and `ClientLeft`.
        """
        peer, reader = self._peer, self._reader
        asked: set[type[StartupPacket]] = set()
        while True:
            packet = await self._next()
            if type(packet) in asked:
                raise ProtocolViolation("encryption was asked for twice")
            asked.add(type(packet))
            match packet:
                case StartupMessage() | CancelRequest():
                    # Until somebody takes over, what comes next stays with the kernel.
                    peer.read(wanted=False)
                    return Greeted(packet, reader.rest())
                case GssRequest():
                    _require_nothing_follows(reader)
                    peer.write(_NO)
                case SslRequest():
                    _require_nothing_follows(reader)
                    if context is None or peer.secured:
                        peer.write(_NO)
                    else:
                        await _secure(peer, context)
                case _:
                    assert_never(packet)

    async def _next(self) -> StartupPacket:
        while (packet := self._reader.take()) is None:
            if self._peer.lost:
                raise ClientLeft("the client left")
            self._arrived.clear()
            await self._arrived.wait()
        return packet

    def _feed(self, data: bytes) -> None:
        self._reader.feed(data)
        self._arrived.set()


def _require_nothing_follows(reader: StartupReader) -> None:
    """Bytes sent in clear behind the request would be read as if they were encrypted
    (CVE-2021-23214)."""
    if reader.buffered_bytes:
        raise ProtocolViolation("received unencrypted data after an encryption request")


async def _secure(peer: Peer, context: ssl.SSLContext) -> None:
    peer.read(wanted=False)
    peer.write(_TLS_FOLLOWS)
    try:
        await peer.start_tls(context)
    except OSError as error:
        raise ClientLeft("the TLS handshake failed") from error
