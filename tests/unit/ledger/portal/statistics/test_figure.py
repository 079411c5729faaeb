"""No small number leaves the building, neither shown nor left over by subtraction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.statistics.figure import SMALL, Figure, Section, for_outside, withheld_rows
from ledger.portal.words import Words


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


@pytest.mark.parametrize(
    ("rows", "gone"),
    [
        ({"a": [50, 50, 0, 0], "b": [40, 30, 10, 0]}, set()),
        # Alone, it would be the totals less what is shown.
        ({"a": [50, 48, 2, 0], "b": [40, 20, 20, 0], "c": [60, 60, 0, 0]}, {"a", "b"}),
        # Two whose late ones are five together: a third.
        ({"a": [50, 48, 2, 0], "b": [40, 37, 3, 0], "c": [60, 50, 10, 0]}, {"a", "b", "c"}),
        ({"a": [50, 44, 6, 0], "b": [40, 34, 6, 0], "c": [60, 50, 10, 0]}, {"a", "b"}),
        ({"a": [3, 3, 0, 0]}, {"a"}),
        ({}, set()),
    ],
)
def test_a_row_with_a_small_number_goes_and_takes_others_with_it(rows, gone):
    assert withheld_rows(rows) == gone


def test_a_share_goes_with_its_row_and_is_no_count():
    report = [
        Figure(Section.PERMITS_BY_MONTH, Words("", ""), 4, row="a"),
        Figure(Section.PERMITS_BY_MONTH, Words("", ""), 75, percent=True, row="a"),
    ]
    assert [each.number for each in for_outside(report)] == [None, None]
    assert for_outside([Figure(Section.RULES, Words("", ""), 3, percent=True)])[0].number == 3


numbers = st.one_of(st.integers(0, 3), st.integers(0, 60))
tables = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=1), st.lists(numbers, min_size=4, max_size=4)
)


@given(tables)
def test_what_is_left_over_is_never_small_and_never_one_rows_alone(rows):
    gone = withheld_rows(rows)
    shown = [number for name in rows.keys() - gone for number in rows[name]]
    assert not [number for number in shown if 0 < number < SMALL]
    if gone != rows.keys():
        assert len(gone) != 1
        for measure in range(4):
            left_over = sum(rows[name][measure] for name in gone)
            assert left_over == 0 or left_over >= SMALL
