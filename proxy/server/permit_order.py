"""The permits on their way from the service to its workers.

Identity numbers are in it: it goes over a socket that only the two have, and into no log.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

from proxy.errors import ProtocolViolation
from proxy.names import PrincipalName
from proxy.policy.permit import Permit, Scope


def encode_permits(permits: Iterable[Permit], reached_seconds: float) -> str:
    """As text for a `Channel`. ``reached_seconds``: how late it is at least, see `HighWater`."""
    listed = [
        [
            each.number,
            each.principal,
            each.scope.value,
            list(each.subjects),
            each.valid_from,
            each.valid_until,
            each.operator,
            each.case,
            each.uses_max,
        ]
        for each in permits
    ]
    return json.dumps([reached_seconds, listed])


def decode_permits(text: str) -> tuple[tuple[Permit, ...], float]:
    """Raises `ProtocolViolation`."""
    try:
        reached_seconds, listed = json.loads(text)
        return tuple(map(_permit, listed)), _seconds(reached_seconds)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise ProtocolViolation("permits that are none") from None


def _permit(said: object) -> Permit:
    match said:
        case [
            str(number),
            str(principal),
            str(scope),
            list(subjects),
            starts,
            ends,
            str() | None as operator,
            str() | None as case,
            int() | None as uses_max,
        ] if all(isinstance(each, str) for each in subjects) and type(uses_max) is not bool:
            return Permit(
                number, PrincipalName(principal), Scope(scope), tuple(subjects),
                _seconds(starts), _seconds(ends), operator, case, uses_max,
            )  # fmt: skip
        case _:
            raise ValueError("not a permit")


def _seconds(said: object) -> float:
    """JSON as Python reads it has NaN, which is neither before nor after anything."""
    if isinstance(said, bool) or not isinstance(said, int | float) or math.isnan(said):
        raise ValueError("not a time")
    return float(said)
