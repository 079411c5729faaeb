"""Where the portal is served: over TLS, or at a place that only this machine reaches."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web

from ledger.errors import ConfigurationError
from ledger.portal.accounts import Account


@dataclass(frozen=True, slots=True)
class Listening:
    """One address. `client_ca_file`: PEM certificates that sign those of people who sign in."""

    host: str
    port: int
    certificate_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None

    @property
    def secure(self) -> bool:
        """Whether it is served over TLS."""
        return self.certificate_file is not None

    @property
    def url(self) -> str:
        """Where a browser goes."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.secure else 'http'}://{host}:{self.port}"


def listening(
    address: str, certificate_file: Path | None, key_file: Path | None, client_ca_file: Path | None
) -> Listening:
    """`address` is host:port. Raises `ConfigurationError`; without TLS for all but loopback."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ConfigurationError("--listen is an address and a port, such as 127.0.0.1:8490")
    if (certificate_file is None) != (key_file is None):
        raise ConfigurationError("--tls-cert and --tls-key belong together: give both")
    if client_ca_file is not None and certificate_file is None:
        raise ConfigurationError("--client-ca needs TLS: give --tls-cert and --tls-key, too")
    if certificate_file is None and not _is_loopback(host):
        raise ConfigurationError(
            f"{host} can be reached by others: give --tls-cert and --tls-key, or listen on"
            " 127.0.0.1"
        )
    return Listening(host, int(port), certificate_file, key_file, client_ca_file)


def _is_loopback(host: str) -> bool:
    """A name is none: what it stands for may change."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def tls_context(place: Listening) -> ssl.SSLContext | None:
    """Reads files. A client may come without a certificate, but not with a foreign one.

    Raises `ConfigurationError`.
    """
    if place.certificate_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(place.certificate_file, place.key_file, password=_none)
        if place.client_ca_file is not None:
            context.load_verify_locations(place.client_ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ValueError):
        files = (place.certificate_file, place.key_file, place.client_ca_file)
        named = ", ".join(str(each) for each in files if each is not None)
        raise ConfigurationError(f"cannot use these for TLS: {named}") from None
    return context


def _none() -> str:
    raise ValueError("a key with a passphrase cannot be used")


def fingerprint_of(request: web.Request) -> str | None:
    """SHA-256 of the certificate that the client showed and TLS accepted, in hexadecimal."""
    transport = request.transport
    connection = None if transport is None else transport.get_extra_info("ssl_object")
    if connection is None:
        return None
    shown = connection.getpeercert(binary_form=True)
    return None if not shown else sha256(shown).hexdigest()


def shows_certificate(request: web.Request, account: Account) -> bool:
    """Whose account has a certificate is let in with it alone, at each request."""
    return account.certificate is None or account.certificate == fingerprint_of(request)
