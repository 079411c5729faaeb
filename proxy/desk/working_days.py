"""Working days as China counts them: weekends, holidays, and weekends that are worked. Pure.

The day of receipt is not counted (by analogy with 刑事诉讼法第105条). Holidays are announced
year by year. A year that nobody has entered is counted Monday to Friday, without its holidays, so
a deadline comes out too early rather than too late; it is marked as not known, because a weekend
that is worked would make it earlier still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

DECIDE_WITHIN_DAYS: Final = 3
"""三个工作日 (实施办法第15条, 第16条)."""

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Year:
    """What the State Council announced for one year: days off, and weekends that are worked."""

    holidays: frozenset[date]
    working_weekends: frozenset[date]


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day, and whether the calendars of all years that it was counted over are known."""

    day: date
    known: bool


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The calendar. ``years`` holds those that are known."""

    years: Mapping[int, Year] = field(default_factory=dict)

    def knows(self, day: date) -> bool:
        """Whether the year's calendar is there."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Whether offices are open; in a year that is not known, Monday to Friday."""
        year = self.years.get(day.year)
        weekend = day.weekday() >= _SATURDAY
        if year is None:
            return not weekend
        return day in year.working_weekends if weekend else day not in year.holidays

    def deadline(self, received: date, days: int = DECIDE_WITHIN_DAYS) -> Deadline:
        """The last of so many working days after the day of receipt, which may be a day off."""
        day, known, left = received, True, days
        while left:
            day += _DAY
            known = known and self.knows(day)
            left -= self.is_working(day)
        return Deadline(day, known)
