"""Each figure is what was counted, and no small one leaves the building."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.index.model import Counted
from ledger.portal.opinions.model import Opinion, Result, Step
from ledger.portal.statistics.report import SMALL, Counts, Figure, Section, figures, for_outside
from ledger.portal.words import Words

DAY = date(2026, 3, 2)


def events(**counts: int) -> list[Counted]:
    return [Counted("", name, count, 0) for name, count in counts.items()]


def opinion(number: int, result: Result | None, days: int = 5) -> Opinion:
    replied = None if result is None else date(2026, 3, 2 + days)
    return Opinion(f"2026-{number}", "court", (1,), Step.ISSUED, DAY, DAY, DAY, replied, result)


COUNTS = Counts(
    [
        Counted("2026-01", "pass", 100, 0),
        Counted("2026-01", "refuse", 40, 0),
        Counted("2026-02", "strip", 60, 0),
        Counted("2026-02", "refuse", 2, 0),
    ],
    [Counted("", "platform-protected", 30, 0), Counted("", "bulk-access", 12, 0)],
    events(received=2, granted=1, refused=1, used=3),
    events(issued=2, refused=1),
    [
        opinion(1, Result.ACCEPTED, 4),
        opinion(2, Result.CORRECTED, 9),
        opinion(3, Result.CONTESTED, 5),
        opinion(4, None),
    ],
)


def test_each_number_is_what_was_counted():
    report = figures(COUNTS)
    numbers = {(each.section.value, each.words.english): each.number for each in report}
    assert numbers == {
        ("access", "Statements"): 202,
        ("access", "of which sealed rows were withheld"): 60,
        ("access", "of which refused"): 42,
        ("access", "of which platforms kept out"): 30,
        ("months", "2026-01"): 140,
        ("months", "2026-02"): 62,
        ("rules", "bulk-access"): 12,
        ("rules", "platform-protected"): 30,
        ("permits", "Applications received"): 2,
        ("permits", "Granted"): 1,
        ("permits", "Refused"): 1,
        ("permits", "Revoked"): 0,
        ("permits", "Used"): 3,
        ("certificates", "Certificates issued"): 2,
        ("certificates", "Refused"): 1,
        ("certificates", "Revoked"): 0,
        ("opinions", "Opinions served"): 4,
        ("opinions", "Accepted or corrected"): 2,
        ("opinions", "Contested"): 1,
        ("opinions", "Days until the reply, median"): 5,
    }
    sections = [each.section for each in report]
    assert sections == sorted(sections, key=list(Section).index)


def test_where_nothing_happened_all_is_nought_and_there_is_no_median():
    report = figures(Counts([], [], [], [], []))
    assert {each.number for each in report} == {0}
    assert not any(each.days for each in report)


def cells(*numbers: int, section: Section = Section.RULES) -> list[Figure]:
    return [Figure(section, Words("某", "x"), number) for number in numbers]


@pytest.mark.parametrize(
    ("given_numbers", "left"),
    [
        ([0, SMALL, 50], [0, SMALL, 50]),
        ([SMALL - 1, 30, 50], [None, None, 50]),
        ([1, 2, 50], [None, None, 50]),
        ([1], [None]),
        ([1, 0], [None, 0]),
    ],
)
def test_a_small_cell_is_withheld_and_cannot_be_reckoned_from_its_neighbours(given_numbers, left):
    assert [each.number for each in for_outside(cells(*given_numbers))] == left


def test_days_point_at_nobody():
    report = [Figure(Section.OPINIONS, Words("日", "days"), 3, days=True)]
    assert for_outside(report) == report


@given(st.lists(st.tuples(st.sampled_from(Section), st.integers(0, 40)), max_size=30))
def test_no_small_number_is_ever_left(pairs):
    report = [Figure(section, Words("某", "x"), number) for section, number in pairs]
    left = for_outside(report)
    assert not [each for each in left if each.number is not None and 0 < each.number < SMALL]
    for section in Section:
        hidden = [each for each in left if each.section is section and each.number is None]
        shown = [each for each in left if each.section is section and each.number]
        assert len(hidden) != 1 or not shown
