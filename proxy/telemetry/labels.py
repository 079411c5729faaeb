"""The closed sets that metric labels are drawn from.

A label outlives the statement it came from and is read by people who may not see the data, so its
value is either a member of an enum here or a short token that passed `TokenSet`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

OTHER: Final = "other"
TOKEN: Final = re.compile(r"[a-z0-9-]{1,40}")


class ConnectionState(Enum):
    """Where a client connection stands: before its first ReadyForQuery, or after it."""

    STARTING = "starting"
    SERVED = "served"


class Direction(Enum):
    """Which way bytes went."""

    TO_CLIENT = "to-client"
    TO_DATABASE = "to-database"


class ReloadResult(Enum):
    """What became of a policy file that was read again."""

    APPLIED = "applied"
    REJECTED = "rejected"


class PermitStep(Enum):
    """What became of an application for a permit."""

    RECEIVED = "received"
    GRANTED = "granted"
    USED = "used"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"


class ScanResult(Enum):
    """What became of a scan for findings."""

    DONE = "done"
    FAILED = "failed"


class WitnessFailure(Enum):
    """Why a witness did not cosign. All but the last are the courier's own words."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNKNOWN_LOG = "unknown-log"
    NONSENSE = "nonsense"
    UNPROVEN = "unproven"
    CRASHED = "crashed"


class NotLetIn(Enum):
    """Why a connection never became a session."""

    BINDING = "channel-binding"
    CROWDED = "crowded"
    DATABASE = "database"
    ENCRYPTION = "encryption-required"
    INTERNAL = "internal"
    LEFT = "client-left"
    PARAMETER = "startup-parameter"
    PASSWORD = "password"  # noqa: S105
    PLACES = "too-many-connections"
    PRINCIPAL = "no-principal"
    PRINCIPAL_PLACES = "principal-connections"
    PROTOCOL = "protocol"
    SESSION = "unsupported-session"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNKNOWN_DATABASE = "unknown-database"
    UPSTREAM = "upstream"


class DeskLogin(Enum):
    """What became of an officer's password. LOCKED: not looked at, after too many failures."""

    LET_IN = "let-in"
    REFUSED = "refused"
    LOCKED = "locked"


class TokenSet:
    """Admits at most `distinct_max` tokens of ``[a-z0-9-]{1,40}``; everything else is `OTHER`.

    Rules and violation kinds are named by the code and the policy file. The cap and the pattern
    hold even if one of them should carry something it must not: a time series is never made of it,
    and a metric never stops a statement.
    """

    def __init__(self, *, distinct_max: int) -> None:
        self._distinct_max = distinct_max
        self._admitted: set[str] = set()

    def label(self, token: str) -> str:
        """`token` itself if it is or can be admitted, else `OTHER`."""
        if token in self._admitted:
            return token
        if len(self._admitted) >= self._distinct_max or TOKEN.fullmatch(token) is None:
            return OTHER
        self._admitted.add(token)
        return token
