"""The verification code on a certificate, and what it binds. Pure.

    FC  version  log  number  salt  check
        1        4    4       14    2     bytes, in base32 (RFC 4648) in groups of five

The salt is random and stands on the paper alone. The ledger holds two HMACs under it, of what is
printed and of the file, so that who has the paper can compare, and who has the ledger cannot try
names and numbers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass
from typing import Final

SALT_BYTES: Final = 14
NUMBER_MAX: Final = 2**32 - 1
_LAYOUT: Final = struct.Struct(">B4sI14s2s")
_VERSION: Final = 1
_BODY_BYTES: Final = _LAYOUT.size - 2
_WRITTEN: Final = re.compile(r"FC[A-Z2-7]{40}")
_MISREAD: Final = str.maketrans("018", "OIB", "-－ \t\r\n\u3000")
_MAC_BYTES: Final = 16


class InvalidCode(ValueError):
    """What was given is not a code: mistyped, or something else."""


@dataclass(frozen=True, slots=True)
class Code:
    """``log`` is `log_tag` of the log it is recorded in, ``number`` the serial."""

    log: bytes
    number: int
    salt: bytes

    def __repr__(self) -> str:
        return f"Code(number={self.number})"

    def __str__(self) -> str:
        body = _LAYOUT.pack(_VERSION, self.log, self.number, self.salt, b"\0\0")[:_BODY_BYTES]
        text = base64.b32encode(body + _check(body)).decode()
        return "-".join(["FC", *(text[at : at + 5] for at in range(0, 40, 5))])

    def printed_hmac(self, printed: bytes) -> str:
        """32 hexadecimal digits, of `form.Document.to_bytes`."""
        return self._hmac(b"fengcun printed\0", printed)

    def file_hmac(self, content: bytes) -> str:
        """32 hexadecimal digits, of the bytes of the PDF."""
        return self._hmac(b"fengcun file\0", content)

    def _hmac(self, domain: bytes, content: bytes) -> str:
        key = hashlib.sha256(b"fengcun code\0" + _LAYOUT.pack(
            _VERSION, self.log, self.number, self.salt, b"\0\0"
        )).digest()  # fmt: skip
        return hmac.digest(key, domain + content, "sha256")[:_MAC_BYTES].hex()


def log_tag(origin: str) -> bytes:
    """Four bytes that tell one log from another, so that a code is not looked up in the wrong."""
    return hashlib.sha256(b"fengcun log\0" + origin.encode()).digest()[:4]


def parse_code(written: str) -> Code:
    """A code as somebody typed it: in any case, with or without hyphens, 0, 1 and 8 for O, I and
    B. Raises `InvalidCode`."""
    plain = written[:200].translate(_MISREAD).upper()
    if not _WRITTEN.fullmatch(plain):
        raise InvalidCode("not a verification code: it is FC and 40 letters and digits")
    try:
        raw = base64.b32decode(plain[2:])
    except binascii.Error:
        raise InvalidCode("not a verification code") from None
    version, log, number, salt, check = _LAYOUT.unpack(raw)
    if version != _VERSION or not hmac.compare_digest(check, _check(raw[:_BODY_BYTES])):
        raise InvalidCode("the verification code is mistyped: compare it with the paper")
    return Code(log, number, salt)


def _check(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()[:2]
