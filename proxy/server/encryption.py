"""TLS with clients: what they are shown, what they are asked for, and what became of it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from proxy.errors import ConfigurationError, FengcunError
from proxy.policy.subject import subject_of
from proxy.server.peer import Peer
from proxy.settings.service import Tls
from proxy.wire.postgres.channel_binding import end_point

ALPN: Final = "postgresql"
"""The protocol's name in the TLS handshake, as IANA has it (RFC 7301)."""

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_ASKED: Final = {
    "no": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class UnusableCertificate(FengcunError):
    """The client's certificate was signed as it should be; it is not understood, or has ended."""

    sqlstate = "28000"
    label = "unusable-certificate"


@dataclass(frozen=True, slots=True)
class ClientTls:
    """How clients are spoken to. `required`: those that do not encrypt are refused. `end_point` is
    what they can bind a login to, None where the certificate has nothing for that."""

    context: ssl.SSLContext
    required: bool = False
    end_point: bytes | None = None


@dataclass(frozen=True, slots=True)
class Secured:
    """A connection after its handshake: the subject of the client's verified certificate, the name
    of the protocol that the client asked for, and the proxy's own end point."""

    subject: str | None = None
    application_protocol: str | None = None
    end_point: bytes | None = None


def read_client_tls(tls: Tls) -> ClientTls:
    """Read the files that `tls` names. Raises `ConfigurationError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.minimum_version]
    context.set_alpn_protocols([ALPN])
    # A session that is taken up again shows no certificate again. Without tickets TLS 1.3 has none
    # of that, and TLS 1.2 only as long as this context lasts: until the lists are read again.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.num_tickets = 0
    try:
        context.load_cert_chain(tls.certificate_file, tls.key_file, password=_no_password)
        shown = ssl.PEM_cert_to_DER_cert(_first_certificate(tls.certificate_file))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"[tls] cannot use {tls.certificate_file} with {tls.key_file}"
        ) from error
    if tls.client_ca_file is not None:
        context.verify_mode = _ASKED[tls.client_certificates]
        _trust(context, tls)
    return ClientTls(context, tls.required, end_point(shown))


def _first_certificate(file: Path) -> str:
    """The one that is shown; those behind it vouch for it. Raises `OSError` and `ValueError`."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return text[text.index(ssl.PEM_HEADER) : text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]


def _trust(context: ssl.SSLContext, tls: Tls) -> None:
    file = tls.client_ca_file
    try:
        context.load_verify_locations(file)
        if tls.client_crl_file is not None:
            file = tls.client_crl_file
            context.load_verify_locations(file)
            # As the server: a chain with an authority whose list is missing or too old is refused.
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"[tls] cannot use {file}") from error
    if tls.client_crl_file is not None and not context.cert_store_stats()["crl"]:
        raise ConfigurationError(f"[tls] there is no revocation list in {tls.client_crl_file}")


def _no_password() -> str:
    """Else OpenSSL asks whoever sits at the terminal."""
    raise ValueError("the private key is encrypted")


async def secure(peer: Peer, tls: ClientTls, begun: bytes = b"") -> Secured:
    """The handshake, of which `begun` has arrived already. Raises `OSError` where it fails, and
    `UnusableCertificate`."""
    layer = await peer.start_tls(tls.context, begun)
    der = layer.certificate
    try:
        subject = None if der is None else subject_of(der, datetime.now(UTC))
    except ValueError:
        raise UnusableCertificate("the client certificate cannot be read, or has expired") from None
    return Secured(subject, layer.application_protocol, tls.end_point)
