"""Citizen identity numbers that belong to nobody: GB 11643-1999 in a region that does not exist."""

from __future__ import annotations

from datetime import date

REGION = "999999"
"""No administrative division has this code, nor any that begins with 99 (GB/T 2260)."""

SEQUENCE_MAX = 999
IDENTITY_CHARACTERS = 18

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"


def check_character(body: str) -> str:
    """The 18th character for 17 digits (ISO 7064 MOD 11-2, as GB 11643 writes it out)."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def identity_number(born: date, sequence: int) -> str:
    """18 characters. ``sequence`` (0 to `SEQUENCE_MAX`) is odd for men and even for women."""
    body = f"{REGION}{born:%Y%m%d}{sequence:03}"
    return body + check_character(body)


def old_identity_number(born: date, sequence: int) -> str:
    """15 digits, as issued before 1999: two digits of the year, and nothing to check it by."""
    return f"{REGION}{born:%y%m%d}{sequence:03}"


def misprinted(number: str) -> str:
    """The same number with a check character that is wrong."""
    at = _CHECK_CHARACTERS.index(number[-1])
    return number[:-1] + _CHECK_CHARACTERS[at - 1]


def eighteenth_birthday(born: date) -> date:
    """The last day of minority: whoever acts on it is not yet eighteen in the law's counting
    (最高人民法院 2006 年未成年人司法解释第2条). Born on 29 February: 28 February (民法典202)."""
    try:
        return born.replace(year=born.year + 18)
    except ValueError:
        return born.replace(year=born.year + 18, day=28)
