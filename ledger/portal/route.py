"""One route of a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Route:
    """`path` has its parts in braces, without patterns: `/logs/{log}`."""

    method: Literal["GET", "POST"]
    path: str
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
