"""How many may be connected, and how long one may take until a request has begun.

Who opens many connections, or sends slowly, holds a bounded number of places and no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_protocol import RequestHandler

HEADER_SECONDS_MAX: Final = 10.0
CONNECTIONS_MAX: Final = 256
HANDSHAKE_SECONDS_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may be connected, and how long they have until their request has begun."""

    header_seconds_max: float = HEADER_SECONDS_MAX
    connections_max: int = CONNECTIONS_MAX


class Arrivals:
    """Of one application, whose outermost middleware `begun` has to be."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._in_time: set[RequestHandler] = set()
        self.begun: Final[Middleware] = self._middleware()

    def _middleware(self) -> Middleware:
        @web.middleware
        async def begun(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._in_time.add(request.protocol)
            return await handler(request)

        return begun

    def protocols(self, handlers: web.Server) -> Callable[[], asyncio.Protocol]:
        """For `loop.create_server`, in place of `handlers`, of a runner that was set up."""

        def connected() -> asyncio.Protocol:
            handler = handlers()
            full = len(handlers.connections) >= self._limits.connections_max
            # A connection that is one too many ends as soon as it has begun.
            seconds = 0.0 if full else self._limits.header_seconds_max

            def late() -> None:
                if handler in self._in_time:
                    self._in_time.discard(handler)
                else:
                    handler.force_close()

            asyncio.get_running_loop().call_later(seconds, late)
            return handler

        return connected
