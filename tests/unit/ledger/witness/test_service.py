"""The witness over real HTTP."""

import pytest
from aiohttp import web

from ledger.cosignature import require_cosignature
from ledger.note import parse_note, parse_signatures
from ledger.submission import SUBMISSION_BYTES_MAX, parse_submission, with_cosignatures
from ledger.witness.service import application
from ledger.witness.state import origin_digest
from tests.unit.ledger.witness.test_rules import FORGER, FORKED, KEY, submission
from tests.unit.ledger.witness.test_witness import witness  # noqa: F401

ADD = "/add-checkpoint"


@pytest.fixture
async def client(aiohttp_client, witness):  # noqa: F811
    return await aiohttp_client(application(witness))


async def test_a_cosignature_is_the_answer(client, witness):  # noqa: F811
    answer = await client.post(ADD, data=submission(0, 3))
    assert (answer.status, answer.content_type) == (200, "text/plain")
    note = parse_note(parse_submission(submission(0, 3)).checkpoint_note)
    signed = parse_note(with_cosignatures(note, parse_signatures(await answer.read())))
    assert require_cosignature(signed, witness.state.key.verifier)


async def test_what_was_seen_can_be_asked_for(client):
    path = f"/{origin_digest(KEY.name)}/checkpoint"
    assert (await client.get(path)).status == 404
    await client.post(ADD, data=submission(0, 3))
    answer = await client.get(path)
    assert parse_note(await answer.read()).text.splitlines()[1] == b"3"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (submission(0, 3, key=FORGER), 403),
        (submission(2, 9), 409),
        (submission(3, 9, leaves=FORKED), 422),
    ],
)
async def test_refusals_have_the_protocols_status(client, data, status):
    await client.post(ADD, data=submission(0, 3))
    assert (await client.post(ADD, data=data)).status == status


async def test_who_is_behind_is_told_the_size(client):
    await client.post(ADD, data=submission(0, 3))
    answer = await client.post(ADD, data=submission(0, 9))
    assert (answer.status, answer.content_type) == (409, "text/x.tlog.size")
    assert await answer.text() == "3\n"


async def test_more_than_a_submission_is_not_read(client):
    answer = await client.post(ADD, data=b"x" * (SUBMISSION_BYTES_MAX + 1))
    assert answer.status == web.HTTPRequestEntityTooLarge.status_code


async def test_a_witness_without_memory_signs_nothing(client, witness):  # noqa: F811
    await client.post(ADD, data=submission(0, 3))
    (witness.state._seen / origin_digest(KEY.name)).write_bytes(b"rubbish")
    assert (await client.post(ADD, data=submission(3, 9))).status == 500


@pytest.mark.parametrize(
    "path", ["/", "/../witness.key", "/witness.key/checkpoint", "/x/checkpoint"]
)
async def test_nothing_else_is_there(client, path):
    assert (await client.get(path)).status == 404
