"""TLS in any chunking: what one side sends is what the other reads, and a cut is noticed."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.server.tls_layer import TlsLayer
from tests.unit.proxy.server.certificate import make_certificate


@pytest.fixture(scope="module")
def contexts(tmp_path_factory):
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    return certificate.client_tls().context, certificate.client_context()


class Client:
    """The other side, with the standard library's own object."""

    def __init__(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def step(self, arrived, work):
        self.incoming.write(arrived)
        try:
            return work()
        except ssl.SSLWantReadError:
            return None


def shake(contexts):
    server, client = TlsLayer(contexts[0]), Client(contexts[1])
    to_client, received = b"", b""
    while not server.established:
        client.step(to_client, client.tls.do_handshake)
        received += server.receive(client.outgoing.read())
        to_client = server.take()
    client.step(to_client, client.tls.do_handshake)
    return server, client


@given(st.lists(st.binary(max_size=40_000), max_size=4), st.integers(1, 9_000))
def test_what_is_sent_is_what_is_received_in_any_chunking(contexts, plains, size):
    server, client = shake(contexts)
    for plain in plains:
        if plain:
            client.tls.write(plain)
    data = client.outgoing.read()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert b"".join(map(server.receive, chunks)) == b"".join(plains)
    assert not server.finished


def test_more_than_a_record_is_sent_whole(contexts):
    server, client = shake(contexts)
    plain = bytes(range(256)) * 4_000
    server.send(plain)
    client.incoming.write(server.take())
    received = b""
    while len(received) < len(plain):
        received += client.tls.read(1 << 20)
    assert received == plain


def test_the_end_is_said_and_heard(contexts):
    server, client = shake(contexts)
    client.step(b"", client.tls.unwrap)
    assert server.receive(client.outgoing.read()) == b""
    assert server.finished
    server.finish()
    assert server.take()


def test_what_is_no_handshake_raises_and_leaves_an_alert(contexts):
    server = TlsLayer(contexts[0])
    with pytest.raises(ssl.SSLError):
        server.receive(b"\x16\x03\x01\x00\x05nonsense")
    server.finish()
    assert server.take().startswith(b"\x15")


def test_a_changed_byte_ends_it(contexts):
    server, client = shake(contexts)
    client.tls.write(b"SELECT 1")
    data = bytearray(client.outgoing.read())
    data[-1] ^= 1
    with pytest.raises(ssl.SSLError):
        server.receive(bytes(data))


def test_who_shows_no_certificate_has_none(contexts):
    server, _ = shake(contexts)
    assert server.certificate is None
    assert server.application_protocol is None
