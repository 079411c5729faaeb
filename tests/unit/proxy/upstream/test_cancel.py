"""Keys of ours lead to keys of the server's; other keys lead nowhere."""

import asyncio

import pytest

from proxy.upstream.cancel import CancelKeys
from proxy.upstream.connect import Upstream
from proxy.wire.postgres.startup import encode_cancel


@pytest.fixture
async def database():
    """Gives the upstream and the list of what each connection sent."""
    sent = []

    async def serve(reader, writer):
        sent.append(await reader.readexactly(16))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield Upstream("127.0.0.1", server.sockets[0].getsockname()[1]), sent
    server.close()


async def test_an_issued_key_is_translated(database):
    upstream, sent = database
    keys = CancelKeys()
    keys.issue(b"ours....", upstream, None, b"servers.")
    await keys.cancel(b"ours....")
    assert sent == [encode_cancel(b"servers.")]


async def test_other_keys_open_no_connection(database):
    upstream, sent = database
    keys = CancelKeys()
    keys.issue(b"ours....", upstream, None, b"servers.")
    await keys.cancel(b"servers.")
    keys.withdraw(b"ours....")
    await keys.cancel(b"ours....")
    assert sent == []


async def test_a_database_that_is_gone_is_nobodys_problem():
    keys = CancelKeys()
    keys.issue(b"ours....", Upstream("127.0.0.1", 1), None, b"servers.")
    await keys.cancel(b"ours....")


async def test_a_flood_of_requests_does_not_become_a_flood_of_connections():
    accepted = []
    server = await asyncio.start_server(lambda *ends: accepted.append(ends), "127.0.0.1", 0)
    upstream = Upstream("127.0.0.1", server.sockets[0].getsockname()[1])
    keys = CancelKeys()
    keys.issue(b"ours....", upstream, None, b"servers.")
    flood = [asyncio.create_task(keys.cancel(b"ours....")) for _ in range(100)]
    done, pending = await asyncio.wait(flood, timeout=0.5)
    assert len(done) == 84
    for task in pending:
        task.cancel()
    await asyncio.wait(pending)
    server.close()


def test_fresh_secrets_are_never_the_same():
    keys = CancelKeys()
    assert keys.fresh_secret()[:4] != keys.fresh_secret()[:4]


async def test_an_unknown_key_is_passed_on_and_one_of_our_own_never(database):
    upstream, sent = database
    passed = []

    async def pass_on(key):
        passed.append(key)

    keys = CancelKeys()
    keys.issue(b"ours....", upstream, None, b"servers.")
    await keys.cancel(b"another.", pass_on)
    assert (passed, sent) == ([b"another."], [])
    await keys.cancel(b"ours....", pass_on)
    assert (passed, sent) == ([b"another."], [encode_cancel(b"servers.")])
