"""Which step may follow which, by whom, and on which day something is late."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.access import Role
from ledger.portal.opinions.model import (
    ENTRIES_MAX,
    MAY,
    Act,
    NotNow,
    Opinion,
    Result,
    Step,
    after,
    next_steps,
)

DAY = date(2026, 3, 2)


def act(step: Step, days: int = 0, **more) -> Act:
    about: dict[str, object] = {}
    if step is Step.DRAFTED:
        about = {"log": "police", "entries": (7, 9)}
    if step in (Step.ISSUED, Step.UPHELD):
        about = {"due": DAY + timedelta(days + 15)}
    if step is Step.REPLIED:
        about = {"result": Result.ACCEPTED}
    return Act(step, "2026-1", "prosecutor", DAY + timedelta(days), **{**about, **more})


def opinion(*acts: Act) -> Opinion:
    found = None
    for each in acts:
        found = after(found, each)
    assert found is not None
    return found


DRAFTED, ISSUED = act(Step.DRAFTED), act(Step.ISSUED, 1)
CONTESTED = act(Step.REPLIED, 5, result=Result.CONTESTED)


def test_from_the_draft_to_the_end():
    it = opinion(DRAFTED, ISSUED, act(Step.REPLIED, 9), act(Step.CLOSED, 10))
    assert (it.number, it.log, it.entries) == ("2026-1", "police", (7, 9))
    assert (it.over, it.result, it.feedback_days) == (True, Result.ACCEPTED, 8)
    assert opinion(DRAFTED).feedback_days is None


@pytest.mark.requirement("G4")
def test_a_reply_is_late_from_the_day_behind_the_last_one():
    it = opinion(DRAFTED, ISSUED)
    assert it.due is not None
    assert [it.overdue_days(it.due + timedelta(late)) for late in (-1, 0, 1, 9)] == [0, 0, 1, 9]
    answered = after(it, act(Step.REPLIED, 30))
    assert answered.overdue_days(it.due + timedelta(99)) == 0
    with pytest.raises(NotNow, match="not overdue"):
        after(it, act(Step.URGED, 16))
    urged = opinion(DRAFTED, ISSUED, act(Step.URGED, 17), act(Step.URGED, 20))
    assert (urged.urged_count, urged.escalated) == (2, False)
    assert after(urged, act(Step.ESCALATED, 25)).escalated


def test_what_is_contested_is_looked_at_again_within_seven_days():
    it = opinion(DRAFTED, ISSUED, CONTESTED)
    assert it.reexamine_by == CONTESTED.on + timedelta(7)
    upheld = after(it, act(Step.UPHELD, 8))
    assert (upheld.reexamine_by, upheld.due) == (None, DAY + timedelta(23))
    assert upheld.overdue_days(DAY + timedelta(24)) == 1
    assert after(it, act(Step.CLOSED, 8)).over
    with pytest.raises(NotNow, match="nobody contested"):
        after(opinion(DRAFTED, ISSUED, act(Step.REPLIED, 5)), act(Step.UPHELD, 8))


@pytest.mark.parametrize(
    ("acts", "wrong", "words"),
    [
        ([], ISSUED, "no opinion of that number"),
        ([], act(Step.DRAFTED, entries=()), "name the entries"),
        ([], act(Step.DRAFTED, log=""), "name the entries"),
        ([], act(Step.DRAFTED, entries=tuple(range(ENTRIES_MAX + 1))), "256 at most"),
        ([DRAFTED], act(Step.ISSUED, 1, due=None), "until when"),
        ([DRAFTED], act(Step.ISSUED, 1, due=DAY), "until when"),
        ([DRAFTED], act(Step.ISSUED, -1), "before the step before"),
        ([DRAFTED, ISSUED], act(Step.REPLIED, 2, result=None), "what the reply is"),
        ([DRAFTED, ISSUED], act(Step.CLOSED, 2), "cannot be closed"),
        ([DRAFTED, ISSUED], act(Step.WITHDRAWN, 2), "cannot be withdrawn"),
        ([DRAFTED, act(Step.WITHDRAWN, 1)], act(Step.ISSUED, 2), "cannot be issued"),
    ],
)
def test_what_cannot_be_says_why(acts, wrong, words):
    before = opinion(*acts) if acts else None
    with pytest.raises(NotNow, match=words) as refused:
        after(before, wrong)
    assert refused.value.words.chinese
    assert len(opinion(act(Step.DRAFTED, entries=tuple(range(ENTRIES_MAX)))).entries) == ENTRIES_MAX


def test_a_notice_is_the_chiefs():
    drafted = opinion(DRAFTED)
    assert next_steps(None, Role.SUPERVISOR, DAY) == {Step.DRAFTED}
    assert next_steps(drafted, Role.SUPERVISOR, DAY) == {Step.WITHDRAWN}
    assert next_steps(drafted, Role.CHIEF, DAY) == {Step.WITHDRAWN, Step.ISSUED}


def test_only_what_can_be_done_on_the_day_is_offered():
    served, contested = opinion(DRAFTED, ISSUED), opinion(DRAFTED, ISSUED, CONTESTED)
    late = DAY + timedelta(17)
    assert next_steps(served, Role.CHIEF, DAY) == {Step.REPLIED}
    assert next_steps(served, Role.CHIEF, late) == {Step.REPLIED, Step.URGED, Step.ESCALATED}
    assert next_steps(contested, Role.CHIEF, DAY) == {Step.UPHELD, Step.CLOSED}
    accepted = opinion(DRAFTED, ISSUED, act(Step.REPLIED, 5))
    assert next_steps(accepted, Role.CHIEF, DAY) == {Step.CLOSED}


@pytest.mark.parametrize("step", list(Step))
def test_an_auditor_takes_no_step(step):
    assert Role.AUDITOR not in MAY[step]


@given(st.lists(st.builds(act, st.sampled_from(Step), st.integers(0, 60)), max_size=25))
def test_whatever_is_tried_what_was_refused_changed_nothing(acts):
    it = None
    for each in acts:
        allowed = it is None or each.step in next_steps(it, Role.CHIEF, each.on)
        try:
            it = after(it, each)
        except NotNow:
            continue
        assert allowed
        assert it.step is each.step
        assert not it.over or not next_steps(it, Role.CHIEF, each.on)
        assert it.replied_on is None or it.issued_on is not None
