"""What was granted, from a real log, with a snapshot and without."""

import time
from pathlib import Path

import pytest

from ledger.client import Draft, EntryKind
from ledger.pseudonyms import Pseudonyms
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.names import PrincipalName
from proxy.policy.attribution import Attribution
from proxy.policy.budget import Asker
from proxy.policy.limits import Limits
from proxy.record.line import connect_ledger
from proxy.record.spending import Spending, copy, request
from proxy.server.notary_process import start_notary
from proxy.session.commands import Need
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, make_ledger

POLICE = PrincipalName("police")
LIMITS = {POLICE: Limits(subjects_per_day=10)}
WHO = Asker(POLICE, "a" * 32)
PEOPLE = [f"{n:032x}" for n in range(20)]


def decision(people=(), count=None, verdict="strip", **more):
    count = len(people) if count is None else count
    return Draft(
        EntryKind.DECISION,
        {
            "verdict": verdict, "rule": "sealed-rows", "statement_class": "select",
            "principal": "police", "session": "s", "policy": "b" * 64, "operator": "a" * 32,
            "subjects": list(people) or None, "subjects_count": count,
            **more,
        },
        None,
    )  # fmt: skip


def outcome(index, count):
    header = {
        "decision": index, "session": "s", "rows_count": 0, "released_bytes": 0,
        "subjects_count": count,
    }  # fmt: skip
    return Draft(EntryKind.OUTCOME, header, None)


class Log:
    def __init__(self, directory: Path):
        self.settings = make_ledger(directory)
        self.file = directory / "counts"

    async def write(self, *drafts):
        """Each its own entry; the index of the first."""
        notary = await start_notary(self.settings, *NOTARY_ARGUMENTS)
        line = await connect_ledger(self.settings.socket_path, self.settings.keys)
        done = [await line._client.submit([draft]) for draft in drafts]
        await line.close()
        await notary.stop()
        return done[0].first_index

    def spending(self):
        return Spending(self.settings.directory, self.settings.keys, self.file)

    def read(self, limits=LIMITS):
        return self.spending().read(limits, time.time())

    def left(self, limits=LIMITS):
        return self.read(limits).set_aside(WHO, None, time.time())[0]


async def test_whoever_was_named_is_counted_again_and_who_was_refused_is_not(tmp_path):
    log = Log(tmp_path)
    await log.write(
        decision(PEOPLE[:3]),
        decision(PEOPLE[2:4]),
        decision(PEOPLE[5:9], verdict="refuse"),
        decision(PEOPLE[9:11], count=0),
        decision(PEOPLE[:1], operator="b" * 32),
    )
    assert log.left() == 10 - 4
    assert log.read().ask(WHO, PEOPLE[:4], time.time())
    assert log.left({PrincipalName("other"): Limits(subjects_per_day=3)}) > 10


async def test_rows_come_back_by_their_outcome_and_stay_counted_without_one(tmp_path):
    log = Log(tmp_path)
    first = await log.write(decision(count=6))
    assert log.left() == 4
    await log.write(outcome(first, 1))
    assert log.left() == 9
    await log.write(decision(PEOPLE[:2], count=4))
    assert log.left() == 5


@pytest.mark.parametrize("damage", [None, "gone", "changed", "other-key", "not-json"])
async def test_a_snapshot_saves_reading_and_is_never_more_lenient(tmp_path, damage):
    log = Log(tmp_path)
    await log.write(decision(PEOPLE[:3]))
    spending = log.spending()
    budget = log.read()
    assert budget.ask(WHO, (PEOPLE[7],), time.time())  # granted, and not recorded yet
    spending.remember(spending.size(), budget.limits, copy(budget))
    await log.write(decision(PEOPLE[3:5]))
    kept = log.file.read_bytes()
    match damage:
        case "gone":
            log.file.unlink()
        case "changed":
            log.file.write_bytes(kept.replace(PEOPLE[1].encode(), PEOPLE[2].encode()))
        case "other-key":
            log.file.write_bytes(b"0" * 64 + kept[64:])
        case "not-json":
            log.file.write_bytes(b"nonsense")
    assert log.left() == (4 if damage is None else 5)


async def test_a_snapshot_of_other_limits_or_of_a_longer_log_is_not_used(tmp_path):
    log = Log(tmp_path)
    await log.write(decision(PEOPLE[:3]))
    spending, budget = log.spending(), log.read()
    spending.remember(10_000, budget.limits, [])
    assert log.left() == 7
    spending.remember(0, {POLICE: Limits(subjects_per_day=11)}, [])
    assert log.left() == 7


def test_without_limits_no_log_is_read_and_without_a_log_nothing_is_served(tmp_path):
    log = Log(tmp_path)
    log.settings.directory.rename(tmp_path / "elsewhere")
    assert log.read({}).limits == {}
    with pytest.raises(RecordUnavailable):
        log.read()
    (log.settings.keys / "pseudonym.key").unlink()
    with pytest.raises(ConfigurationError):
        log.spending()


def test_what_is_asked_is_said_by_pseudonyms_alone():
    pseudonyms = Pseudonyms(b"k" * 32)
    who = Attribution("021377", "(2026)京01刑初1号")
    need = Need(who, (("person", "110105199001011234"),), 5, 2)
    said = request(need, POLICE, pseudonyms)
    assert said.people == (pseudonyms.of("person", "110105199001011234"),)
    assert said.most == 10
    assert not {"021377", "110105199001011234"} & {*said.people, said.asker.operator}


def used(*numbers, **more):
    named = {"permit": numbers[0]} if len(numbers) == 1 else {"permits": list(numbers)}
    return decision(**{"count": None, **named, **more})


@pytest.mark.requirement("D8")
async def test_uses_are_the_decisions_that_name_the_permit_and_serve(tmp_path):
    log = Log(tmp_path)
    await log.write(
        used("p-1"), decision(PEOPLE[:1]), used("p-1", "p-2"), used("p-2", verdict="refuse")
    )
    spending = log.spending()
    assert spending.uses is None
    assert spending.read({}, time.time()).limits == {}
    assert spending.uses is None
    spending.read({}, time.time(), counts_uses=True)
    assert spending.uses == {"p-1": 2, "p-2": 1}
    # Where people are counted, the uses come with them.
    spending = log.spending()
    assert spending.read(LIMITS, time.time()).set_aside(WHO, None, time.time())[0] == 9
    assert spending.uses == {"p-1": 2, "p-2": 1}


@pytest.mark.requirement("D8", "D11")
@pytest.mark.parametrize("limits", [{}, LIMITS])
async def test_a_batch_check_is_a_use_and_no_other_step_of_a_permit_is(tmp_path, limits):
    log = Log(tmp_path)
    steps = [
        Draft(EntryKind.PERMIT, {"permit": "p-1", "event": event}, None)
        for event in ("received", "granted", "used", "used", "revoked")
    ]
    await log.write(*steps, used("p-1"))
    spending = log.spending()
    budget = spending.read(limits, time.time(), counts_uses=True)
    assert spending.uses == {"p-1": 3}
    # And where it is first read for the snapshot.
    await log.write(steps[2])
    spending.remember(spending.size(), limits, copy(budget))
    again = log.spending()
    again.read(limits, time.time(), counts_uses=True)
    assert again.uses == {"p-1": 4}


@pytest.mark.requirement("D8")
@pytest.mark.parametrize("limits", [{}, LIMITS])
async def test_a_snapshot_counts_each_use_once_wherever_it_was_taken(tmp_path, limits):
    log = Log(tmp_path)
    await log.write(used("p-1"))
    first, size = log.spending(), log.spending().size()
    await log.write(used("p-1"))
    # It was read further than the size that it is kept under, and then once more.
    budget = first.read(limits, time.time(), counts_uses=True)
    first.remember(size, limits, copy(budget))
    for _ in range(2):
        again = log.spending()
        again.read(limits, time.time(), counts_uses=True)
        assert again.uses == {"p-1": 2}
        again.remember(again.size(), limits, [])
    await log.write(used("p-1"), used("p-2"))
    first.remember(first.size(), limits, [])
    assert first.uses == {"p-1": 3, "p-2": 1}
    again = log.spending()
    again.read(limits, time.time(), counts_uses=True)
    assert again.uses == {"p-1": 3, "p-2": 1}
    # One that another version wrote, without uses, is not used.
    kept = first._file.read_bytes().partition(b"\n")[2].replace(b'"uses"', b'"none"')
    first._file.write_bytes(first._tag(kept) + b"\n" + kept)
    again.read(limits, time.time(), counts_uses=True)
    assert again.uses == {"p-1": 3, "p-2": 1}
