import asyncio
from pathlib import Path

import pytest

from ledger.client import Draft, EntryKind, NotaryClient
from ledger.errors import InvalidDraft, LedgerUnavailable
from ledger.notary import NotaryServer, serve_notary
from ledger.wire import HELLO
from tests.unit.ledger.small_log import SmallLog, decision


@pytest.fixture
async def served(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    log.open()
    assert log.sequencer is not None
    server = NotaryServer(log.sequencer)
    await server.listen(tmp_path / "notary.sock")
    yield log, server, tmp_path / "notary.sock"
    await server.close()
    log.close()


async def test_submissions_are_acknowledged_in_order(served):
    log, _, socket = served
    client = await NotaryClient.connect(socket)
    futures = [client.submit([decision(number)] * 2) for number in range(200)]
    assert client.pending_count == 400
    receipts = await asyncio.gather(*futures)
    starts = [receipt.first_index for receipt in receipts]
    assert starts == sorted(starts)
    assert client.pending_count == 0
    assert log.verify().size >= starts[-1] + 2
    await client.close()


async def test_several_workers_share_one_log(served):
    log, _, socket = served
    clients = [await NotaryClient.connect(socket) for _ in range(3)]
    futures = [client.submit([decision()] * 5) for client in clients for _ in range(40)]
    receipts = await asyncio.gather(*futures)
    covered = [
        index
        for receipt in receipts
        for index in range(receipt.first_index, receipt.first_index + 5)
    ]
    assert len(set(covered)) == 600
    assert log.verify().kinds["decision"] == 600
    for client in clients:
        await client.close()


async def test_a_bad_draft_condemns_itself_alone(served):
    _, _, socket = served
    client = await NotaryClient.connect(socket)
    with pytest.raises(InvalidDraft):
        client.submit([Draft(EntryKind.DECISION, {"name": "某某"})])
    assert (await client.submit([decision()])).count == 1
    await client.close()


async def test_what_was_submitted_before_close_is_in_the_log(served):
    log, server, socket = served
    client = await NotaryClient.connect(socket)
    future = client.submit([decision()] * 7)
    await client.close()
    with pytest.raises(LedgerUnavailable):
        await future
    await server.close()
    assert log.verify().kinds["decision"] == 7


async def test_the_loss_of_the_notary_is_permanent_and_told_once(tmp_path: Path):
    told: list[LedgerUnavailable] = []
    hung_up = asyncio.Event()

    async def greet_and_vanish(reader, writer):
        writer.write(HELLO)
        await reader.read(1)
        writer.close()
        hung_up.set()

    server = await asyncio.start_unix_server(greet_and_vanish, tmp_path / "s")
    client = await NotaryClient.connect(tmp_path / "s")
    client.on_failure = told.append
    pending = [client.submit([decision()]) for _ in range(3)]
    for future in pending:
        with pytest.raises(LedgerUnavailable):
            await future
    assert hung_up.is_set()
    with pytest.raises(LedgerUnavailable):
        await client.submit([decision()])
    assert told == [client.failure]
    assert client.pending_count == 0
    await client.close()
    server.close()


async def test_nobody_listening_is_unavailable(tmp_path: Path):
    with pytest.raises(LedgerUnavailable):
        await NotaryClient.connect(tmp_path / "nobody")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad", HELLO + bytes(20), b""])
async def test_what_is_no_notary_is_unavailable(tmp_path: Path, answer: bytes):
    async def talk(reader, writer):
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(talk, tmp_path / "s")
    with pytest.raises(LedgerUnavailable):
        client = await NotaryClient.connect(tmp_path / "s")
        await client.submit([decision()])
    server.close()


def test_the_client_works_on_uvloop(tmp_path: Path):
    uvloop = pytest.importorskip("uvloop")
    log = SmallLog(tmp_path / "log").create().open()

    async def converse() -> int:
        assert log.sequencer is not None
        server = NotaryServer(log.sequencer)
        await server.listen(tmp_path / "s")
        client = await NotaryClient.connect(tmp_path / "s")
        receipt = await client.submit([decision()])
        await client.close()
        await server.close()
        return receipt.count

    assert uvloop.run(converse()) == 1
    log.close()


async def test_serve_listens_for_a_sequencer(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    sequencer = log.prepare()
    server = await serve_notary(sequencer, tmp_path / "s")
    client = await NotaryClient.connect(tmp_path / "s")
    assert (await client.submit([decision()])).count == 1
    await client.close()
    await server.close()
    log.disk.unlock()


async def test_what_waits_too_long_fails_and_what_does_not_wait_does_not(tmp_path: Path):
    async def greet_and_be_silent(reader, writer):
        writer.write(HELLO)
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(greet_and_be_silent, tmp_path / "s")
    client = await NotaryClient.connect(tmp_path / "s")
    assert client.waiting_seconds == 0.0
    assert not client.give_up_after(0.0)
    future = client.submit([decision()])
    await asyncio.sleep(0.05)
    assert not client.give_up_after(60.0)
    assert client.give_up_after(0.01)
    with pytest.raises(LedgerUnavailable):
        await future
    assert client.failure is not None
    await client.close()
    server.close()
