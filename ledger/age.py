"""A text under a passphrase, as the `age` format has it: C2SP age v1, scrypt, in armor. Pure.

Not a format of our own: whoever has the passphrase and a program like `age` or `rage` can open it
when nothing of this package runs any more. The header, with the work factor in it, is authenticated
by the file key.

    age-encryption.org/v1
    -> scrypt <salt> <log2 of N>            RFC 7914 with r = 8, p = 1: 2^17 takes 128 MiB
    <the file key, under ChaCha20-Poly1305 with the key that scrypt gives>
    --- <HMAC-SHA256 of all of this>
    <nonce> <the text, ChaCha20-Poly1305, one chunk>
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.errors import FormatError
from ledger.note import decode_base64

WORK_FACTOR: Final = 17
"""log2 of N for what is written: about half a second, and 128 MiB while it lasts."""
WORK_FACTOR_MAX: Final = 18
"""For what is read: a hostile file must not make us take gigabytes. `age -p` writes 18."""
TEXT_BYTES_MAX: Final = 8192

_BEGIN: Final = "-----BEGIN AGE ENCRYPTED FILE-----"
_END: Final = "-----END AGE ENCRYPTED FILE-----"
_COLUMNS: Final = 64
_ARMORED: Final = re.compile(rf"{_BEGIN}\n((?:[A-Za-z0-9+/=]{{1,{_COLUMNS}}}\n)+){_END}\n?")
_HEADER: Final = re.compile(
    rb"(age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n"
    rb"([A-Za-z0-9+/]{43})\n---) ([A-Za-z0-9+/]{43})\n"
)
_FILE_KEY_BYTES: Final = 16
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 16
_TAG_BYTES: Final = 16
_ZERO_NONCE: Final = bytes(12)
_LAST_CHUNK: Final = bytes(11) + b"\x01"


class WrongPassphrase(FormatError):
    """It does not open the file; or the file was changed, which looks the same."""


def is_protected(text: str) -> bool:
    return text.startswith(_BEGIN)


def protect_text(text: str, passphrase: bytes, *, work_factor: int = WORK_FACTOR) -> str:
    """The text in armor, with a newline at its end."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    file_key = secrets.token_bytes(_FILE_KEY_BYTES)
    wrapping = ChaCha20Poly1305(_stretched(passphrase, salt, work_factor))
    body = wrapping.encrypt(_ZERO_NONCE, file_key, None)
    head = b"age-encryption.org/v1\n-> scrypt %b %d\n%b\n---" % (
        _unpadded(salt),
        work_factor,
        _unpadded(body),
    )
    sealed = _payload_cipher(file_key, nonce).encrypt(_LAST_CHUNK, text.encode(), None)
    whole = b"%b %b\n%b%b" % (head, _unpadded(_mac(file_key, head)), nonce, sealed)
    encoded = b64encode(whole).decode()
    lines = [encoded[at : at + _COLUMNS] for at in range(0, len(encoded), _COLUMNS)]
    return "\n".join([_BEGIN, *lines, _END]) + "\n"


def open_text(armored: str, passphrase: bytes) -> str:
    """What `protect_text` was given. Raises `FormatError`, `WrongPassphrase` where it is that."""
    match = _ARMORED.fullmatch(armored) if len(armored) <= 2 * TEXT_BYTES_MAX else None
    if match is None:
        raise FormatError("this is no armored age file, or not a whole one")
    data = decode_base64(match[1].replace("\n", ""))
    header = _HEADER.match(data)
    if header is None:
        raise FormatError("this age file is not protected by a passphrase alone")
    head, salt, work_factor, body, mac = header.groups()
    if int(work_factor) > WORK_FACTOR_MAX:
        raise FormatError(f"this age file asks for a work factor above {WORK_FACTOR_MAX}")
    sealed = data[header.end() :]
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise FormatError("this age file breaks off")
    unwrapping = ChaCha20Poly1305(_stretched(passphrase, _padded(salt), int(work_factor)))
    try:
        file_key = unwrapping.decrypt(_ZERO_NONCE, _padded(body), None)
        if not hmac.compare_digest(_mac(file_key, head), _padded(mac)):
            raise WrongPassphrase("the header was changed")
        cipher = _payload_cipher(file_key, sealed[:_NONCE_BYTES])
        return cipher.decrypt(_LAST_CHUNK, sealed[_NONCE_BYTES:], None).decode()
    except (InvalidTag, UnicodeDecodeError) as error:
        raise WrongPassphrase("the passphrase is wrong, or the file was changed") from error


def _stretched(passphrase: bytes, salt: bytes, work_factor: int) -> bytes:
    labelled = b"age-encryption.org/v1/scrypt" + salt
    return Scrypt(salt=labelled, length=32, n=1 << work_factor, r=8, p=1).derive(passphrase)


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_derived(file_key, None, b"header"), head, "sha256")


def _payload_cipher(file_key: bytes, nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))


def _derived(file_key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(file_key)


def _unpadded(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _padded(text: bytes) -> bytes:
    return decode_base64(text + b"=" * (-len(text) % 4))
