"""Error texts of the server that may carry sealed values -> constant ones. Pure.

A message, DETAIL, HINT, CONTEXT or constraint name can quote a row the client may not see. What
stays is what a driver acts upon: severity and SQLSTATE. The text depends on the SQLSTATE's class
alone (PostgreSQL documentation, appendix A).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.wire.postgres.backend import decode_fields, encode_fields

_KEPT: Final = ("S", "V", "C")
_MESSAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "08": "connection failure",
        "0A": "feature not supported",
        "21": "a subquery returned more rows than the statement allows",
        "22": "a value is not valid for the operation",
        "23": "an integrity constraint was violated",
        "25": "the transaction is not in a state for this statement",
        "26": "the prepared statement does not exist",
        "34": "the cursor does not exist",
        "40": "the transaction was rolled back: try it again",
        "42": "the statement is not valid here",
        "53": "the database lacks resources",
        "54": "the statement is too complex",
        "55": "an object is not in a state for this statement",
        "57": "the statement was cancelled by the database",
    }
)
_ANY_OTHER: Final = "the statement failed"


def sqlstate_of(raw: bytes) -> str:
    """The SQLSTATE of an ErrorResponse, ``XX000`` where it has none."""
    return decode_fields(raw).get("C", b"XX000").decode("ascii", "replace")


def scrub_error(raw: bytes) -> bytes:
    """The same error with a constant message and no other field."""
    fields = decode_fields(raw)
    kept = {letter: fields[letter] for letter in _KEPT if letter in fields}
    sqlstate_class = fields.get("C", b"")[:2].decode("ascii", "replace")
    return encode_fields(kept | {"M": _MESSAGES.get(sqlstate_class, _ANY_OTHER).encode("ascii")})
