"""Payload encryption: readable by the recipients alone, movable by nobody.

Each epoch has one random 32-byte data key, wrapped by HPKE (RFC 9180 base mode, DHKEM X25519,
HKDF-SHA256, ChaCha20-Poly1305) to at least two recipients; the wrapped keys are a `key` entry of
the log. A payload is one ChaCha20-Poly1305 ciphertext under that key: nonce = 4 zero bytes and the
u64 sequence number, associated data = origin, proxy id, sequence number and epoch.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ledger.entry import PayloadReference
from ledger.errors import FormatError
from ledger.note import check_name, decode_base64

BUCKET_BYTES: Final = 256
RECIPIENTS_MIN: Final = 2
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
# signed-note type 0xff: a type without a byte of its own, told apart by the words that follow.
_KEY_TYPE: Final = b"\xffx25519-recipient/v1"
_PRIVATE: Final = "PRIVATE+KEY+"
_U32: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who can read payloads: `name+hex(key id)+base64(0xff "x25519-recipient/v1" public key)`."""

    name: str
    public: bytes  # X25519, 32 bytes

    @property
    def id(self) -> str:
        """8 hexadecimal digits, computed as for a signed-note key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _KEY_TYPE + self.public).hexdigest()[:8]

    def __str__(self) -> str:
        return f"{self.name}+{self.id}+{b64encode(_KEY_TYPE + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> Recipient:
        name, id_hex, raw = _parse_key(text.strip())
        recipient = cls(name, raw)
        if recipient.id != id_hex:
            raise FormatError("the hash inside the recipient key does not match the key")
        return recipient


@dataclass(frozen=True, slots=True)
class Identity:
    """A recipient's private key. It never comes near the proxy."""

    name: str
    private: bytes  # X25519, 32 bytes, secret

    def __repr__(self) -> str:
        return f"Identity({self.name!r})"

    @classmethod
    def generate(cls, name: str) -> Identity:
        return cls(check_name(name), X25519PrivateKey.generate().private_bytes_raw())

    @property
    def recipient(self) -> Recipient:
        public = X25519PrivateKey.from_private_bytes(self.private).public_key()
        return Recipient(self.name, public.public_bytes_raw())

    def to_text(self) -> str:
        encoded = b64encode(_KEY_TYPE + self.private).decode()
        return f"{_PRIVATE}{self.name}+{self.recipient.id}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> Identity:
        if not text.startswith(_PRIVATE):
            raise FormatError("a recipient's private key looks like PRIVATE+KEY+name+hash+base64")
        name, id_hex, raw = _parse_key(text.strip().removeprefix(_PRIVATE))
        identity = cls(name, raw)
        if identity.recipient.id != id_hex:
            raise FormatError("the hash inside the recipient's private key does not match it")
        return identity


def _parse_key(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise FormatError("a recipient key looks like name+hash+base64")
    raw = decode_base64(parts[2])
    if len(raw) != len(_KEY_TYPE) + 32 or not raw.startswith(_KEY_TYPE):
        raise FormatError("this is not an X25519 recipient key")
    return check_name(parts[0]), parts[1], raw[len(_KEY_TYPE) :]


def epoch_context(origin: str, proxy_id: str, epoch: int) -> str:
    """What an epoch's wrapped data key is bound to; the recipient's id is added to it."""
    return f"ledger-epoch/v1\n{origin}\n{proxy_id} {epoch}"


def pseudonym_context(origin: str) -> str:
    """What the wrapped pseudonym key in the genesis entry is bound to."""
    return f"ledger-pseudonyms/v1\n{origin}"


def wrap_key(key: bytes, recipients: Sequence[Recipient], context: str) -> list[str]:
    """One line `<recipient id> base64(enc || ciphertext)` a recipient; 80 bytes before base64."""
    if len({recipient.public for recipient in recipients}) < RECIPIENTS_MIN:
        raise FormatError("two different recipients at least: one lost key must not blind the log")
    return [f"{recipient.id} {_wrap(key, recipient, context)}" for recipient in recipients]


def _wrap(key: bytes, recipient: Recipient, context: str) -> str:
    public = X25519PublicKey.from_public_bytes(recipient.public)
    info = f"{context}\n{recipient.id}".encode()
    return b64encode(_SUITE.encrypt(key, public, info=info)).decode()


def unwrap_key(wrapped: Sequence[str], identity: Identity, context: str) -> bytes:
    """Raises `FormatError` when the key was not wrapped for this identity and context."""
    id_hex = identity.recipient.id
    for line in wrapped:
        line_id, _, encoded = line.partition(" ")
        if line_id == id_hex:
            private = X25519PrivateKey.from_private_bytes(identity.private)
            info = f"{context}\n{id_hex}".encode()
            try:
                return _SUITE.decrypt(decode_base64(encoded), private, info=info)
            except (InvalidTag, ValueError) as error:
                raise FormatError("the wrapped key was made for another log or epoch") from error
    raise FormatError("this identity is not among the recipients of that key")


class Epoch:
    """One data key in use. `number` is the index of the key entry that announces it."""

    __slots__ = ("_aad_end", "_aad_start", "_cipher", "number")

    def __init__(self, key: bytes, *, origin: str, proxy_id: str, number: int) -> None:
        self.number = number
        self._cipher = ChaCha20Poly1305(key)
        self._aad_start = f"ledger-payload/v1\n{origin}\n{proxy_id} ".encode()
        self._aad_end = b" %d" % number

    def seal(self, sequence: int, payload: bytes) -> tuple[bytes, PayloadReference]:
        """Once for each sequence number: the number is the nonce."""
        padded_bytes = -(-(4 + len(payload)) // BUCKET_BYTES) * BUCKET_BYTES
        padded = (_U32.pack(len(payload)) + payload).ljust(padded_bytes, b"\0")
        ciphertext = self._cipher.encrypt(_nonce(sequence), padded, self._aad(sequence))
        digest = hashlib.sha256(ciphertext).digest()
        return ciphertext, PayloadReference(self.number, len(ciphertext), digest)

    def open(self, sequence: int, ciphertext: bytes) -> bytes:
        """Raises `FormatError` for a ciphertext of another entry, epoch or log."""
        try:
            padded = self._cipher.decrypt(_nonce(sequence), ciphertext, self._aad(sequence))
        except (InvalidTag, ValueError) as error:
            raise FormatError("the payload does not open with the key of its epoch") from error
        if len(padded) < 4:
            raise FormatError("the payload is shorter than its own length field")
        (length_bytes,) = _U32.unpack_from(padded)
        if length_bytes > len(padded) - 4:
            raise FormatError("the payload's length field is wrong")
        return padded[4 : 4 + length_bytes]

    def _aad(self, sequence: int) -> bytes:
        return b"%b%d%b" % (self._aad_start, sequence, self._aad_end)


def _nonce(sequence: int) -> bytes:
    return sequence.to_bytes(12)


def new_data_key() -> bytes:
    return secrets.token_bytes(32)
