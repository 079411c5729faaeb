"""Times as they are read in Beijing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.beijing import beijing, beijing_of


def test_eight_hours_ahead():
    assert beijing(0) == "1970-01-01 08:00:00"
    assert beijing_of("2025-12-31T16:00:00.000Z") == "2026-01-01 00:00:00"


@pytest.mark.parametrize("time", ["", "yesterday", "9999-99-99T99:99:99.999Z", "<b>"])
def test_what_is_no_time_stays_as_it_is(time: str):
    assert beijing_of(time) == time


def test_the_last_second_of_time_has_no_hour_after_it():
    assert beijing_of("9999-12-31T23:59:59Z") == "9999-12-31T23:59:59Z"


@given(st.integers(-(2**70), 2**70))
def test_no_clock_is_beyond_it(seconds: int):
    assert beijing(seconds)
