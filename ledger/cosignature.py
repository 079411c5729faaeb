"""That a witness saw a checkpoint at some time, and nothing before that contradicts it. Pure.

C2SP tlog-cosignature v1.0.1: type byte 0x04, 8 bytes of Unix seconds and 64 of Ed25519 over
``cosignature/v1``, the time and the checkpoint's text. Each cosigner has a key of its own, used for
nothing else, because its name is not signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import FormatError, SignatureInvalid
from ledger.note import (
    Algorithm,
    Note,
    Signature,
    VerifierKey,
    parse_private,
    private_text,
    verify_note,
)


@dataclass(frozen=True, slots=True)
class CosigningKey:
    """A witness's private key: `PRIVATE+KEY+name+hash+base64(4 || seed)`."""

    name: str
    seed: bytes  # 32 bytes, secret

    def __repr__(self) -> str:
        return f"CosigningKey({self.name!r})"

    @property
    def verifier(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, Algorithm.COSIGNATURE_ED25519, public.public_bytes_raw())

    def to_text(self) -> str:
        return private_text(self.verifier, self.seed)

    @classmethod
    def parse(cls, text: str) -> CosigningKey:
        """Raises `FormatError`."""
        name, seed, hash_hex = parse_private(text, Algorithm.COSIGNATURE_ED25519)
        key = cls(name, seed)
        if key.verifier.id.hex() != hash_hex:
            raise FormatError("the hash inside the private key does not match the key")
        return key

    def cosign(self, checkpoint_text: bytes, time_seconds: int) -> Signature:
        """`checkpoint_text` with its final newline, without signatures."""
        message = b"cosignature/v1\ntime %d\n%b" % (time_seconds, checkpoint_text)
        signed = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        return Signature(self.name, self.verifier.id, time_seconds.to_bytes(8) + signed)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """Who saw the checkpoint, and when by their clock (Unix seconds)."""

    witness: VerifierKey
    time_seconds: int


def cosignatures(note: Note, witnesses: Iterable[VerifierKey]) -> tuple[Cosigned, ...]:
    """The cosignatures of `witnesses` on a checkpoint, none twice.

    Raises `SignatureInvalid` for a bad one of a known witness; those of strangers count nothing.
    """
    known = [key for key in witnesses if key.algorithm is Algorithm.COSIGNATURE_ED25519]
    times = {(each.name, each.key_id): each.value[:8] for each in reversed(note.signatures)}
    if not any((key.name, key.id) in times for key in known):
        return ()
    verified = verify_note(note, known)
    return tuple(Cosigned(key, int.from_bytes(times[key.name, key.id])) for key in verified)


def require_cosignature(note: Note, witness: VerifierKey) -> Cosigned:
    """Raises `SignatureInvalid` where the witness did not sign."""
    found = cosignatures(note, [witness])
    if not found:
        raise SignatureInvalid(f"{witness.name} did not cosign this checkpoint")
    return found[0]
