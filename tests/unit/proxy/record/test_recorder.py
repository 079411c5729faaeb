"""What reaches the notary in one piece, and whom its answer is told."""

import asyncio

import pytest

from ledger.errors import LedgerUnavailable
from ledger.pseudonyms import Pseudonyms
from proxy.record.recorder import Recorder
from proxy.session.commands import Unit
from tests.unit.proxy.record.notebook import BASIS, Notary, record, scribe_of, turn


@pytest.fixture
async def notary():
    return Notary()


@pytest.fixture
async def recorder(notary):
    return Recorder(notary, Pseudonyms(b"k" * 32))


async def test_one_turn_of_the_loop_is_one_batch(recorder, notary):
    scribe = scribe_of(recorder)
    for number in range(1, 4):
        scribe.decision(record(Unit(number)), BASIS)
    assert notary.batches == []
    await turn()
    assert [len(batch) for batch in notary.batches] == [3]


async def test_an_acknowledgement_tells_each_session_its_last_number_once(recorder, notary):
    told = []
    one, two = scribe_of(recorder, told.append), scribe_of(recorder, lambda n: told.append(-n))
    units = [Unit(1), Unit(1), Unit(2)]
    for scribe, unit in zip((one, two, one), units, strict=True):
        scribe.decision(record(unit), BASIS)
    await turn()
    notary.acknowledge(first_index=70)
    await turn()
    assert sorted(told) == [-1, 2]
    assert [unit.index for unit in units] == [70, 71, 72]


async def test_a_failed_ledger_makes_nothing_durable(recorder, notary):
    told = []
    scribe_of(recorder, told.append).decision(record(), BASIS)
    await turn()
    notary.futures[0].set_exception(LedgerUnavailable("gone"))
    await turn()
    assert told == []


async def test_a_great_many_entries_are_submitted_before_the_turn_ends(recorder, notary):
    scribe = scribe_of(recorder)
    for number in range(1, 1_026):
        scribe.decision(record(Unit(number)), BASIS)
    assert [len(batch) for batch in notary.batches] == [1_024]


async def test_an_outcome_waits_for_the_next_decision_but_not_for_long(recorder, notary):
    scribe = scribe_of(recorder)
    scribe.outcome(Unit(1, index=1))
    await turn()
    assert notary.batches == []
    scribe.decision(record(), BASIS)
    await turn()
    assert [draft.kind for draft in notary.batches[0]] == ["outcome", "decision"]
    scribe.outcome(Unit(1, index=1))
    await asyncio.sleep(0.3)
    assert [draft.kind for draft in notary.batches[1]] == ["outcome"]
