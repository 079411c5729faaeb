"""A second signature on a checkpoint by a device that is not ours: SM2 with SM3. Pure.

A line of the note like any other, of the type that C2SP signed-note leaves to names of one's own:

    key id = SHA-256(name || 0x0A || 0xff || "sm2-with-sm3/v1" || 04 || X || Y)[:4]
    signature = r || s, 32 bytes each, over the text (GB/T 32918.2; identity 1234567812345678)

Nothing here signs or verifies: see `countersigned`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from ledger.errors import FormatError
from ledger.note import DASH, Note, Signature, check_name, decode_base64, key_id, parse_signatures

_TYPE: Final = 0xFF
_TYPE_NAME: Final = b"sm2-with-sm3/v1"
_POINT_BYTES: Final = 65
_SIGNATURE_BYTES: Final = 64
# SubjectPublicKeyInfo of a point on the SM2 curve (1.2.156.10197.1.301), up to the point.
_SPKI_HEAD: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
_PEM_HEAD: Final = "-----BEGIN PUBLIC KEY-----"
_PEM_FOOT: Final = "-----END PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class CountersignerKey:
    """An SM2 public key with its name: `name+hex(key id)+base64(0xff || type name || point)`."""

    name: str
    point: bytes  # 04 || X || Y

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.point) != _POINT_BYTES or self.point[0] != 4:
            raise FormatError("an SM2 public key is 65 bytes that begin with 04")

    @property
    def id(self) -> bytes:
        return key_id(self.name, _TYPE, _TYPE_NAME + self.point)

    @property
    def spki(self) -> bytes:
        """DER, as OpenSSL reads it."""
        return _SPKI_HEAD + self.point

    def __str__(self) -> str:
        encoded = b64encode(bytes([_TYPE]) + _TYPE_NAME + self.point).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> CountersignerKey:
        """Raises `FormatError`."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise FormatError("a public key looks like name+hash+base64")
        name, hash_hex, encoded = parts
        raw, head = decode_base64(encoded), bytes([_TYPE]) + _TYPE_NAME
        if not raw.startswith(head):
            raise FormatError("this is no public key of a countersigner")
        key = cls(name, raw[len(head) :])
        if key.id.hex() != hash_hex:
            raise FormatError("the hash inside the public key does not match the key")
        return key

    @classmethod
    def from_pem(cls, name: str, pem: str) -> CountersignerKey:
        """What `openssl pkey -pubout` writes for an SM2 key. Raises `FormatError`."""
        lines = pem.strip().splitlines()
        if len(lines) < 3 or (lines[0], lines[-1]) != (_PEM_HEAD, _PEM_FOOT):
            raise FormatError("not a public key in PEM")
        try:
            der = b64decode("".join(lines[1:-1]), validate=True)
        except (NotBase64, ValueError) as error:
            raise FormatError("not a public key in PEM") from error
        if not der.startswith(_SPKI_HEAD):
            raise FormatError("a public key in PEM, and not one of the SM2 curve")
        return cls(name, der[len(_SPKI_HEAD) :])

    def signature(self, value: bytes) -> Signature:
        return Signature(self.name, self.id, value)

    def read_answer(self, answer: bytes) -> Signature:
        """What a signer put out: a line, r || s, or r and s in DER. Raises `FormatError`."""
        if len(answer) == _SIGNATURE_BYTES:
            return self.signature(answer)
        if not answer.startswith(DASH):
            return self.signature(_raw(answer))
        signatures = parse_signatures(answer)
        if len(signatures) != 1:
            raise FormatError("more than one signature line")
        return self.require_in(signatures)

    def require_in(self, signatures: tuple[Signature, ...]) -> Signature:
        """This key's among signatures that nobody has verified. Raises `FormatError`."""
        for each in signatures:
            if (each.name, each.key_id) == (self.name, self.id):
                if len(each.value) != _SIGNATURE_BYTES:
                    raise FormatError("an SM2 signature is 64 bytes, r and s")
                return each
        raise FormatError(f"{self.name} did not sign this")


def _raw(der: bytes) -> bytes:
    try:
        r, s = decode_dss_signature(der)
        if encode_dss_signature(r, s) != der:
            raise ValueError("another spelling")
        return r.to_bytes(32) + s.to_bytes(32)
    except (ValueError, OverflowError) as error:
        raise FormatError("neither a signature line nor r and s, raw or in DER") from error


def to_der(signature: Signature) -> bytes:
    """r and s as OpenSSL wants them."""
    value = signature.value
    return encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))


def with_countersignature(note: Note, signature: Signature) -> bytes:
    """The note with one more line."""
    lines = dict.fromkeys(each.to_line() for each in (*note.signatures, signature))
    return b"%b\n%b" % (note.text, b"".join(lines))
