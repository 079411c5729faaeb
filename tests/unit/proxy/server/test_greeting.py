"""Encryption is answered, once of a kind, and nothing slips in before it."""

import asyncio

import pytest

from proxy.errors import ProtocolViolation
from proxy.server.encryption import Secured
from proxy.server.greeting import ClientLeft, Greeting, HandshakeFailed
from proxy.server.peer import Peer
from proxy.wire.postgres import startup
from proxy.wire.postgres.channel_binding import end_point
from proxy.wire.postgres.startup import CancelRequest, StartupMessage
from tests.unit.proxy.server.certificate import make_certificate

HELLO = StartupMessage(0, (("user", "app"),))
GSS_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x30"


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


@pytest.fixture
async def meet():
    """Connect a stream to a `Greeting` that encrypts as `tls` says."""
    opened = []

    async def met(tls=None):
        loop = asyncio.get_running_loop()
        made = loop.create_future()
        server = await loop.create_server(
            lambda: Peer(lambda peer: made.set_result(Greeting(peer))), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        opened.extend((server, writer))
        greeting = await made
        return asyncio.create_task(greeting.finish(tls)), reader, writer

    yield met
    for each in opened:
        each.close()


async def test_a_startup_message_is_taken_with_what_follows(meet):
    finished, _, writer = await meet()
    writer.write(startup.encode_startup(HELLO) + b"early")
    greeted = await finished
    assert (greeted.packet, greeted.rest) == (HELLO, b"early")


async def test_encryption_is_declined_where_none_is_configured(meet):
    finished, reader, writer = await meet()
    writer.write(GSS_REQUEST)
    assert await reader.readexactly(1) == b"N"
    writer.write(startup.SSL_REQUEST)
    assert await reader.readexactly(1) == b"N"
    writer.write(startup.encode_startup(HELLO))
    assert (await finished).packet == HELLO


async def test_tls_is_begun_where_it_is_configured(meet, certificate):
    finished, reader, writer = await meet(certificate.client_tls())
    writer.write(startup.SSL_REQUEST)
    assert await reader.readexactly(1) == b"S"
    await writer.start_tls(certificate.client_context(), server_hostname="localhost")
    writer.write(startup.encode_startup(HELLO))
    assert (await finished).packet == HELLO


@pytest.mark.parametrize("request_", [startup.SSL_REQUEST, GSS_REQUEST], ids=["tls", "gss"])
async def test_bytes_behind_an_encryption_request_are_a_violation(meet, certificate, request_):
    finished, _, writer = await meet(certificate.client_tls())
    writer.write(request_ + startup.encode_startup(HELLO))
    with pytest.raises(ProtocolViolation, match="unencrypted data"):
        await finished


async def test_asking_twice_is_a_violation(meet):
    finished, reader, writer = await meet()
    writer.write(startup.SSL_REQUEST)
    await reader.readexactly(1)
    writer.write(startup.SSL_REQUEST)
    with pytest.raises(ProtocolViolation):
        await finished


async def test_a_cancel_request_is_told_apart(meet):
    finished, _, writer = await meet()
    writer.write(startup.encode_cancel(b"12345678"))
    assert (await finished).packet == CancelRequest(b"12345678")


async def test_a_client_that_leaves_is_nobodys_error(meet):
    finished, _, writer = await meet()
    writer.close()
    with pytest.raises(ClientLeft):
        await finished


async def test_a_failed_handshake_is_not_a_client_that_left(meet, certificate):
    finished, reader, writer = await meet(certificate.client_tls())
    writer.write(startup.SSL_REQUEST)
    await reader.readexactly(1)
    writer.write(b"not a TLS record at all\n")
    with pytest.raises(HandshakeFailed):
        await finished


async def test_what_is_said_in_clear_instead_of_a_handshake_is_not_read(meet, certificate):
    finished, reader, writer = await meet(certificate.client_tls())
    writer.write(startup.SSL_REQUEST)
    assert await reader.readexactly(1) == b"S"
    writer.write(startup.encode_startup(HELLO))
    with pytest.raises(HandshakeFailed):
        await finished


def direct(certificate, *protocols):
    context = certificate.client_context()
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


async def test_tls_may_begin_without_a_request(meet, certificate):
    finished, reader, writer = await meet(certificate.client_tls())
    await writer.start_tls(
        direct(certificate, "http/1.1", "postgresql"), server_hostname="localhost"
    )
    writer.write(startup.SSL_REQUEST)
    assert await reader.readexactly(1) == b"N"
    writer.write(startup.encode_startup(HELLO) + b"early")
    greeted = await finished
    assert (greeted.packet, greeted.rest, greeted.secured) == (
        HELLO,
        b"early",
        Secured(None, "postgresql", end_point(certificate.der)),
    )


@pytest.mark.parametrize("protocols", [(), ("http/1.1",)], ids=["none", "another"])
async def test_tls_without_a_request_names_the_protocol(meet, certificate, protocols):
    finished, _, writer = await meet(certificate.client_tls())
    await writer.start_tls(direct(certificate, *protocols), server_hostname="localhost")
    with pytest.raises(ProtocolViolation, match="ALPN"):
        await finished


async def test_tls_without_a_request_is_no_startup_packet_where_none_is_configured(meet):
    finished, _, writer = await meet()
    writer.write(b"\x16\x03\x01\x02\x00" + b"\x01" * 16)
    with pytest.raises(ProtocolViolation):
        await finished


async def test_a_client_that_leaves_before_its_first_byte_is_nobodys_error(meet, certificate):
    finished, _, writer = await meet(certificate.client_tls())
    await asyncio.sleep(0.05)
    writer.close()
    with pytest.raises(ClientLeft):
        await finished
