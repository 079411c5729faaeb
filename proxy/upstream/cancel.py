"""Cancel requests: clients hold keys that the proxy made, and the proxy alone holds the real ones.

A cancel request is not authenticated and comes over a connection of its own, so a key we did not
issue is ignored without a trace, as the server does it. A key is the process id of the server, as
drivers expect it, and a secret of ours, as long as the server's own: four bytes at least.
That connection may be another worker's than the session's, and a key does not say whose it is. So
a worker that does not know it asks all the others, by way of the service.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from proxy.errors import FengcunError
from proxy.upstream.connect import Upstream, connect
from proxy.wire.postgres.startup import CANCEL_KEY_BYTES_MAX, encode_cancel

_AT_ONCE_MAX: Final = 16
_SECONDS_MAX: Final = 5.0

PassOn = Callable[[bytes], Awaitable[None]]
"""Take the key of a cancel request to the other workers."""


@dataclass(frozen=True, slots=True)
class _Real:
    upstream: Upstream
    context: ssl.SSLContext | None
    key: bytes


class CancelKeys:
    """The keys of the open sessions of one worker."""

    def __init__(self) -> None:
        self._real: dict[bytes, _Real] = {}
        self._sending_count = 0

    def fresh_secret(self) -> bytes:
        """A random secret of the greatest length; a session cuts it to its server's length."""
        return secrets.token_bytes(CANCEL_KEY_BYTES_MAX)

    def issue(
        self, issued: bytes, upstream: Upstream, context: ssl.SSLContext | None, real: bytes
    ) -> None:
        """The client that was given `issued` has the session of `real`."""
        self._real[issued] = _Real(upstream, context, real)

    def withdraw(self, issued: bytes) -> None:
        """The session is over."""
        self._real.pop(issued, None)

    async def cancel(self, issued: bytes, elsewhere: PassOn | None = None) -> None:
        """Pass a request on: to the server, or where the key is not ours to `elsewhere`, if there
        is one. Unknown keys, and requests beyond a fair rate, are ignored."""
        real = self._real.get(issued)
        if (real is None and elsewhere is None) or self._sending_count >= _AT_ONCE_MAX:
            return
        self._sending_count += 1
        try:
            with contextlib.suppress(FengcunError, TimeoutError):
                async with asyncio.timeout(_SECONDS_MAX):
                    if real is not None:
                        await _send(real)
                    elif elsewhere is not None:
                        await elsewhere(issued)
        finally:
            self._sending_count -= 1


async def _send(real: _Real) -> None:
    transport, closed = await connect(real.upstream, real.context, _UntilClosed)
    try:
        transport.write(encode_cancel(real.key))
        await closed.done
    finally:
        transport.abort()


class _UntilClosed(asyncio.Protocol):
    """The server answers a cancel request by closing the connection."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)
