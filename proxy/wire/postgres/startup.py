"""The packets before a session has a type byte on its messages. Pure.

PostgreSQL documentation, section 55.7: StartupMessage, SSLRequest, GSSENCRequest, CancelRequest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from proxy.errors import ProtocolViolation

# MAX_STARTUP_PACKET_LENGTH of the server.
PACKET_BYTES_MAX: Final = 10_000
# A cancel key has 4 bytes in protocol 3.0 and up to 256 in 3.2.
CANCEL_KEY_BYTES_MAX: Final = 256

_MAJOR: Final = 3
_CANCEL_CODE: Final = 80877102
_SSL_CODE: Final = 80877103
_GSS_CODE: Final = 80877104
_TWO_U32: Final = Struct(">II")
_AS_SENT: Final = "surrogateescape"

SSL_REQUEST: Final = _TWO_U32.pack(8, _SSL_CODE)


@dataclass(frozen=True, slots=True)
class SslRequest:
    """The client asks for TLS; nothing may follow in clear."""


@dataclass(frozen=True, slots=True)
class GssRequest:
    """The client asks for GSSAPI encryption."""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """`key` is the whole of a BackendKeyData body: process ID and secret."""

    key: bytes


@dataclass(frozen=True, slots=True)
class StartupMessage:
    """`minor` of protocol 3, and the parameters in order; names may repeat on the wire.

    A byte of a value that is not UTF-8 is a lone surrogate (PEP 383), which stands for this byte
    and nothing else and is equal to no text that anybody can write: the server takes the bytes as
    they are, and reads them before it knows the client's encoding.
    """

    minor: int
    parameters: tuple[tuple[str, str], ...]


def as_sent(value: str) -> bytes:
    """The bytes of a startup parameter's value."""
    return value.encode("utf-8", _AS_SENT)


def legible(value: str) -> str:
    """A startup parameter's value for people; bytes that are not UTF-8 as ``\\xb7``."""
    return as_sent(value).decode("utf-8", "backslashreplace")


StartupPacket = SslRequest | GssRequest | CancelRequest | StartupMessage


class StartupReader:
    """Feed bytes in any chunking; take startup packets out, in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def buffered_bytes(self) -> int:
        """Bytes fed and not yet taken as a packet."""
        return len(self._buffer)

    @property
    def first_byte(self) -> int | None:
        """The first byte fed and not yet taken as a packet; None before there is one."""
        return self._buffer[0] if self._buffer else None

    def feed(self, data: bytes) -> None:
        """Append what arrived."""
        self._buffer += data

    def take(self) -> StartupPacket | None:
        """The next whole packet, or None until more is fed. Raises `ProtocolViolation`."""
        if len(self._buffer) < _TWO_U32.size:
            return None
        length_bytes, code = _TWO_U32.unpack_from(self._buffer)
        if not _TWO_U32.size <= length_bytes <= PACKET_BYTES_MAX:
            raise ProtocolViolation("invalid length of startup packet")
        if len(self._buffer) < length_bytes:
            return None
        body = bytes(self._buffer[_TWO_U32.size : length_bytes])
        del self._buffer[:length_bytes]
        return _decode(code, body)

    def rest(self) -> bytes:
        """What is buffered behind the last packet taken; the reader is empty afterwards."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest


def _decode(code: int, body: bytes) -> StartupPacket:
    match code:
        case _ if code == _SSL_CODE and not body:
            return SslRequest()
        case _ if code == _GSS_CODE and not body:
            return GssRequest()
        case _ if code == _CANCEL_CODE and 8 <= len(body) <= 4 + CANCEL_KEY_BYTES_MAX:
            return CancelRequest(body)
        case _ if code >> 16 == _MAJOR:
            return StartupMessage(code & 0xFFFF, tuple(_decode_parameters(body)))
        case _:
            raise ProtocolViolation("unsupported frontend protocol: use protocol version 3")


def _decode_parameters(body: bytes) -> Iterable[tuple[str, str]]:
    strings = body.split(b"\0")
    # name, value, ..., and two empty strings: one for the list's terminator, one behind it.
    if len(strings) < 2 or len(strings) % 2 or strings[-1] or strings[-2]:
        raise ProtocolViolation("malformed startup packet")
    try:
        names = [name.decode("utf-8") for name in strings[:-2:2]]
    except UnicodeDecodeError as error:
        raise ProtocolViolation("names of startup parameters must be UTF-8") from error
    values = [value.decode("utf-8", _AS_SENT) for value in strings[1:-2:2]]
    if not all(names):
        raise ProtocolViolation("malformed startup packet")
    return zip(names, values, strict=True)


def encode_startup(message: StartupMessage) -> bytes:
    """A StartupMessage."""
    strings = b"".join(
        name.encode() + b"\0" + as_sent(value) + b"\0" for name, value in message.parameters
    )
    length_bytes = _TWO_U32.size + len(strings) + 1
    return _TWO_U32.pack(length_bytes, _MAJOR << 16 | message.minor) + strings + b"\0"


def encode_cancel(key: bytes) -> bytes:
    """A CancelRequest for the session whose BackendKeyData body is `key`."""
    return _TWO_U32.pack(_TWO_U32.size + len(key), _CANCEL_CODE) + key
