"""Signed notes and their keys (C2SP signed-note v1.0.0). Pure.

    <text ending in newline> <newline>, then one or more lines
    "— " <key name> " " base64(key id || signature)

The signed bytes are the text with its final newline, without the blank line after it.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import FormatError, SignatureInvalid

SIGNATURES_MAX: Final = 16
DASH: Final = "\u2014 ".encode()
_PRIVATE: Final = "PRIVATE+KEY+"


class Algorithm(IntEnum):
    """Signature type bytes of the C2SP specification that this code can check."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """First 4 bytes of SHA-256(name || newline || type byte || public key)."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def check_name(name: str) -> str:
    """A key name or origin: not empty, no Unicode space, no plus sign, no control character."""
    one_word = len(name) <= 200 and name.split() == [name] and name.isprintable()
    if not one_word or "+" in name:
        raise FormatError("a key name has no spaces, no plus signs and 1 to 200 characters")
    return name


def decode_base64(text: str | bytes) -> bytes:
    """Standard padded base64, exactly one spelling for each value. Raises `FormatError`."""
    try:
        value = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("not standard base64") from error
    if b64encode(value) != (text.encode() if isinstance(text, str) else text):
        raise FormatError("not the canonical base64 spelling")
    return value


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: `name+hex(key id)+base64(type || public key)`."""

    name: str
    algorithm: Algorithm
    public: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.algorithm, self.public)

    def __str__(self) -> str:
        encoded = b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise FormatError("a public key looks like name+hash+base64")
        name, hash_hex, encoded = parts
        raw = decode_base64(encoded)
        if len(raw) != 33 or raw[0] not in list(Algorithm):
            raise FormatError("a public key of a type this version does not know")
        key = cls(check_name(name), Algorithm(raw[0]), raw[1:])
        if key.id.hex() != hash_hex:
            raise FormatError("the hash inside the public key does not match the key")
        return key

    def verifies(self, text: bytes, signature: bytes) -> bool:
        match self.algorithm:
            case Algorithm.ED25519:
                message = text
            case Algorithm.COSIGNATURE_ED25519:
                # tlog-cosignature v1.0.1: u64 seconds in front, covered by the signed message.
                time_seconds = int.from_bytes(signature[:8])
                message = b"cosignature/v1\ntime %d\n%b" % (time_seconds, text)
                signature = signature[8:]
            case _:
                assert_never(self.algorithm)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key as Go's sumdb/note writes it: `PRIVATE+KEY+name+hash+base64(1 || seed)`."""

    name: str
    seed: bytes  # 32 bytes, secret

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"

    @property
    def verifier(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, Algorithm.ED25519, public.public_bytes_raw())

    def to_text(self) -> str:
        return private_text(self.verifier, self.seed)

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        name, seed, hash_hex = parse_private(text, Algorithm.ED25519)
        key = cls(name, seed)
        if key.verifier.id.hex() != hash_hex:
            raise FormatError("the hash inside the private key does not match the key")
        return key

    def signer(self) -> Callable[[bytes], bytes]:
        """A function from text to the finished note."""
        return note_signer(self.verifier, Ed25519PrivateKey.from_private_bytes(self.seed).sign)


def private_text(verifier: VerifierKey, seed: bytes) -> str:
    """A private key, the 32 bytes `seed`, as Go's sumdb/note writes it."""
    encoded = b64encode(bytes([verifier.algorithm]) + seed).decode()
    return f"{_PRIVATE}{verifier.name}+{verifier.id.hex()}+{encoded}"


def parse_private(text: str, algorithm: Algorithm) -> tuple[str, bytes, str]:
    """Name, seed and the hash, unchecked, of a private key for `algorithm`."""
    parts = text.strip().removeprefix(_PRIVATE).split("+", 2)
    if not text.startswith(_PRIVATE) or len(parts) != 3:
        raise FormatError("a private key looks like PRIVATE+KEY+name+hash+base64")
    raw = decode_base64(parts[2])
    if len(raw) != 33 or raw[0] != algorithm:
        raise FormatError("a private key of a type this version does not know")
    return check_name(parts[0]), raw[1:], parts[1]


def note_signer(key: VerifierKey, sign: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Wrap a raw Ed25519 `sign` into a function from text to the note signed by `key`."""
    line_head = b"\n" + DASH + key.name.encode() + b" "
    id_bytes = key.id

    def sign_note(text: bytes) -> bytes:
        return b"%b%b%b\n" % (text, line_head, b64encode(id_bytes + sign(text)))

    return sign_note


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes  # 4 bytes
    value: bytes

    def to_line(self) -> bytes:
        """The signature as a note ends with it."""
        return b"%b%b %b\n" % (DASH, self.name.encode(), b64encode(self.key_id + self.value))


@dataclass(frozen=True, slots=True)
class Note:
    text: bytes
    signatures: tuple[Signature, ...]


_SIGNATURE_LINE: Final = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL: Final = re.compile(rb"[\x00-\x09\x0b-\x1f]")


def parse_note(data: bytes, *, note_bytes_max: int = 65_535) -> Note:
    """Split at the last blank line. Says nothing about who signed: see `verify_note`."""
    if len(data) > note_bytes_max:
        raise FormatError("the note is too long")
    split = data.rfind(b"\n\n")
    if split < 0 or not data.endswith(b"\n") or _CONTROL.search(data):
        raise FormatError("not a signed note")
    try:
        data[:split].decode()
        lines = data[split + 2 : -1].decode().split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("the note is not UTF-8") from error
    if len(lines) > SIGNATURES_MAX:
        raise FormatError("the note has too many signatures")
    return Note(data[: split + 1], tuple(map(_parse_signature, lines)))


def parse_signatures(lines: bytes) -> tuple[Signature, ...]:
    """Signature lines that come without their note."""
    if not lines.endswith(b"\n") or _CONTROL.search(lines):
        raise FormatError("a signature line that is none")
    try:
        texts = lines[:-1].decode().split("\n")
    except UnicodeDecodeError as error:
        raise FormatError("a signature line is not UTF-8") from error
    if len(texts) > SIGNATURES_MAX:
        raise FormatError("too many signatures")
    return tuple(map(_parse_signature, texts))


def _parse_signature(line: str) -> Signature:
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise FormatError("a signature line that is none")
    raw = decode_base64(match[2])
    if len(raw) < 5:
        raise FormatError("a signature that is too short")
    return Signature(match[1], raw[:4], raw[4:])


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """The keys that signed. Signatures of unknown keys are ignored, as the specification says.

    Raises `SignatureInvalid` when a known key's signature is bad, or when no known key signed.
    """
    known = {(key.name, key.id): key for key in keys}
    verified: list[VerifierKey] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None or key in verified:
            continue
        if not key.verifies(note.text, signature.value):
            raise SignatureInvalid(f"the signature of {key.name} is bad")
        verified.append(key)
    if not verified:
        raise SignatureInvalid("no trusted key signed this")
    return tuple(verified)
