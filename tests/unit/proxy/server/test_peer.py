"""A transport behind callbacks: what is written arrives, and a full pipe is noticed."""

import asyncio

import pytest

from proxy.server.peer import Peer


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
