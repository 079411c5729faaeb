"""Two workers are told the same: all of them take a policy, or none does."""

import asyncio
import os
import signal
import socket

import psycopg
import pytest

from proxy.errors import ConfigurationError, ProtocolViolation
from proxy.names import PrincipalName
from proxy.policy.permit import Permit, Scope
from proxy.server.channel import Channel
from proxy.server.crew import Crew
from proxy.server.notary_process import start_notary
from proxy.server.permit_order import decode_permits
from proxy.settings.law import law_of
from proxy.settings.problems import parse_document
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, POLICY, TABLES, make_settings
from tests.world import HOST

WORKERS = 2
TRIES = 6
NOTHING = POLICY.replace("self.open", "false")


@pytest.fixture
def database(postgres):
    made = postgres.create_database()
    made.run(TABLES)
    yield made
    postgres.drop_database(made)


@pytest.fixture
async def crew(tmp_path, database):
    with socket.socket() as free:
        free.bind((HOST, 0))
        settings = make_settings(tmp_path, database, free.getsockname()[1])
    listen = settings.listen.model_copy(update={"workers": WORKERS})
    notary = await start_notary(settings.ledger, *NOTARY_ARGUMENTS)
    lost = []
    made = Crew(settings.model_copy(update={"listen": listen}), lost.append)
    made.lost = lost
    await prepare(made, POLICY)
    made.port = await made.commit()
    yield made
    await made.close(0.0)
    await notary.stop()


async def prepare(crew, policy):
    document = parse_document(crew._settings.policy.file, policy.encode())
    await crew.prepare(document, law_of(document))


async def visible(crew, database):
    """What every worker shows, in as many sessions as it takes to meet them all."""
    found = set()
    for _ in range(TRIES):
        conninfo = psycopg.conninfo.make_conninfo(
            host=HOST, port=crew.port, user="postgres", dbname=database.name
        )
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            rows = await (await connection.execute("SELECT * FROM sealed")).fetchall()
            found.add(len(rows))
    return found


async def test_a_policy_is_in_force_everywhere_or_nowhere(crew, database):
    assert (await crew.health()).healthy
    await prepare(crew, NOTHING)
    assert await visible(crew, database) == {5}
    await crew.commit()
    assert await visible(crew, database) == {0}
    await prepare(crew, POLICY)
    crew.abandon()
    assert await visible(crew, database) == {0}
    with pytest.raises(ConfigurationError, match="sealled"):
        await prepare(crew, POLICY.replace("public.sealed", "public.sealled"))
    assert await visible(crew, database) == {0}


async def test_who_does_not_answer_while_a_policy_is_prepared_stops_it_and_is_replaced(
    crew, database, monkeypatch
):
    monkeypatch.setattr("proxy.server.crew._PREPARE_SECONDS_MAX", 1.0)
    hung = crew._workers[1].process_id
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(Exception, match="does not answer"):
        await prepare(crew, NOTHING)
    monkeypatch.undo()
    async with asyncio.timeout(60):
        while not (await crew.health()).ready:
            await asyncio.sleep(0.1)
    assert crew._workers[1].process_id != hung
    assert await visible(crew, database) == {5}


async def test_who_does_not_take_a_policy_that_is_in_force_is_ended(crew, database, monkeypatch):
    monkeypatch.setattr("proxy.server.crew._COMMIT_SECONDS_MAX", 1.0)
    await prepare(crew, NOTHING)
    os.kill(crew._workers[0].process_id, signal.SIGSTOP)
    await crew.commit()
    monkeypatch.undo()
    async with asyncio.timeout(60):
        while not (await crew.health()).ready:
            await asyncio.sleep(0.1)
    assert await visible(crew, database) == {0}


PERMIT = Permit("q-1", PrincipalName("office"), Scope.BATCH, ("P0001",), 0.0, 1e12)


async def test_who_does_not_take_permits_is_ended_and_who_replaces_it_has_them(
    crew, database, monkeypatch
):
    with pytest.raises(ValueError, match="number"):
        await crew.permit((PERMIT, PERMIT))
    monkeypatch.setattr("proxy.server.crew._PERMIT_SECONDS_MAX", 1.0)
    hung = crew._workers[0]
    os.kill(hung.process_id, signal.SIGSTOP)
    await crew.permit((PERMIT,))
    assert hung.exited.done()
    monkeypatch.undo()
    told = []
    ask = Channel.ask

    async def noted(channel, verb, body="", *, seconds_max):
        told.append((verb, body if verb == "permits" else ""))
        return await ask(channel, verb, body, seconds_max=seconds_max)

    monkeypatch.setattr(Channel, "ask", noted)
    async with asyncio.timeout(60):
        while not (await crew.health()).ready:
            await asyncio.sleep(0.1)
    verbs = [verb for verb, _ in told if verb != "health"]
    assert verbs == ["begin", "permits", "prepare", "commit"]
    (body,) = (body for verb, body in told if verb == "permits")
    assert decode_permits(body)[0] == (PERMIT,)
    assert await visible(crew, database) == {5}


@pytest.mark.parametrize("key", ["0", "zz", "封"])
async def test_a_key_that_is_none_is_nonsense(crew, key):
    with pytest.raises(ProtocolViolation):
        await crew._hear(0, "cancel", key)


async def test_what_a_worker_may_ask_is_a_short_list(crew):
    with pytest.raises(ProtocolViolation):
        await crew._hear(0, "prepare", "")
    for key in ("00", "ff", "01" + "00" * 7):
        assert await crew._hear(0, "cancel", key) == ""
    assert await crew._hear(0, "changed", "") == ""
    await crew._hear(0, "ledger-stalled", "")
    assert crew.lost == [True]
