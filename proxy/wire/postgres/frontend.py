"""Messages of the client, decoded from whole frames and encoded again. Pure.

Every decoder reads each byte of the frame exactly once and raises `ProtocolViolation` for a
missing terminator, a second one inside a text, or bytes behind the last field: whoever reads such
a message differently from us would execute something we did not judge. Names and texts are bytes
in the client's encoding.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from typing import Final

from proxy.errors import ProtocolViolation
from proxy.wire.postgres.framer import HEADER_BYTES

QUERY: Final = ord("Q")
PARSE: Final = ord("P")
BIND: Final = ord("B")
DESCRIBE: Final = ord("D")
EXECUTE: Final = ord("E")
CLOSE: Final = ord("C")
SYNC: Final = ord("S")
FLUSH: Final = ord("H")
TERMINATE: Final = ord("X")
FUNCTION_CALL: Final = ord("F")
COPY_DATA: Final = ord("d")
COPY_DONE: Final = ord("c")
COPY_FAIL: Final = ord("f")
PASSWORD: Final = ord("p")

_U16: Final = struct.Struct(">H")
_I32: Final = struct.Struct(">i")
_U32: Final = struct.Struct(">I")

SYNC_MESSAGE: Final = b"S\x00\x00\x00\x04"
FLUSH_MESSAGE: Final = b"H\x00\x00\x00\x04"
TERMINATE_MESSAGE: Final = b"X\x00\x00\x00\x04"

# NAMEDATALEN - 1 (pg_config_manual.h)
_NAME_BYTES_MAX: Final = 63


class Target(Enum):
    """What a Describe or a Close is about."""

    STATEMENT = ord("S")
    PORTAL = ord("P")


@dataclass(frozen=True, slots=True)
class Parse:
    """`types` is the raw tail: the count and the OIDs of the parameter types."""

    name: bytes
    text: bytes
    types: bytes


@dataclass(frozen=True, slots=True)
class Bind:
    """`values` is the raw tail: parameter formats, parameters, result formats."""

    portal: bytes
    statement: bytes
    values: bytes


@dataclass(frozen=True, slots=True)
class Named:
    """A Describe or a Close."""

    target: Target
    name: bytes


@dataclass(frozen=True, slots=True)
class Execute:
    """`rows_max` 0 means all rows."""

    portal: bytes
    rows_max: int


@dataclass(frozen=True, slots=True)
class Parameters:
    """The tail of a Bind, taken apart: format codes, and values with None for NULL."""

    formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    result_formats: tuple[int, ...]


def _malformed(message: str) -> ProtocolViolation:
    return ProtocolViolation(f"malformed {message} message")


def _name(name: bytes, message: str) -> bytes:
    """A name that is the same to the server and to us: its table of prepared statements cuts names
    at 63 bytes (NAMEDATALEN), and it converts them from client_encoding, which may change."""
    if len(name) > _NAME_BYTES_MAX or not name.isascii():
        raise ProtocolViolation(
            f"the name in a {message} message is longer than {_NAME_BYTES_MAX} bytes or not ASCII"
        )
    return name


def decode_query(raw: bytes) -> bytes:
    """The text of a Query, without its terminator."""
    if raw.find(0, HEADER_BYTES) != len(raw) - 1:
        raise _malformed("Query")
    return raw[HEADER_BYTES:-1]


def decode_parse(raw: bytes) -> Parse:
    """A Parse; the type OIDs stay as they are."""
    name_end = raw.find(0, HEADER_BYTES)
    text_end = raw.find(0, name_end + 1)
    types = raw[text_end + 1 :]
    if name_end < 0 or text_end < 0 or len(types) < 2:
        raise _malformed("Parse")
    if len(types) != 2 + 4 * int(_U16.unpack_from(types)[0]):
        raise _malformed("Parse")
    name = _name(raw[HEADER_BYTES:name_end], "Parse")
    return Parse(name, raw[name_end + 1 : text_end], types)


def decode_bind(raw: bytes) -> Bind:
    """A Bind whose tail has been walked to its end, so that it is known to be well-formed."""
    portal_end = raw.find(0, HEADER_BYTES)
    statement_end = raw.find(0, portal_end + 1)
    if portal_end < 0 or statement_end < 0:
        raise _malformed("Bind")
    if _walk_parameters(raw, statement_end + 1) != len(raw):
        raise _malformed("Bind")
    portal = _name(raw[HEADER_BYTES:portal_end], "Bind")
    statement = _name(raw[portal_end + 1 : statement_end], "Bind")
    return Bind(portal, statement, raw[statement_end + 1 :])


def _walk_parameters(raw: bytes, position: int) -> int:
    """Where the tail of a Bind that starts at `position` ends."""
    end = len(raw)
    try:
        position += 2 + 2 * int(_U16.unpack_from(raw, position)[0])
        (count,) = _U16.unpack_from(raw, position)
        position += 2
        for _ in range(count):
            (length_bytes,) = _I32.unpack_from(raw, position)
            position += 4
            if length_bytes > 0:
                position += length_bytes
            elif length_bytes < -1:
                raise _malformed("Bind")
            if position > end:
                raise _malformed("Bind")
        return position + 2 + 2 * int(_U16.unpack_from(raw, position)[0])
    except struct.error as error:
        raise _malformed("Bind") from error


def decode_parameters(values: bytes) -> Parameters:
    """Take apart the tail of a Bind that `decode_bind` has accepted."""
    (format_count,) = _U16.unpack_from(values)
    position = 2 + 2 * format_count
    formats = tuple(_U16.unpack_from(values, 2 + 2 * i)[0] for i in range(format_count))
    (count,) = _U16.unpack_from(values, position)
    position += 2
    parameters: list[bytes | None] = []
    for _ in range(count):
        (length_bytes,) = _I32.unpack_from(values, position)
        position += 4
        if length_bytes < 0:
            parameters.append(None)
        else:
            parameters.append(values[position : position + length_bytes])
            position += length_bytes
    (result_count,) = _U16.unpack_from(values, position)
    results = tuple(_U16.unpack_from(values, position + 2 + 2 * i)[0] for i in range(result_count))
    return Parameters(formats, tuple(parameters), results)


def decode_named(raw: bytes) -> Named:
    """A Describe or a Close."""
    if len(raw) < HEADER_BYTES + 2 or raw.find(0, HEADER_BYTES + 1) != len(raw) - 1:
        raise _malformed("Describe or Close")
    name = _name(raw[HEADER_BYTES + 1 : -1], "Describe or Close")
    match raw[HEADER_BYTES]:
        case Target.STATEMENT.value:
            return Named(Target.STATEMENT, name)
        case Target.PORTAL.value:
            return Named(Target.PORTAL, name)
        case _:
            raise _malformed("Describe or Close")


def decode_execute(raw: bytes) -> Execute:
    """An Execute."""
    name_end = raw.find(0, HEADER_BYTES)
    if name_end < 0 or name_end + 5 != len(raw):
        raise _malformed("Execute")
    portal = _name(raw[HEADER_BYTES:name_end], "Execute")
    return Execute(portal, int(_I32.unpack_from(raw, name_end + 1)[0]))


def require_copy_fail(raw: bytes) -> None:
    """A CopyFail holds one text, for the server's error, and nothing else."""
    if raw.find(0, HEADER_BYTES) != len(raw) - 1:
        raise _malformed("CopyFail")


def require_empty(raw: bytes) -> None:
    """Sync, Flush, Terminate and CopyDone have no body."""
    if len(raw) != HEADER_BYTES:
        raise _malformed("bodiless")


def _message(tag: bytes, body: bytes) -> bytes:
    return tag + _U32.pack(len(body) + 4) + body


def decode_sasl_initial(raw: bytes) -> tuple[bytes, bytes]:
    """The mechanism and the message of a SASLInitialResponse, which comes with its message."""
    end = raw.find(0, HEADER_BYTES)
    message = raw[end + 5 :]
    if end < 0 or len(raw) < end + 5 or _U32.unpack_from(raw, end + 1)[0] != len(message):
        raise _malformed("SASLInitialResponse")
    return raw[HEADER_BYTES:end], message


def encode_sasl_initial(mechanism: bytes, message: bytes) -> bytes:
    """A SASLInitialResponse."""
    return _message(b"p", mechanism + b"\0" + _U32.pack(len(message)) + message)


def encode_sasl(message: bytes) -> bytes:
    """A SASLResponse."""
    return _message(b"p", message)


def encode_query(text: bytes) -> bytes:
    """A Query for `text`."""
    return _message(b"Q", text + b"\0")


def encode_parse(parse: Parse) -> bytes:
    """A Parse."""
    return _message(b"P", b"".join((parse.name, b"\0", parse.text, b"\0", parse.types)))
