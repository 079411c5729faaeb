"""SCRAM-SHA-256 and -PLUS (RFC 5802, 7677) as PostgreSQL speaks them: both sides, and no password.

The server keeps a verifier: salt, StoredKey = H(ClientKey) and ServerKey. Whoever has it can check
a client, and learns the ClientKey from a proof that holds: ClientKey = ClientProof XOR
HMAC(StoredKey, AuthMessage). With that, and the same salt and iterations, one can prove oneself to
another holder of the verifier (section 9 says so, as a warning). Here it is the point: the proxy
is believed by the database as the client it has just checked, and by nobody else, for as long as
the login takes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.wire.postgres.startup import as_sent

SCRAM: Final = b"SCRAM-SHA-256"
SCRAM_PLUS: Final = b"SCRAM-SHA-256-PLUS"
# PG_MAX_SASL_MESSAGE_LENGTH of the server.
MESSAGE_BYTES_MAX: Final = 1024

_KEY_BYTES: Final = 32
_MOCK_SALT_BYTES: Final = 16
_BOUND: Final = b"p=tls-server-end-point"
# `printable` of section 7: visible ASCII without the comma.
_NONCE: Final = rb"[!-+\--~]+"
_EXTENSIONS: Final = rb"(?:,(?![mp]=)[A-Za-z]=[^,\0]*)*"
_CLIENT_FIRST: Final = re.compile(
    rb"([ny]|p=[A-Za-z0-9.-]+),(a=[^,\0]*)?,(n=[^,\0]*,r=(" + _NONCE + rb")" + _EXTENSIONS + rb")"
)
_CLIENT_FINAL: Final = re.compile(
    rb"(c=([A-Za-z0-9+/=]*),r=(" + _NONCE + rb")" + _EXTENSIONS + rb"),p=([A-Za-z0-9+/]{43}=)"
)
_SERVER_FIRST: Final = re.compile(
    rb"r=(" + _NONCE + rb"),s=([A-Za-z0-9+/=]+),i=([1-9][0-9]{0,9})" + _EXTENSIONS
)
_SERVER_FINAL: Final = re.compile(rb"v=([A-Za-z0-9+/]{43}=)" + _EXTENSIONS)
_VERIFIER: Final = re.compile(
    r"SCRAM-SHA-256\$([1-9][0-9]{0,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)"
)


class WrongProof(FengcunError):
    """The client does not know the password, or there is no such user: both are told the same."""

    sqlstate = "28P01"
    label = "wrong-proof"


class NotBound(FengcunError):
    """Client and proxy do not see the same TLS connection: somebody may stand between them."""

    sqlstate = "28000"
    label = "channel-binding"


class OtherVerifier(FengcunError):
    """The database checks this user by another password than the one the client was checked by."""

    sqlstate = "28P01"
    label = "other-verifier"


@dataclass(frozen=True, slots=True)
class Verifier:
    """What checks a password. `genuine` is False where it only looks as if there were one."""

    iterations: int
    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    genuine: bool = True


@dataclass(frozen=True, slots=True)
class Proven:
    """What a client has shown to know, for as long as its login takes."""

    verifier: Verifier
    client_key: bytes = field(repr=False)
    server_final: bytes = field(repr=False)


def parse_verifier(text: str) -> Verifier:
    """``SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>``, as in ``pg_authid``.

    Raises ValueError, which quotes nothing.
    """
    found = _VERIFIER.fullmatch(text)
    try:
        if found is not None:
            salt, stored_key, server_key = (_decode(found[n].encode()) for n in (2, 3, 4))
            return Verifier(int(found[1]), salt, stored_key, server_key)
    except ProtocolViolation:
        pass
    raise ValueError("not a verifier of SCRAM-SHA-256") from None


def mock_verifier(secret: bytes, user: str, iterations: int) -> Verifier:
    """For a user without one: always the same, so that asking twice tells nothing either, and
    nobody knows a password for it: what the server's own mock authentication does."""

    def made(what: bytes) -> bytes:
        return hmac.digest(secret, what + b"\0" + as_sent(user), "sha256")

    salt = made(b"salt")[:_MOCK_SALT_BYTES]
    return Verifier(iterations, salt, made(b"stored"), made(b"server"), genuine=False)


class ScramServer:
    """The proxy towards its client: `first`, then `final`, each once.

    `binding` is the end point of the connection, None where it cannot be bound to (in clear, or
    with a certificate that RFC 5929 does not cover). `nonce` is random and printable.
    """

    def __init__(self, verifier: Verifier, nonce: bytes, binding: bytes | None) -> None:
        self._verifier = verifier
        self._nonce = nonce
        self._binding = binding
        self._said = b""
        self._expected_binding = b""

    @property
    def mechanisms(self) -> tuple[bytes, ...]:
        """What is offered, the better one first."""
        return (SCRAM,) if self._binding is None else (SCRAM_PLUS, SCRAM)

    def first(self, mechanism: bytes, message: bytes) -> bytes:
        """The answer to client-first. Raises `ProtocolViolation` and `NotBound`."""
        found = _CLIENT_FIRST.fullmatch(message)
        if mechanism not in self.mechanisms or found is None:
            raise _malformed()
        flag, authorisation, bare, nonce = found.groups()
        if authorisation is not None:
            raise ProtocolViolation("a client cannot log in as one user and act as another")
        self._check_flag(mechanism, flag)
        bound = self._binding if flag == _BOUND else None
        self._expected_binding = _encode(flag + b",," + (bound or b""))
        self._nonce = nonce + self._nonce
        verifier = self._verifier
        answer = b"r=%b,s=%b,i=%d" % (self._nonce, _encode(verifier.salt), verifier.iterations)
        self._said = bare + b"," + answer
        return answer

    def final(self, message: bytes) -> Proven:
        """Check client-final. Raises `ProtocolViolation`, `NotBound` and `WrongProof`."""
        found = _CLIENT_FINAL.fullmatch(message)
        if found is None or not self._said:
            raise _malformed()
        without_proof, binding, nonce, proof = found.groups()
        if not hmac.compare_digest(nonce, self._nonce):
            raise _malformed()
        if not hmac.compare_digest(binding, self._expected_binding):
            raise NotBound("channel binding check failed: this is not the TLS connection it was")
        verifier = self._verifier
        exchange = self._said + b"," + without_proof
        client_key = _xor(_decode(proof), _hmac(verifier.stored_key, exchange))
        known = hmac.compare_digest(hashlib.sha256(client_key).digest(), verifier.stored_key)
        if not (known and verifier.genuine):
            raise WrongProof("password authentication failed")
        server_final = b"v=" + _encode(_hmac(verifier.server_key, exchange))
        return Proven(verifier, client_key, server_final)

    def _check_flag(self, mechanism: bytes, flag: bytes) -> None:
        bound = mechanism == SCRAM_PLUS
        if flag.startswith(b"p=") is not bound:
            raise _malformed()
        if bound and flag != _BOUND:
            raise ProtocolViolation("channel binding is by tls-server-end-point only")
        # Section 6: a client that believes this of a server that can has been told so by another.
        if flag == b"y" and self._binding is not None:
            raise NotBound("the client was kept from channel binding, which is offered here")


class ScramClient:
    """The proxy towards the database, in the name of a client that has proven itself.

    `binding` as in `ScramServer`, of the database's certificate.
    """

    def __init__(self, proven: Proven, nonce: bytes, binding: bytes | None) -> None:
        self.verified = False
        self._proven = proven
        self._nonce = nonce
        self._binding = binding
        self._header = b""
        self._bare = b"n=,r=" + nonce  # the name is that of the startup packet
        self._exchange = b""

    def first(self, offered: tuple[bytes, ...]) -> tuple[bytes, bytes]:
        """The mechanism chosen, and client-first. Raises `UpstreamUnavailable`."""
        if self._binding is not None and SCRAM_PLUS in offered:
            mechanism, self._header = SCRAM_PLUS, _BOUND + b",,"
        elif SCRAM in offered:
            # With `y` a server that did offer it notices that somebody took its offer away.
            mechanism, self._header = SCRAM, b"n,," if self._binding is None else b"y,,"
        else:
            raise UpstreamUnavailable("the database offers no SCRAM-SHA-256")
        return mechanism, self._header + self._bare

    def final(self, message: bytes) -> bytes:
        """The answer to server-first. Raises `UpstreamUnavailable` and `OtherVerifier`."""
        found = _SERVER_FIRST.fullmatch(message)
        if found is None or not self._header or self._exchange:
            raise _broken()
        nonce, salt, iterations = found.groups()
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise _broken()
        verifier = self._proven.verifier
        if (salt, int(iterations)) != (_encode(verifier.salt), verifier.iterations):
            raise OtherVerifier("the database knows another password of this user: try again")
        bound = self._binding if self._header.startswith(b"p") else None
        without_proof = b"c=" + _encode(self._header + (bound or b"")) + b",r=" + nonce
        self._exchange = b",".join((self._bare, message, without_proof))
        proof = _xor(self._proven.client_key, _hmac(verifier.stored_key, self._exchange))
        return without_proof + b",p=" + _encode(proof)

    def verify(self, message: bytes) -> None:
        """Check server-final: the database knows the verifier, too. Raises
        `UpstreamUnavailable`."""
        found = _SERVER_FINAL.fullmatch(message)
        if found is None or not self._exchange:
            raise _broken()
        expected = _encode(_hmac(self._proven.verifier.server_key, self._exchange))
        if not hmac.compare_digest(found[1], expected):
            raise UpstreamUnavailable("the database does not know what it should: is it another?")
        self.verified = True


def _malformed() -> ProtocolViolation:
    return ProtocolViolation("malformed SCRAM message")


def _broken() -> UpstreamUnavailable:
    return UpstreamUnavailable("the database sent a malformed SCRAM message")


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _encode(data: bytes) -> bytes:
    return base64.b64encode(data)


def _decode(text: bytes) -> bytes:
    """Base64 in the one spelling that it has for some bytes (RFC 4648, section 3.5)."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise _malformed() from None
    if _encode(data) != text:
        raise _malformed()
    return data
