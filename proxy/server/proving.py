"""A client proves itself to the proxy by SCRAM, before the database hears of it."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from proxy.server.greeting import ClientLeft
from proxy.server.peer import Peer
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.framer import HEADER_BYTES, Framer
from proxy.wire.postgres.scram import MESSAGE_BYTES_MAX, Proven, ScramServer, Verifier

VerifierOf = Callable[[str], Awaitable[Verifier]]
"""A user's verifier, or for one who has none what looks like one. Raises `UpstreamUnavailable`."""

_NONCE_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client has proven, and what it sent behind that without waiting."""

    proven: Proven
    rest: bytes


def fresh_nonce() -> bytes:
    """Random, printable and without a comma (RFC 5802, section 5.1)."""
    return base64.b64encode(secrets.token_bytes(_NONCE_BYTES))


class Proving:
    """Made when the client has said who it is, with what it has sent since."""

    def __init__(self, peer: Peer, sent: bytes) -> None:
        self._peer = peer
        self._framer = Framer({frontend.PASSWORD: MESSAGE_BYTES_MAX})
        self._framer.feed(sent)
        self._arrived = asyncio.Event()
        peer.on_data, peer.on_lost = self._feed, self._arrived.set

    async def finish(self, verifier: Verifier, binding: bytes | None) -> Proof:
        """Ask until the client is known. Raises `ClientLeft`, `ProtocolViolation`, `NotBound` and
        `WrongProof`."""
        peer, scram = self._peer, ScramServer(verifier, fresh_nonce(), binding)
        peer.read(wanted=True)
        peer.write(backend.encode_mechanisms(scram.mechanisms))
        mechanism, message = frontend.decode_sasl_initial(await self._next())
        challenge = scram.first(mechanism, message)
        kind = backend.AUTHENTICATION_SASL_CONTINUE
        peer.write(backend.encode_authentication(kind, challenge))
        proven = scram.final((await self._next())[HEADER_BYTES:])
        # Until somebody takes over, what comes next stays with the kernel.
        peer.read(wanted=False)
        return Proof(proven, self._framer.rest())

    async def _next(self) -> bytes:
        while (frame := self._framer.take()) is None:
            if self._peer.lost:
                raise ClientLeft("the client left")
            self._arrived.clear()
            await self._arrived.wait()
        return frame.raw

    def _feed(self, data: bytes) -> None:
        self._framer.feed(data)
        self._arrived.set()
