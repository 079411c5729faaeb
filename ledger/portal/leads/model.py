"""What a lead is, and from which number on something is one. Pure.

A lead accuses nobody: it says what the entries show, and which, so that somebody can look.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ENTRIES_MAX: Final = 50
"""Numbers of entries that a lead names; there may be more of them."""


class Rule(StrEnum):
    """What was noticed."""

    NO_CASE = "no-case"
    """Statements that touched protected relations and name no case (实施办法第16条)."""
    OUT_OF_HOURS = "out-of-hours"
    REFUSED = "refused"
    """Refused again and again on one day."""
    TWO_SOURCES = "two-sources"
    """One person's name from two addresses on one day: perhaps a certificate that was lent."""
    DRIP = "drip"
    """A few people a day, and many in all."""
    BEFORE_CERTIFICATE = "before-certificate"
    """Somebody was looked up shortly before their certificate was refused."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From which number on. Hours and days are those of China, which has one time and no summer
    time (UTC+8)."""

    opens: int = 8  # o'clock
    closes: int = 20
    no_case_count: int = 5  # statements a day
    out_of_hours_count: int = 3  # statements a day
    refused_count: int = 5  # statements a day
    drip_people_count: int = 200  # different people, in the whole time looked at,
    drip_days_count: int = 10  # on so many days at least
    before_certificate_days: int = 7
    certificate_principals: frozenset[str] = frozenset({"certificate-look-up"})
    """Who looks people up to issue certificates, before each of them, and for no case."""

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= 24:
            raise ValueError("an office opens before it closes, within a day")
        numbers = (
            self.no_case_count,
            self.out_of_hours_count,
            self.refused_count,
            self.drip_people_count,
            self.drip_days_count,
            self.before_certificate_days,
        )
        if min(numbers) < 1:
            raise ValueError("a number from which on something is a lead is 1 at least")


@dataclass(frozen=True, slots=True)
class Who:
    """A person as the application says (`operator`), or the login where it says none. Pseudonyms,
    32 hexadecimal digits."""

    operator: str | None
    account: str | None


@dataclass(frozen=True, slots=True)
class Lead:
    """``day`` is YYYY-MM-DD in China, the last one where it is about several. ``count`` is what was
    counted, ``entries`` are the first of them by number, in the log named ``log``."""

    rule: Rule
    log: str
    day: str
    who: Who
    principals: tuple[str, ...]
    count: int
    limit: int
    entries: tuple[int, ...]
