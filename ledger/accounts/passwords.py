"""Passwords of officers as scrypt hashes (RFC 7914): ``scrypt$n$r$p$salt$hash``, both Base64."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from typing import Final

PASSWORD_CHARACTERS_MIN: Final = 12
PASSWORD_BYTES_MAX: Final = 1_024
_COST, _BLOCK, _LANES = 1 << 15, 8, 1
_COSTS: Final = range(1 << 14, (1 << 18) + 1)
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_FORM: Final = re.compile(r"scrypt\$([0-9]{1,7})\$([0-9]{1,2})\$([0-9]{1,2})\$([^$]+)\$([^$]+)")


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """What is kept of a password: ``n`` (cost), ``r`` (block size) and ``p`` (lanes) of scrypt."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def __str__(self) -> str:
        salt, digest = (base64.b64encode(each).decode() for each in (self.salt, self.digest))
        return f"scrypt${self.n}${self.r}${self.p}${salt}${digest}"

    def fits(self, password: str) -> bool:
        """Whether this is the password. Takes tens of milliseconds and 128·n·r bytes."""
        data = password.encode("utf-8", "surrogatepass")
        found = _scrypt(data[:PASSWORD_BYTES_MAX], self.salt, self.n, self.r, self.p)
        same = hmac.compare_digest(found, self.digest)
        return same and len(data) <= PASSWORD_BYTES_MAX


def hash_password(password: str) -> PasswordHash:
    """A new hash with a salt of its own."""
    salt = os.urandom(_SALT_BYTES)
    return PasswordHash(
        _COST, _BLOCK, _LANES, salt, _scrypt(password.encode(), salt, _COST, _BLOCK, _LANES)
    )


def parse_password_hash(text: str) -> PasswordHash:
    """Raises ValueError, which does not repeat the text."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("expected scrypt$n$r$p$salt$hash")
    n, r, p = (int(found[group]) for group in (1, 2, 3))
    if n not in _COSTS or n & (n - 1) or not 8 <= r <= 16 or not 1 <= p <= 4:
        raise ValueError("expected scrypt with n a power of two from 16384 to 262144, r 8, p 1")
    try:
        salt, digest = (base64.b64decode(found[group], validate=True) for group in (4, 5))
    except binascii.Error:
        raise ValueError("expected salt and hash as Base64") from None
    if not _SALT_BYTES <= len(salt) <= 64 or len(digest) != _HASH_BYTES:
        raise ValueError("expected a salt of 16 to 64 bytes and a hash of 32")
    return PasswordHash(n, r, p, salt, digest)


def password_problem(password: str, name: str) -> str | None:
    """Why this cannot be an officer's password; None where it can."""
    if len(password) < PASSWORD_CHARACTERS_MIN:
        return f"a password has {PASSWORD_CHARACTERS_MIN} characters at least"
    if len(password.encode("utf-8", "surrogatepass")) > PASSWORD_BYTES_MAX:
        return f"a password has {PASSWORD_BYTES_MAX} bytes at most"
    if not password.isprintable():
        return "a password is one line of characters that can be seen"
    if len(set(password)) < 5 or name.casefold() == password.casefold():
        return "this password is too easy to guess"
    return None


def _scrypt(password: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    memory_bytes_max = 129 * n * r * p + (1 << 20)
    return hashlib.scrypt(
        password, salt=salt, n=n, r=r, p=p, maxmem=memory_bytes_max, dklen=_HASH_BYTES
    )
