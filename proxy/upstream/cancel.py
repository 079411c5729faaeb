"""Cancel requests: clients hold keys that the proxy made, and the proxy alone holds the real ones.

A cancel request is not authenticated and comes over a connection of its own, so a key we did not
issue is ignored without a trace, as the server does it. That connection may be another worker's
than the session's: the first byte of a key is the number of the worker that made it, and the rest,
seven bytes of it at least, is what has to be known.
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
"""Take the key of a cancel request to the worker that made it."""


@dataclass(frozen=True, slots=True)
class _Real:
    upstream: Upstream
    context: ssl.SSLContext | None
    key: bytes


class CancelKeys:
    """The keys of the open sessions of one worker, whose number is `worker`. `pass_on` is asked
    about keys that bear another worker's."""

    def __init__(self, worker: int = 0, pass_on: PassOn | None = None) -> None:
        self._worker = worker
        self._pass_on = pass_on
        self._real: dict[bytes, _Real] = {}
        self._sending_count = 0

    def fresh(self) -> bytes:
        """A random key of the greatest length; a session cuts it to its server's length."""
        return bytes((self._worker,)) + secrets.token_bytes(3 + CANCEL_KEY_BYTES_MAX)

    def issue(
        self, issued: bytes, upstream: Upstream, context: ssl.SSLContext | None, real: bytes
    ) -> None:
        """The client that was given `issued` has the session of `real`."""
        self._real[issued] = _Real(upstream, context, real)

    def withdraw(self, issued: bytes) -> None:
        """The session is over."""
        self._real.pop(issued, None)

    async def cancel(self, issued: bytes) -> None:
        """Pass a request on. Unknown keys, and requests beyond a fair rate, are ignored."""
        real = self._real.get(issued)
        elsewhere = None if issued.startswith(bytes((self._worker,))) else self._pass_on
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
