"""A check from its beginning to its entry, on a real ledger. Only the look-up is stood in for."""

import asyncio
import time
from dataclasses import replace

import pytest

from proxy.desk.batch.answers import Answer, encode_answers
from proxy.desk.batch.desk import PART_MAX
from proxy.desk.errors import DeskError
from proxy.errors import UpstreamUnavailable
from proxy.policy.identity import has_check_digit
from proxy.policy.law import PrincipalKind
from proxy.server.budgeting import Owner
from tests.unit.proxy.desk.counter import (
    APPROVER,
    BATCH,
    BOTH,
    CHECK,
    CLERK,
    DAY,
    KINDS,
    OTHER,
    PERSON,
    Counted,
    ListGate,
    Site,
    batch_desk_of,
    law_of,
)

WAITS_SECONDS_MAX = 60.0


def many(count):
    stems = (f"99999919800101{at:03}" for at in range(1, count + 1))
    return tuple(
        next(stem + last for last in "0123456789X" if has_check_digit(stem + last))
        for stem in stems
    )


@pytest.fixture
async def site(tmp_path):
    return Site(tmp_path)


async def granted(desk, application=BATCH):
    number = (await desk.apply(CLERK, application)).number
    await desk.grant(APPROVER, number)
    return number


async def done(batch, number):
    """Until no check of it is under way."""
    deadline = time.monotonic() + WAITS_SECONDS_MAX
    while (found := batch.progress(CLERK, number)).running:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)
    return found


def code(raised):
    return raised.value.code


@pytest.mark.requirement("D11")
async def test_everybody_is_answered_in_the_order_of_the_list(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, gate := ListGate(OTHER))
        number = await granted(desk)
        batch.begin(CLERK, number, 1)
        assert (await done(batch, number)).runs == 1
        found = await batch.answers(CLERK, number, 1)
        assert found.people == ((PERSON, Answer.NO_RECORD), (OTHER, Answer.RECORD))
        assert gate.asked == [(PERSON, "clerk-li"), (OTHER, "clerk-li")]
        value = site.metrics.registry.get_sample_value
        assert value("fengcun_permit_steps_total", {"kind": "used"}) == 1


@pytest.mark.requirement("D11")
async def test_numbers_are_asked_for_in_one_spelling_and_answered_as_given(site):
    written = "99999920000101002x "
    async with site.open() as desk:
        batch = batch_desk_of(desk, ListGate(OTHER))
        number = await granted(desk, replace(BATCH, subjects=(written,)))
        batch.begin(CLERK, number, 1)
        await done(batch, number)
        found = await batch.answers(CLERK, number, 1)
        assert found.people == ((written, Answer.RECORD),)


@pytest.mark.requirement("D8", "D11")
async def test_each_check_is_one_use_and_asked_for_again_it_is_none(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, gate := ListGate())
        number = await granted(desk, replace(BATCH, uses_max=2))
        for run in (1, 1, 2, 1, 2):
            batch.begin(CLERK, number, run)
            batch.begin(CLERK, number, run)
            await done(batch, number)
        assert len(gate.asked) == 4
        with pytest.raises(DeskError) as raised:
            batch.begin(CLERK, number, 3)
        assert code(raised) == "used-up"
        for run in (0, 4, -1):
            with pytest.raises(DeskError) as raised:
                batch.begin(CLERK, number, run)
            assert code(raised) == "unknown-run"
            with pytest.raises(DeskError) as raised:
                await batch.answers(CLERK, number, run)
            assert code(raised) == "unknown-run"


async def test_a_use_that_a_statement_took_on_the_way_is_not_there_twice(site):
    async with site.open() as desk:
        uses, gate = Counted(), ListGate()
        batch = batch_desk_of(desk, gate, uses)
        number = await granted(desk, replace(BATCH, uses_max=1))
        gate.goes_on.clear()
        batch.begin(CLERK, number, 1)
        await asyncio.sleep(0)
        assert uses.owner.uses.take([use_of(desk, number)]) == ()
        gate.goes_on.set()
        found = await done(batch, number)
        assert (found.runs, found.failed.code) == (0, "used-up")


def use_of(desk, number):
    from proxy.policy.uses import Use

    return Use(number, desk.dossier(number).uses_max)


async def test_nothing_is_begun_before_uses_are_known(site):
    async with site.open() as desk:
        uses = Counted()
        uses.owner = Owner(uses.owner.budget)
        batch = batch_desk_of(desk, ListGate(), uses)
        number = await granted(desk)
        with pytest.raises(DeskError) as raised:
            batch.begin(CLERK, number, 1)
        assert code(raised) == "used-up"


@pytest.mark.requirement("D11")
async def test_what_fails_half_way_gives_nothing_and_is_done_anew(site):
    subjects = many(2 * PART_MAX + 1)
    async with site.open() as desk:
        batch = batch_desk_of(desk, gate := ListGate(subjects[-1]))
        number = await granted(desk, replace(BATCH, subjects=subjects, uses_max=1))
        gate.fails_after = PART_MAX
        batch.begin(CLERK, number, 1)
        found = await done(batch, number)
        assert isinstance(found.failed, UpstreamUnavailable)
        assert (found.runs, found.done) == (0, PART_MAX)
        with pytest.raises(DeskError):
            await batch.answers(CLERK, number, 1)
        gate.fails_after = None
        batch.begin(CLERK, number, 1)
        found = await done(batch, number)
        assert (found.runs, found.failed) == (1, None)
        people = (await batch.answers(CLERK, number, 1)).people
        assert [number for number, _ in people] == list(subjects)
        assert [answer for _, answer in people] == [Answer.NO_RECORD] * 32 + [Answer.RECORD]


@pytest.mark.requirement("D8", "D11")
@pytest.mark.parametrize("ending", ["revoked", "expired", "platform"])
async def test_a_permit_that_ends_on_the_way_gives_nothing(site, ending):
    async with site.open() as desk:
        batch = batch_desk_of(desk, gate := ListGate())
        number = await granted(desk)
        gate.goes_on.clear()
        batch.begin(CLERK, number, 1)
        await asyncio.sleep(0)
        if ending == "revoked":
            await desk.revoke(APPROVER, number, "supervision")
        elif ending == "expired":
            site.now += BATCH.valid_days * DAY
        else:
            site.law = law_of(KINDS | {"school": PrincipalKind.PLATFORM})
        gate.goes_on.set()
        job = batch._jobs[number]
        await asyncio.wait([job.task], timeout=WAITS_SECONDS_MAX)
        assert job.failed.code == "not-in-force"
        assert batch._given == {}
        for call in (
            lambda: batch.begin(CLERK, number, 1),
            lambda: batch.progress(CLERK, number),
        ):
            with pytest.raises(DeskError) as raised:
                call()
            assert code(raised) == "not-in-force"


@pytest.mark.requirement("D8", "D11")
async def test_a_revocation_that_is_taken_first_is_not_overtaken(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, gate := ListGate())
        number = await granted(desk)
        async with desk._turn:
            revoked = asyncio.create_task(desk.revoke(APPROVER, number, "supervision"))
            await asyncio.sleep(0)
            batch.begin(CLERK, number, 1)
            job = batch._jobs[number]
            deadline = time.monotonic() + WAITS_SECONDS_MAX
            while job.done < len(BATCH.subjects) or len(desk._steps) < 2:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.001)
            # Everybody was looked up while the permit counted; now the revocation is taken.
            assert len(gate.asked) == len(BATCH.subjects)
        await revoked
        await asyncio.wait([job.task], timeout=WAITS_SECONDS_MAX)
        assert job.failed.code == "not-in-force"
        assert batch._given == {}


@pytest.mark.requirement("D8", "D11")
async def test_what_was_given_is_not_given_again_when_the_permit_is_gone(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, ListGate())
        number = await granted(desk)
        batch.begin(CLERK, number, 1)
        await done(batch, number)
        await desk.revoke(APPROVER, number, "supervision")
        with pytest.raises(DeskError) as raised:
            await batch.answers(CLERK, number, 1)
        assert code(raised) == "not-in-force"


@pytest.mark.requirement("D11", "D13")
async def test_who_may_run_it_and_under_which_permit(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, ListGate())
        number, other = await granted(desk), await granted(desk, CHECK)
        bound = await granted(desk, replace(BATCH, operator="BOTH-sun"))
        waiting = (await desk.apply(CLERK, BATCH)).number
        for officer, which, refused in (
            (APPROVER, number, "role"),
            (CLERK, other, "not-batch"),
            (CLERK, bound, "operator-bound"),
            (CLERK, waiting, "not-in-force"),
            (CLERK, "xk-20260302-aaaaaaaaaa", "unknown-number"),
        ):
            with pytest.raises(DeskError) as raised:
                batch.begin(officer, which, 1)
            assert code(raised) == refused
        batch.begin(BOTH, bound, 1)
        batch.begin(CLERK, number, 1)
        with pytest.raises(DeskError) as raised:
            batch.begin(CLERK, number, 2)
        assert code(raised) == "running"
        await done(batch, number)
        with pytest.raises(DeskError) as raised:
            batch_desk_of(desk, None).begin(CLERK, number, 1)
        assert code(raised) == "no-look-up"
        await batch.close()


@pytest.mark.requirement("D9", "D11")
async def test_a_restart_has_what_was_recorded_and_nothing_else(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, ListGate(PERSON))
        number = await granted(desk)
        batch.begin(CLERK, number, 1)
        await done(batch, number)
        found = await batch.answers(CLERK, number, 1)
        # A second was on the disk and not in the ledger when the machine stopped.
        desk._rooms.store.keep_answers(number, 2, b"{}")
    async with site.open() as desk:
        batch = batch_desk_of(desk, ListGate())
        assert batch.progress(CLERK, number).runs == 1
        assert await batch.answers(CLERK, number, 1) == found
        with pytest.raises(DeskError):
            await batch.answers(CLERK, number, 2)
        # Another answer, as a line that is whole in itself.
        other = replace(found, people=tuple((each, Answer.RECORD) for each, _ in found.people))
        for line in (encode_answers(other), b"{}", b""):
            desk._rooms.store.keep_answers(number, 1, line)
            with pytest.raises(DeskError) as raised:
                await batch.answers(CLERK, number, 1)
            assert code(raised) == "answers-lost"
    assert number in site.numbers_in_force()


async def test_a_disk_that_takes_nothing_counts_nothing(site, monkeypatch):
    async with site.open() as desk:
        batch = batch_desk_of(desk, ListGate())
        number = await granted(desk, replace(BATCH, uses_max=1))
        # Its file's name is taken by what cannot be replaced by a file.
        blocked = site.desk_directory / f"{number}.answers-001.json"
        blocked.mkdir()
        batch.begin(CLERK, number, 1)
        found = await done(batch, number)
        assert (found.runs, found.failed.code) == (0, "store")
        blocked.rmdir()
        batch.begin(CLERK, number, 1)
        assert (await done(batch, number)).runs == 1


async def test_closing_ends_what_is_under_way(site):
    async with site.open() as desk:
        batch = batch_desk_of(desk, gate := ListGate())
        number = await granted(desk)
        gate.goes_on.clear()
        batch.begin(CLERK, number, 1)
        await batch.close()
        assert batch._jobs[number].task.cancelled()
        assert batch._given == {}
