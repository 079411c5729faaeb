"""A transport behind callbacks: what is written arrives, and a full pipe is noticed."""

import asyncio
import socket
import threading

import pytest
import uvloop

from proxy.server.peer import Peer
from tests.unit.proxy.server.certificate import make_certificate


class Other:
    """The other end of a peer."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer


@pytest.fixture
async def ends():
    """A peer, as a listener makes it, and the plain stream that connected to it."""
    made = asyncio.get_running_loop().create_future()
    server = await asyncio.get_running_loop().create_server(
        lambda: Peer(made.set_result), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    yield await made, Other(reader, writer)
    writer.close()
    server.close()


async def test_bytes_go_both_ways(ends):
    peer, other = ends
    arrived = asyncio.get_running_loop().create_future()
    peer.on_data = arrived.set_result
    peer.write(b"to the other end")
    other.writer.write(b"to the peer")
    assert await other.reader.readexactly(16) == b"to the other end"
    assert await arrived == b"to the peer"
    assert peer.address == "127.0.0.1"


async def test_an_end_that_vanished_without_a_word_is_looked_for(ends):
    peer, _ = ends
    handle = peer._transport.get_extra_info("socket")
    assert handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_a_full_pipe_is_noticed_and_its_emptying_too(ends):
    peer, other = ends
    changed = asyncio.Event()
    peer.on_pressure = changed.set
    peer.write(b"x" * 20_000_000)
    assert peer.crowded
    changed.clear()
    await other.reader.readexactly(20_000_000)
    await changed.wait()
    assert not peer.crowded


async def test_reading_stops_and_goes_on(ends):
    peer, other = ends
    arrived = []
    done = asyncio.Event()
    peer.on_data = lambda data: (arrived.append(data), done.set())
    peer.read(wanted=False)
    peer.read(wanted=False)
    other.writer.write(b"later")
    await other.writer.drain()
    assert arrived == []
    peer.read(wanted=True)
    await done.wait()
    assert arrived == [b"later"]


async def test_closing_sends_what_was_written(ends):
    peer, other = ends
    lost = asyncio.Event()
    peer.on_lost = lost.set
    peer.write(b"farewell")
    peer.close()
    assert await other.reader.read() == b"farewell"
    await lost.wait()
    assert peer.lost
    peer.write(b"nobody")
    peer.read(wanted=False)
    peer.close()


async def test_after_the_end_nobody_is_called(ends):
    peer, other = ends
    lost = asyncio.Event()
    peer.on_lost = lost.set
    peer.on_data = pytest.fail
    other.writer.close()
    await lost.wait()
    peer.data_received(b"nothing")


async def test_tls_that_has_begun_already_goes_on(ends, tmp_path):
    peer, other = ends
    certificate = make_certificate(tmp_path)
    began = asyncio.get_running_loop().create_future()
    peer.on_data = began.set_result
    shaking = asyncio.create_task(
        other.writer.start_tls(certificate.client_context(), server_hostname="localhost")
    )
    hello = await began
    arrived = asyncio.get_running_loop().create_future()
    peer.on_data = arrived.set_result
    layer = await peer.start_tls(certificate.client_tls().context, hello)
    await shaking
    assert layer.certificate is None
    other.writer.write(b"to the peer")
    assert await arrived == b"to the peer"
    peer.write(b"farewell")
    peer.close()
    assert await other.reader.read() == b"farewell"


@pytest.mark.parametrize("sent", [b"no handshake at all", b""], ids=["noise", "nothing"])
async def test_a_handshake_that_fails_is_an_error_of_the_socket(ends, tmp_path, sent):
    peer, other = ends
    shaking = asyncio.create_task(peer.start_tls(make_certificate(tmp_path).client_tls().context))
    await asyncio.sleep(0)
    other.writer.write(sent)
    other.writer.close()
    with pytest.raises(OSError):
        await shaking
    peer.write(b"nobody")
    peer.close()


async def test_who_sends_what_is_not_tls_later_is_hung_up_on(ends, tmp_path):
    peer, other = ends
    certificate = make_certificate(tmp_path)
    context = certificate.client_tls().context
    shaking = asyncio.create_task(peer.start_tls(context))
    await asyncio.sleep(0)
    raw = other.writer.transport
    await other.writer.start_tls(certificate.client_context(), server_hostname="localhost")
    await shaking
    lost = asyncio.Event()
    peer.on_lost, peer.on_data = lost.set, pytest.fail
    raw.write(b"Q\0\0\0\x0dSELECT 1\0")
    await asyncio.sleep(0)
    peer.write(b"an answer that is on its way")
    await lost.wait()


async def test_what_is_written_behind_the_end_goes_nowhere(ends, tmp_path):
    peer, other = ends
    certificate = make_certificate(tmp_path)
    shaking = asyncio.create_task(peer.start_tls(certificate.client_tls().context))
    await asyncio.sleep(0)
    await other.writer.start_tls(certificate.client_context(), server_hostname="localhost")
    await shaking
    peer.close()
    peer.write(b"too late")
    assert await other.reader.read() == b""


async def test_who_takes_no_answers_of_tls_is_not_read_any_more(ends, tmp_path):
    """Every message for new keys is answered (RFC 8446, 4.6.3), whoever asks for a million."""
    peer, other = ends
    certificate = make_certificate(tmp_path)
    shaking = asyncio.create_task(peer.start_tls(certificate.client_tls().context))
    await asyncio.sleep(0)
    await other.writer.start_tls(certificate.client_context(), server_hostname="localhost")
    await shaking
    peer.write(b"x" * 20_000_000)
    assert peer.crowded
    transport = peer._transport
    assert not transport.is_reading()
    peer.read(wanted=True)
    assert not transport.is_reading()
    await other.reader.readexactly(20_000_000)
    while peer.crowded:
        await asyncio.sleep(0.01)
    assert transport.is_reading()


async def test_what_the_other_end_has_taken_is_known(ends):
    peer, other = ends
    peer.write(b"x" * 20_000_000)
    first = peer.taken_bytes
    assert first < 20_000_000
    await other.reader.readexactly(20_000_000)
    while peer.crowded:
        await asyncio.sleep(0.01)
    assert peer.taken_bytes == 20_000_000


async def test_an_end_that_is_gone_without_a_word_will_be_noticed(ends):
    peer, _ = ends
    connection = peer._transport.get_extra_info("socket")
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    assert [connection.getsockopt(socket.IPPROTO_TCP, each) for each in options] == [60, 10, 6]


def test_who_sends_a_lot_waits_for_the_others():
    """Between two of its chunks, everything that was ready has had its turn."""
    uvloop.run(_a_lot_arrives())


async def _a_lot_arrives():
    loop = asyncio.get_running_loop()
    turns_count, size_bytes, large, left = 0, 40_000_000, [], 40_000_000
    done = asyncio.Event()

    def turn():
        nonlocal turns_count
        turns_count += 1
        if not done.is_set():
            loop.call_soon(turn)

    def arrived(data):
        nonlocal left
        left -= len(data)
        if len(data) >= 64 * 1024:
            large.append(turns_count)
        if left == 0:
            done.set()

    def made(peer):
        peer.on_data = arrived
        loop.call_soon(turn)

    server = await loop.create_server(lambda: Peer(made), "127.0.0.1", 0)
    sending = threading.Thread(
        target=_send, args=(server.sockets[0].getsockname(), b"x" * size_bytes)
    )
    sending.start()
    await done.wait()
    sending.join()
    server.close()
    assert len(large) > 10
    assert len(set(large)) == len(large)


def _send(address, data):
    with socket.create_connection(address) as connection:
        connection.sendall(data)
