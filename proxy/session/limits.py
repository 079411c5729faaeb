"""What a client may send once its session is open, and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from proxy.wire.postgres import frontend

_NAMES_BYTES_MAX: Final = 8_192


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """The longest messages a client may send.

    A CopyData is sent on as it comes, so its length costs no memory.
    """

    text_bytes_max: int = 1024 * 1024
    bind_bytes_max: int = 64 * 1024 * 1024
    copy_bytes_max: int = 1024 * 1024 * 1024


# Where one CopyData ends and the next begins means nothing.
DIVISIBLE: Final = frozenset({frontend.COPY_DATA})


@cache
def client_tags(limits: MessageLimits) -> Mapping[int, int]:
    """The message types that are taken, each with the longest body it may have; one object for
    all sessions, of which there may be thousands."""
    named = _NAMES_BYTES_MAX
    return {
        frontend.QUERY: limits.text_bytes_max + 1,  # and its terminator
        frontend.PARSE: limits.text_bytes_max + named,
        frontend.BIND: limits.bind_bytes_max,
        frontend.DESCRIBE: named,
        frontend.EXECUTE: named,
        frontend.CLOSE: named,
        frontend.SYNC: 0,
        frontend.FLUSH: 0,
        frontend.TERMINATE: 0,
        frontend.FUNCTION_CALL: limits.bind_bytes_max,
        frontend.COPY_DATA: limits.copy_bytes_max,
        frontend.COPY_DONE: 0,
        frontend.COPY_FAIL: named,
    }
