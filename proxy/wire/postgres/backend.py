"""Messages of the server, as far as the proxy reads or writes them. Pure.

Field letters of ErrorResponse and NoticeResponse: PostgreSQL documentation, section 55.8.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from proxy.errors import UpstreamUnavailable
from proxy.wire.postgres.encoding import encode_exactly, encode_roughly
from proxy.wire.postgres.framer import HEADER_BYTES

AUTHENTICATION: Final = ord("R")
BACKEND_KEY_DATA: Final = ord("K")
BIND_COMPLETE: Final = ord("2")
CLOSE_COMPLETE: Final = ord("3")
COMMAND_COMPLETE: Final = ord("C")
COPY_BOTH: Final = ord("W")
COPY_DATA: Final = ord("d")
COPY_DONE: Final = ord("c")
COPY_IN: Final = ord("G")
COPY_OUT: Final = ord("H")
DATA_ROW: Final = ord("D")
EMPTY_QUERY: Final = ord("I")
ERROR: Final = ord("E")
NEGOTIATE_VERSION: Final = ord("v")
NO_DATA: Final = ord("n")
NOTICE: Final = ord("N")
NOTIFICATION: Final = ord("A")
FUNCTION_RESULT: Final = ord("V")
PARAMETER_DESCRIPTION: Final = ord("t")
PARAMETER_STATUS: Final = ord("S")
PARSE_COMPLETE: Final = ord("1")
PORTAL_SUSPENDED: Final = ord("s")
READY: Final = ord("Z")
ROW_DESCRIPTION: Final = ord("T")

AUTHENTICATION_OK: Final = 0
AUTHENTICATION_SASL: Final = 10
AUTHENTICATION_SASL_CONTINUE: Final = 11
AUTHENTICATION_SASL_FINAL: Final = 12

# A mechanism's name by RFC 4422, section 3.1.
_MECHANISM: Final = re.compile(rb"[A-Z0-9_-]{1,20}")
_U16: Final = struct.Struct(">H")
_I32: Final = struct.Struct(">i")
_U32: Final = struct.Struct(">I")


class TransactionStatus(Enum):
    """What a ReadyForQuery says about the session."""

    IDLE = ord("I")
    IN_TRANSACTION = ord("T")
    FAILED = ord("E")


class Severity(Enum):
    """What an ErrorResponse of our own does to the client: FATAL ends its session."""

    ERROR = "ERROR"
    FATAL = "FATAL"


def malformed(message: str) -> UpstreamUnavailable:
    """The database sent a message that its protocol does not have."""
    return UpstreamUnavailable(f"the database sent a malformed {message} message")


def encode_message(tag: int, body: bytes) -> bytes:
    """Any message, framed."""
    return bytes((tag,)) + _U32.pack(len(body) + 4) + body


def decode_fields(raw: bytes) -> dict[str, bytes]:
    """The fields of an ErrorResponse or NoticeResponse by letter."""
    if len(raw) < HEADER_BYTES + 1 or raw[-1] != 0:
        raise malformed("error")
    fields: dict[str, bytes] = {}
    position, last = HEADER_BYTES, len(raw) - 1
    while position < last:
        end = raw.find(0, position)
        if end <= position or end >= last:
            raise malformed("error")
        fields[chr(raw[position])] = raw[position + 1 : end]
        position = end + 1
    return fields


def encode_fields(fields: Mapping[str, bytes], *, tag: int = ERROR) -> bytes:
    """An ErrorResponse (or, by `tag`, a NoticeResponse)."""
    body = b"".join(letter.encode("ascii") + value + b"\0" for letter, value in fields.items())
    return encode_message(tag, body + b"\0")


def encode_error(
    severity: Severity,
    sqlstate: str,
    message: str,
    *,
    detail: str | None = None,
    hint: str | None = None,
    routine: str | None = None,
    encoding: str = "utf-8",
) -> bytes:
    """An ErrorResponse of our own. What `encoding` cannot express becomes a question mark, but a
    `detail`, which nobody needs, is left out."""
    fields = {
        "S": severity.value.encode(),
        "V": severity.value.encode(),
        "C": sqlstate.encode(),
        "M": _encode_text(message, encoding),
    }
    if detail is not None and (expressed := encode_exactly(detail, encoding)) is not None:
        fields["D"] = expressed.replace(b"\0", b"")
    if hint is not None:
        fields["H"] = _encode_text(hint, encoding)
    if routine is not None:
        fields["R"] = routine.encode()
    return encode_fields(fields)


def _encode_text(text: str, encoding: str) -> bytes:
    return encode_roughly(text.replace("\0", ""), encoding)


def decode_ready(raw: bytes) -> TransactionStatus:
    """The status in a ReadyForQuery."""
    try:
        (status,) = raw[HEADER_BYTES:]
        return TransactionStatus(status)
    except ValueError as error:
        raise malformed("ReadyForQuery") from error


def decode_parameter_status(raw: bytes) -> tuple[bytes, bytes]:
    """Name and value in a ParameterStatus."""
    parts = raw[HEADER_BYTES:].split(b"\0")
    if len(parts) != 3 or parts[2]:
        raise malformed("ParameterStatus")
    return parts[0], parts[1]


def decode_data_row(raw: bytes) -> tuple[bytes | None, ...]:
    """The columns of a DataRow, None for NULL."""
    try:
        (count,) = _U16.unpack_from(raw, HEADER_BYTES)
        position = HEADER_BYTES + 2
        columns: list[bytes | None] = []
        for _ in range(count):
            (length_bytes,) = _I32.unpack_from(raw, position)
            position += 4
            if length_bytes < 0:
                columns.append(None)
                continue
            columns.append(raw[position : position + length_bytes])
            position += length_bytes
    except struct.error as error:
        raise malformed("DataRow") from error
    if position != len(raw):
        raise malformed("DataRow")
    return tuple(columns)


def decode_authentication(raw: bytes) -> tuple[int, bytes]:
    """The kind of an authentication request and what follows it."""
    if len(raw) < HEADER_BYTES + 4:
        raise malformed("Authentication")
    return int(_I32.unpack_from(raw, HEADER_BYTES)[0]), raw[HEADER_BYTES + 4 :]


def decode_mechanisms(body: bytes) -> tuple[bytes, ...] | None:
    """The SASL mechanisms of an AuthenticationSASL, in the server's order of preference.

    None where they are none: servers that came of PostgreSQL 9.2 have methods of their own under
    the same number.
    """
    names = body[:-2].split(b"\0")
    if not body.endswith(b"\0\0") or not all(map(_MECHANISM.fullmatch, names)):
        return None
    return tuple(names)


def encode_mechanisms(mechanisms: Iterable[bytes]) -> bytes:
    """An AuthenticationSASL that offers `mechanisms`."""
    listed = b"".join(mechanism + b"\0" for mechanism in mechanisms)
    return encode_authentication(AUTHENTICATION_SASL, listed + b"\0")


def encode_authentication(kind: int, body: bytes = b"") -> bytes:
    """Any Authentication message."""
    return encode_message(AUTHENTICATION, _I32.pack(kind) + body)
