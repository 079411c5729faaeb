from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.demo.identity import (
    REGION,
    SEQUENCE_MAX,
    check_character,
    eighteenth_birthday,
    identity_number,
    misprinted,
    old_identity_number,
)

BIRTHDAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
SEQUENCES = st.integers(0, SEQUENCE_MAX)


def weighted_sum(number: str) -> int:
    """ISO 7064 MOD 11-2 by its definition: powers of two, X is ten."""
    digits = [10 if character == "X" else int(character) for character in number]
    return sum(digit << (17 - place) for place, digit in enumerate(digits))


def test_the_example_printed_in_the_standard_checks():
    assert check_character("11010519491231002") == "X"


@given(BIRTHDAYS, SEQUENCES)
def test_a_number_carries_its_date_and_checks(born, sequence):
    number = identity_number(born, sequence)
    assert (len(number), number[:6], number[6:14]) == (18, REGION, f"{born:%Y%m%d}")
    assert weighted_sum(number) % 11 == 1


@given(BIRTHDAYS, SEQUENCES)
def test_a_misprint_differs_in_the_check_character_only_and_never_checks(born, sequence):
    number = identity_number(born, sequence)
    wrong = misprinted(number)
    assert wrong[:-1] == number[:-1]
    assert weighted_sum(wrong) % 11 != 1


@given(BIRTHDAYS, SEQUENCES)
def test_an_old_number_has_fifteen_digits_and_a_short_year(born, sequence):
    number = old_identity_number(born, sequence)
    assert len(number) == 15
    assert number.isdecimal()
    assert number[6:12] == f"{born:%y%m%d}"


@given(BIRTHDAYS)
def test_the_day_after_the_eighteenth_birthday_is_an_adults_in_the_laws_counting(born):
    day = eighteenth_birthday(born)

    def grown(when: date) -> bool:
        return int(f"{when:%Y%m%d}") > int(f"{born:%Y%m%d}") + 18_00_00

    assert not grown(day)
    assert grown(day + timedelta(days=1))


@pytest.mark.parametrize(
    ("born", "birthday"),
    [
        pytest.param(date(2004, 5, 10), date(2022, 5, 10), id="ordinary"),
        pytest.param(date(2004, 2, 29), date(2022, 2, 28), id="leap-day"),
        pytest.param(date(2004, 3, 1), date(2022, 3, 1), id="after-leap-day"),
    ],
)
def test_whoever_is_born_on_a_leap_day_turns_eighteen_on_the_last_of_february(born, birthday):
    assert eighteenth_birthday(born) == birthday
