"""The way to the database, in clear and with TLS, and what happens when there is none."""

import asyncio
import socket
from pathlib import Path

import pytest

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.settings import service
from proxy.upstream.connect import SslMode, Upstream, connect, tls_context
from proxy.wire.postgres.startup import SSL_REQUEST
from tests.unit.proxy.server.certificate import Authority, make_certificate, subject


class Listening(asyncio.Protocol):
    def __init__(self):
        self.made = asyncio.get_running_loop().create_future()
        self.data = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.made.set_result(transport)

    def data_received(self, data):
        if not self.data.done():
            self.data.set_result(data)


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


@pytest.fixture
async def database(certificate):
    """What answers an SSLRequest with `answer` and, after TLS, says hello. Gives its port."""
    servers = []

    async def made(answer):
        async def serve(reader, writer):
            if await reader.readexactly(8) == SSL_REQUEST:
                writer.write(answer)
                await writer.drain()
                if answer == b"S":
                    await writer.start_tls(certificate.server_context())
                    writer.write(b"hello over TLS")
                    await writer.drain()
            await reader.read()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield made
    for server in servers:
        server.close()


async def test_a_connection_in_clear_begins_with_nothing(database):
    upstream = Upstream("127.0.0.1", await database(b"N"))
    transport, protocol = await connect(upstream, tls_context(upstream), Listening)
    assert protocol.made.done()
    transport.abort()


@pytest.mark.parametrize("mode", [SslMode.REQUIRE, SslMode.VERIFY_FULL])
async def test_tls_is_established_before_anything_is_said(database, certificate, mode):
    upstream = Upstream("127.0.0.1", await database(b"S"), mode, certificate.certificate_file)
    transport, protocol = await connect(upstream, tls_context(upstream), Listening)
    assert await protocol.data == b"hello over TLS"
    assert transport.get_extra_info("ssl_object") is not None
    transport.abort()


@pytest.mark.parametrize("answer", [b"N", b"E", b"SX"], ids=["declined", "error", "smuggled"])
async def test_a_server_without_proper_tls_is_refused(database, certificate, answer):
    port = await database(answer)
    upstream = Upstream("127.0.0.1", port, SslMode.REQUIRE, certificate.certificate_file)
    with pytest.raises(UpstreamUnavailable):
        await connect(upstream, tls_context(upstream), Listening)


async def test_a_certificate_nobody_vouches_for_is_refused(database, tmp_path):
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    upstream = Upstream(
        "127.0.0.1", await database(b"S"), SslMode.VERIFY_FULL, other.certificate_file
    )
    with pytest.raises(UpstreamUnavailable):
        await connect(upstream, tls_context(upstream), Listening)


async def test_nobody_listening_is_an_upstream_error():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        upstream = Upstream("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(UpstreamUnavailable, match="cannot be reached"):
            await connect(upstream, None, Listening)


async def test_a_host_that_begins_with_a_slash_is_a_directory(tmp_path):
    server = await asyncio.start_unix_server(lambda *_: None, str(tmp_path / ".s.PGSQL.5432"))
    transport, _ = await connect(Upstream(str(tmp_path)), None, Listening)
    transport.abort()
    server.close()


def test_a_missing_ca_file_is_a_mistake_in_the_configuration():
    upstream = Upstream("db", 5432, SslMode.VERIFY_FULL, Path("/nonexistent"))
    with pytest.raises(ConfigurationError):
        tls_context(upstream)


@pytest.mark.parametrize("broken", ["crl_file", "certificate_file", "key_file"])
def test_a_file_that_cannot_be_used_is_a_mistake_in_the_configuration(
    certificate, tmp_path, broken
):
    authority = Authority(tmp_path, "a")
    files = {
        "ca_file": authority.file,
        "crl_file": authority.revoke(),
        "certificate_file": certificate.certificate_file,
        "key_file": certificate.key_file,
    }
    assert tls_context(Upstream("db", 5432, SslMode.VERIFY_FULL, **files)) is not None
    for wrong in (authority.file, tmp_path / "absent"):
        with pytest.raises(ConfigurationError):
            tls_context(Upstream("db", 5432, SslMode.VERIFY_FULL, **{**files, broken: wrong}))


def test_the_files_and_the_mode_are_those_of_the_configuration(tmp_path):
    table = {
        "host": "db", "databases": ["a"], "catalogue_user": "c", "sslmode": "verify-full",
        "ca_file": "/ca", "crl_file": "/crl", "certificate_file": "/crt", "key_file": "/key",
    }  # fmt: skip
    upstream = Upstream.configured(service.Upstream.model_validate(table))
    assert upstream.ssl_mode is SslMode.VERIFY_FULL
    assert upstream.ca_file == Path("/ca")
    assert upstream.crl_file == Path("/crl")
    assert (upstream.certificate_file, upstream.key_file) == (Path("/crt"), Path("/key"))


async def test_a_certificate_that_was_taken_back_is_refused(tmp_path):
    authority = Authority(tmp_path, "a")
    shown, other = (authority.issue(name, subject(CN="db")) for name in ("shown", "other"))

    async def serve(reader, writer):
        await reader.readexactly(8)
        writer.write(b"S")
        await writer.drain()
        await writer.start_tls(shown.server_context())

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for revoked, enters in ((other, True), (shown, False)):
        upstream = Upstream(
            "127.0.0.1", port, SslMode.VERIFY_FULL, authority.file,
            crl_file=authority.revoke(revoked),
        )  # fmt: skip
        if enters:
            transport, _ = await connect(upstream, tls_context(upstream), Listening)
            transport.abort()
            continue
        with pytest.raises(UpstreamUnavailable):
            await connect(upstream, tls_context(upstream), Listening)
    server.close()
