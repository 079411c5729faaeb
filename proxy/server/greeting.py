"""From an accepted connection to its StartupMessage: encryption requests and cancel requests."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass

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


async def greet(peer: Peer, context: ssl.SSLContext | None) -> Greeted:
    """Answer encryption requests, at most one of a kind, until the client says what it wants.

    Raises `ProtocolViolation` and `ClientLeft`.
    """
    reader, arrived = StartupReader(), asyncio.Event()

    def feed(data: bytes) -> None:
        reader.feed(data)
        arrived.set()

    peer.on_data, peer.on_lost = feed, arrived.set
    asked: set[type[StartupPacket]] = set()
    while True:
        packet = reader.take()
        if packet is None:
            arrived.clear()
            if peer.lost:
                raise ClientLeft("the client left")
            await arrived.wait()
            continue
        if type(packet) in asked:
            raise ProtocolViolation("encryption was asked for twice")
        asked.add(type(packet))
        match packet:
            case StartupMessage() | CancelRequest():
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
