"""Open a connection to the database, with TLS where that is asked for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar, cast

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.settings import service
from proxy.wire.postgres.startup import SSL_REQUEST

_TLS_YES: Final = b"S"

P = TypeVar("P", bound=asyncio.Protocol)


class SslMode(Enum):
    """How far the connection is protected; the names are libpq's."""

    DISABLE = "disable"
    REQUIRE = "require"
    VERIFY_FULL = "verify-full"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the database listens. A `host` that begins with ``/`` is a socket directory."""

    host: str
    port: int = 5432
    ssl_mode: SslMode = SslMode.DISABLE
    ca_file: Path | None = None
    connect_seconds_max: float = 10.0
    crl_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @classmethod
    def configured(cls, settings: service.Upstream) -> Upstream:
        """The one that fengcun.toml names."""
        return cls(
            settings.host,
            settings.port,
            SslMode(settings.encryption),
            settings.ca_file,
            settings.connect_timeout_ms / 1000,
            settings.crl_file,
            settings.certificate_file,
            settings.key_file,
        )

    @property
    def address(self) -> str:
        """The socket's path, or the host."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else self.host


def tls_context(upstream: Upstream) -> ssl.SSLContext | None:
    """The context for `Upstream.ssl_mode`. Raises `ConfigurationError` for an unusable file."""
    if upstream.ssl_mode is SslMode.DISABLE:
        return None
    try:
        context = ssl.create_default_context(cafile=upstream.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError("upstream: the CA file cannot be read") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if upstream.crl_file is not None:
        _look_up_revocations(context, upstream.crl_file)
    if upstream.certificate_file is not None:
        try:
            context.load_cert_chain(upstream.certificate_file, upstream.key_file, _no_password)
        except (OSError, ValueError) as error:
            raise ConfigurationError("upstream: certificate and key cannot be used") from error
    if upstream.ssl_mode is SslMode.REQUIRE:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _look_up_revocations(context: ssl.SSLContext, file: Path) -> None:
    """An authority whose list is missing or too old is not believed, as with libpq."""
    try:
        context.load_verify_locations(file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError("upstream: the revocation lists cannot be read") from error
    if not context.cert_store_stats()["crl"]:
        raise ConfigurationError("upstream: there is no revocation list in crl_file")
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN


def _no_password() -> str:
    """Else OpenSSL asks whoever sits at the terminal."""
    raise ValueError("the private key is encrypted")


async def connect(
    upstream: Upstream, context: ssl.SSLContext | None, make: Callable[[], P]
) -> tuple[asyncio.Transport, P]:
    """A connection ready for a StartupMessage. Raises `UpstreamUnavailable`."""
    try:
        async with asyncio.timeout(upstream.connect_seconds_max):
            if context is None:
                return await _open(upstream, make)
            return await _open_tls(upstream, context, make)
    except (OSError, TimeoutError) as error:
        raise UpstreamUnavailable("the database cannot be reached") from error


async def _open(upstream: Upstream, make: Callable[[], P]) -> tuple[asyncio.Transport, P]:
    loop = asyncio.get_running_loop()
    if upstream.host.startswith("/"):
        return await loop.create_unix_connection(make, upstream.address)
    return await loop.create_connection(make, upstream.host, upstream.port)


async def _open_tls(
    upstream: Upstream, context: ssl.SSLContext, make: Callable[[], P]
) -> tuple[asyncio.Transport, P]:
    transport, probe = await _open(upstream, _TlsProbe)
    try:
        answer = await probe.answer
        if answer != _TLS_YES:
            raise UpstreamUnavailable("the database does not offer TLS")
        protocol = make()
        name = upstream.host if upstream.ssl_mode is SslMode.VERIFY_FULL else None
        secured = await asyncio.get_running_loop().start_tls(
            transport, protocol, context, server_hostname=name or ""
        )
    except ssl.SSLError as error:
        transport.abort()
        raise UpstreamUnavailable("the TLS handshake with the database failed") from error
    except BaseException:
        transport.abort()
        raise
    if secured is None:
        raise UpstreamUnavailable("the database closed the connection")
    protocol.connection_made(secured)
    return secured, protocol


class _TlsProbe(asyncio.Protocol):
    """Asks for TLS and takes the answer: one byte, and not one more (CVE-2021-23222)."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(SSL_REQUEST)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.pause_reading()
        if not self.answer.done():
            self.answer.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(UpstreamUnavailable("the database closed the connection"))
