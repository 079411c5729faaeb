"""A client that knows the password is told apart from one that does not, and from one that left."""

import asyncio

import pytest

from proxy.errors import ProtocolViolation
from proxy.server.greeting import ClientLeft
from proxy.server.peer import Peer
from proxy.server.proving import Proving, fresh_nonce
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.framer import MessageTooLarge
from proxy.wire.postgres.scram import SCRAM, Proven, ScramClient, WrongProof
from tests.unit.proxy.wire.postgres.test_scram import CLIENT_KEY, PENCIL, PROVEN

FIRST = frontend.encode_sasl_initial(SCRAM, b"n,,n=,r=client")


@pytest.fixture
async def meet():
    """Connect a stream to a `Proving` that has been sent something already."""
    opened = []

    async def met(sent=b""):
        loop = asyncio.get_running_loop()
        made = loop.create_future()
        server = await loop.create_server(lambda: Peer(made.set_result), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        opened.extend((server, writer))
        proving = Proving(await made, sent)
        return asyncio.create_task(proving.finish(PENCIL, None)), reader, writer

    yield met
    for each in opened:
        each.close()


async def message(reader):
    head = await reader.readexactly(5)
    return head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)


async def prove(reader, writer, proven, behind=b""):
    client = ScramClient(proven, b"client", None)
    offered = backend.decode_mechanisms((await message(reader))[9:])
    writer.write(frontend.encode_sasl_initial(*client.first(offered)))
    final = client.final((await message(reader))[9:])
    writer.write(frontend.encode_sasl(final) + behind)
    return client


async def test_who_knows_the_password_is_known(meet):
    finished, reader, writer = await meet()
    client = await prove(reader, writer, PROVEN, behind=b"more")
    proof = await finished
    assert (proof.proven.client_key, proof.rest) == (CLIENT_KEY, b"more")
    client.verify(proof.proven.server_final)
    assert client.verified


async def test_who_does_not_is_not(meet):
    finished, reader, writer = await meet()
    await prove(reader, writer, Proven(PENCIL, b"x" * 32, b""))
    with pytest.raises(WrongProof):
        await finished


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (frontend.encode_query(b"SELECT 1"), ProtocolViolation),
        (frontend.encode_sasl(b"x" * 2_000), MessageTooLarge),
        (frontend.encode_sasl(b"password\0"), ProtocolViolation),
        (FIRST + frontend.encode_sasl(b"c=biws,r=,p="), ProtocolViolation),
        (b"p\0\0\0\1", ProtocolViolation),
    ],
    ids=["statement", "too long", "password", "no proof", "bad length"],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_who_says_something_else_is_refused(meet, said, error, at_once):
    finished, _, writer = await meet(said if at_once else b"")
    if not at_once:
        writer.write(said)
    with pytest.raises(error):
        await finished


@pytest.mark.parametrize("said", [b"", FIRST, FIRST[:9]])
async def test_who_leaves_is_nobodys_error(meet, said):
    finished, _, writer = await meet()
    writer.write(said)
    writer.close()
    with pytest.raises(ClientLeft):
        await finished


def test_nonces_are_printable_and_never_the_same():
    nonces = {fresh_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert not any(b"," in nonce for nonce in nonces)
