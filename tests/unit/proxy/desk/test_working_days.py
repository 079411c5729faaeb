"""Three working days, with the holidays and working weekends that were announced."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.working_days import Deadline, WorkingDays
from tests.unit.proxy.desk.counter import WORKING_DAYS


@pytest.mark.requirement("D3")
@pytest.mark.parametrize(
    ("received", "last"),
    [
        (date(2026, 3, 2), date(2026, 3, 5)),  # a Monday: Tuesday, Wednesday, Thursday
        (date(2026, 3, 5), date(2026, 3, 10)),  # over a weekend
        (date(2026, 3, 7), date(2026, 3, 11)),  # received on a Saturday
        (date(2025, 9, 26), date(2025, 9, 30)),  # the Friday before, and Sunday the 28th is worked
        (date(2024, 9, 27), date(2024, 10, 8)),  # Sunday 29, Monday 30, then 7 days off
        (date(2024, 9, 30), date(2024, 10, 10)),
        (date(2024, 10, 9), date(2024, 10, 12)),  # Saturday the 12th is worked
        (date(2026, 9, 30), date(2026, 10, 10)),  # 8, 9 and Saturday the 10th
        (date(2026, 2, 13), date(2026, 2, 25)),  # 14 is worked, 15 to 23 off, 24, 25
        (date(2026, 2, 27), date(2026, 3, 3)),  # Saturday the 28th is worked
        (date(2025, 12, 31), date(2026, 1, 6)),  # over New Year: Sunday the 4th is worked
        (date(2025, 12, 30), date(2026, 1, 5)),
        (date(2022, 12, 30), date(2023, 1, 5)),  # 31st a Saturday, 1st and 2nd off
        (date(2023, 1, 20), date(2023, 1, 30)),  # 28 and 29 are worked
        (date(2022, 1, 28), date(2022, 2, 7)),  # 29, 30 worked, then 31 January to 6 February off
    ],
)
def test_the_last_of_three_working_days(received, last):
    assert WORKING_DAYS.deadline(received) == Deadline(last, known=True)


@pytest.mark.parametrize(
    ("received", "last"),
    [
        (date(2026, 12, 29), date(2027, 1, 1)),
        (date(2026, 12, 30), date(2027, 1, 4)),
        (date(2031, 10, 1), date(2031, 10, 6)),
    ],
)
def test_a_year_that_nobody_entered_is_monday_to_friday_and_said_so(received, last):
    assert WORKING_DAYS.deadline(received) == Deadline(last, known=False)


def test_a_deadline_that_ends_before_an_unknown_year_is_known():
    assert WORKING_DAYS.deadline(date(2026, 12, 28)).known


@pytest.mark.parametrize(
    ("year", "statutory"), [(2022, 11), (2023, 11), (2024, 11), (2025, 13), (2026, 13)]
)
def test_the_days_of_a_year_add_up(year, statutory):
    """全国年节及纪念日放假办法: 11 days off, from 2025 on 13. One that falls on a weekend is made
    up for, and whatever else is off is worked on a weekend."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    days = [day for day in days if day.year == year]
    weekdays_off = [d for d in days if d.weekday() < 5 and not WORKING_DAYS.is_working(d)]
    weekends_on = [d for d in days if d.weekday() >= 5 and WORKING_DAYS.is_working(d)]
    assert len(weekdays_off) - len(weekends_on) == statutory
    assert all(WORKING_DAYS.knows(day) for day in days)


@given(st.dates(date(2021, 1, 1), date(2030, 1, 1)), st.integers(1, 10))
def test_so_many_working_days_lie_behind_the_day_of_receipt(received, count):
    found = WORKING_DAYS.deadline(received, count)
    between = [received + timedelta(days=n + 1) for n in range((found.day - received).days)]
    assert sum(map(WORKING_DAYS.is_working, between)) == count
    assert WORKING_DAYS.is_working(found.day)
    assert found.known == all(map(WORKING_DAYS.knows, between))
    plain = WorkingDays().deadline(received, count)
    assert not plain.known
    assert plain.day.weekday() < 5
