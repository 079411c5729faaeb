"""Opinions are what the supervisor's own log says, before and after a restart."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.fetch import DirectoryLog
from ledger.portal.beijing import day_of
from ledger.portal.looks import Looks, NotRecorded, create_looks
from ledger.portal.opinions.model import Act, NotNow, Step
from ledger.portal.opinions.register import Register
from ledger.verify import verify_log
from tests.unit.ledger.small_log import SEGMENT_BYTES, identities

DAY = date(2026, 3, 2)


def looks_of(state):
    if not (state / "log").exists():
        create_looks(
            state, "procuratorate.example/portal", [each.recipient for each in identities()],
            force_filesystem=True, reserve_bytes=0, segment_bytes=SEGMENT_BYTES,
        )  # fmt: skip
    return Looks(state, reserve_bytes=0, segment_bytes=SEGMENT_BYTES)


def drafted(looks, number=""):
    by = looks.pseudonyms.of("supervisor", "lin")
    return Act(Step.DRAFTED, number, by, DAY, "court.example/fengcun", (7, 9))


async def test_a_restart_forgets_nothing_and_numbers_go_on(tmp_path):
    looks = looks_of(tmp_path / "state")
    register = Register(looks)
    number = await register.draft(drafted(looks), "text", "lin")
    assert number == "2026-1"
    by = looks.pseudonyms.of("supervisor", "qin")
    today = day_of(datetime.now(UTC))
    served = Act(Step.ISSUED, number, by, today, due=today + timedelta(15))
    index = await register.take(served, "served", "qin")
    assert [taken.index for taken in register.steps(number)][-1] == index
    await looks.close()

    again = looks_of(tmp_path / "state")
    later = Register(again)
    later.read()
    found = later.opinions[number]
    assert (found.step, found.due, found.entries) == (Step.ISSUED, served.due, (7, 9))
    assert [taken.index for taken in later.steps(number)] == [
        taken.index for taken in register.steps(number)
    ]
    assert await later.draft(drafted(again), "another", "lin") == "2026-2"
    await again.close()
    assert verify_log(DirectoryLog(again.directory), again.keys).kinds["opinion"] == 3


async def test_what_was_taken_at_midnight_is_there_after_a_restart(tmp_path):
    """The entry may be a day later than the step was judged."""
    looks = looks_of(tmp_path / "state")
    register = Register(looks)
    number = await register.draft(drafted(looks), "text", "lin")
    by, today = looks.pseudonyms.of("supervisor", "qin"), day_of(datetime.now(UTC))
    served = Act(Step.ISSUED, number, by, today - timedelta(1), due=today)
    await register.take(served, "served", "qin")
    await looks.close()
    again = looks_of(tmp_path / "state")
    later = Register(again)
    later.read()
    assert later.opinions[number].step is Step.ISSUED
    await again.close()


async def test_what_cannot_follow_is_not_written(tmp_path):
    looks = looks_of(tmp_path / "state")
    register = Register(looks)
    number = await register.draft(drafted(looks), "text", "lin")
    with pytest.raises(NotNow):
        await register.take(Act(Step.CLOSED, number, "", DAY), "", "lin")
    with pytest.raises(NotNow):
        await register.take(drafted(looks, number), "text", "lin")
    await looks.close()
    assert verify_log(DirectoryLog(looks.directory), looks.keys).kinds["opinion"] == 1


async def test_two_at_once_get_two_numbers(tmp_path):
    looks = looks_of(tmp_path / "state")
    register = Register(looks)
    numbers = await asyncio.gather(
        *(register.draft(drafted(looks), "text", "lin") for _ in range(5))
    )
    assert sorted(numbers) == [f"2026-{each}" for each in range(1, 6)]
    await looks.close()


async def test_where_nothing_can_be_written_nothing_is_done(tmp_path):
    looks = looks_of(tmp_path / "state")
    register = Register(looks)
    await looks.close()
    with pytest.raises(NotRecorded):
        await register.draft(drafted(looks), "text", "lin")
    assert not register.opinions


async def test_opinions_about_an_entry_are_those_that_name_it_in_its_log(tmp_path):
    looks = looks_of(tmp_path / "state")
    register, draft = Register(looks), drafted(looks)
    first = await register.draft(draft, "text", "lin")
    second = await register.draft(draft, "text", "lin")
    found = register.about("court.example/fengcun", 9)
    assert [each.number for each in found] == [second, first]
    assert register.about("court.example/fengcun", 8) == []
    assert register.about("police.example/fengcun", 9) == []
    await looks.close()
