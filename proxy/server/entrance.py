"""What is asked of a client before the database hears of it, and why one is turned away."""

from __future__ import annotations

import logging
import secrets
import ssl
from asyncio import Transport
from typing import Final

from proxy.errors import FengcunError
from proxy.policy.attribution import Said
from proxy.record.scribe import Identity
from proxy.server.encryption import Secured
from proxy.server.greeting import Greeted
from proxy.server.peer import Peer
from proxy.server.proving import Proof, Proving, VerifierOf, fresh_nonce
from proxy.session.login import ProvenLogin
from proxy.wire.postgres.channel_binding import end_point
from proxy.wire.postgres.encoding import DATABASE_ENCODING, codec_of, encoding_named
from proxy.wire.postgres.parameters import Admission
from proxy.wire.postgres.scram import NotBound, Proven, ScramClient, WrongProof
from proxy.wire.postgres.startup import legible

_log = logging.getLogger(__name__)
# Fourteen hex digits: the ledger takes no word with fifteen decimal digits in a row.
_SESSION_BYTES: Final = 7


class TookTooLong(FengcunError):
    """The client was not let in within the time for that."""

    sqlstate = "28000"
    label = "startup-timeout"


class EncryptionRequired(FengcunError):
    """The client may not enter in clear."""

    sqlstate = "28000"
    label = "encryption-required"


class TooManyConnections(FengcunError):
    """All places are taken."""

    sqlstate = "53300"
    label = "too-many-connections"


class UnknownDatabase(FengcunError):
    """The database is not one that this proxy serves."""

    sqlstate = "3D000"
    label = "unknown-database"


class PolicyChanged(FengcunError):
    """The session was let in under a policy that sealed nothing."""

    sqlstate = "57P01"
    label = "policy-changed"


async def prove(peer: Peer, user: str, greeted: Greeted, verifier_of: VerifierOf) -> Proof:
    """The database never hears of a client that fails here, so its log cannot say so."""
    proving = Proving(peer, greeted.rest)
    binding = None if greeted.secured is None else greeted.secured.end_point
    try:
        return await proving.finish(await verifier_of(user), binding)
    except (WrongProof, NotBound):
        _log.warning("a client could not prove who it is", extra={"host": peer.address})
        raise


def proven_login(proven: Proven, transport: Transport) -> ProvenLogin:
    """The proxy's own login with what the client has shown to know."""
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    binding = None if certificate is None else end_point(certificate)
    return ProvenLogin(ScramClient(proven, fresh_nonce(), binding), proven.server_final)


def stranger(admission: Admission, source: str, secured: Secured | None) -> Identity:
    """Who a session is before the policy has said."""
    return Identity(
        session=secrets.token_hex(_SESSION_BYTES),
        principal=None,
        user=admission.user,
        database=admission.database,
        source=source,
        application_name=admission.application_name,
        certificate=None if secured is None else secured.subject,
        operator=admission.operator,
        case=admission.case,
    )


def said_by(identity: Identity) -> Said:
    """What is known about the person behind a session when it begins."""
    return Said(
        operators=(identity.operator,),
        cases=(identity.case,),
        application_name=identity.application_name,
        user=legible(identity.user),
        certificate=identity.certificate,
    )


def codec_asked_for(client_encoding: str) -> str:
    """The codec in which a stranger is told something; ASCII for encodings that are not served.
    Nothing asked for is UTF-8, which the database has to have."""
    name = encoding_named(client_encoding) if client_encoding else DATABASE_ENCODING
    return (None if name is None else codec_of(name)) or "ascii"
