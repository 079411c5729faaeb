"""config/calendar/*.toml, one file a year, and the site's own further years -> working days."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, model_validator

from proxy.desk.working_days import WorkingDays, Year
from proxy.errors import ConfigurationError
from proxy.settings.problems import read_document, validated
from proxy.settings.section import Section
from proxy.settings.shipped import shipped_file

_SATURDAY: Final = 5
_HOLIDAY_DAYS_MAX: Final = 15


class YearFile(Section):
    """One year, as the General Office of the State Council announces it."""

    year: Annotated[int, Field(strict=True, ge=2000, le=2200)]
    """The year; the file is named after it."""
    holidays: tuple[tuple[date, date], ...]
    """From and to, both included."""
    working_weekends: tuple[date, ...]
    """Saturdays and Sundays that are worked."""

    @model_validator(mode="after")
    def _dates_can_be_meant(self) -> YearFile:
        for first, last in self.holidays:
            if not timedelta(0) <= last - first < timedelta(days=_HOLIDAY_DAYS_MAX):
                raise ValueError("a holiday ends after it began, and within two weeks")
        dates = [*self.working_weekends, *(each for pair in self.holidays for each in pair)]
        if any(each.year != self.year for each in dates):
            raise ValueError("a date is not of this year; what reaches over goes into both files")
        if any(each.weekday() < _SATURDAY for each in self.working_weekends):
            raise ValueError("a working weekend is a Saturday or a Sunday")
        if set(self.working_weekends) & self.off():
            raise ValueError("a day is both off and worked")
        return self

    def off(self) -> set[date]:
        """Every day of every holiday."""
        return {
            first + timedelta(days=number)
            for first, last in self.holidays
            for number in range((last - first).days + 1)
        }


def load_working_days(more: Path | None = None) -> WorkingDays:
    """The shipped years and those in ``more``, which come before shipped ones of the same year.

    Raises `ConfigurationError` for a file that cannot be meant, and where ``more`` is not there.
    """
    folders = [shipped_file("calendar")]
    if more is not None:
        if not more.is_dir():
            raise ConfigurationError(f"desk.calendar_directory: {more} is not a directory")
        folders.append(more)
    files = [path for folder in folders for path in sorted(folder.glob("*.toml"))]
    return WorkingDays(dict(map(_year, files)))


def _year(file: Path) -> tuple[int, Year]:
    found = validated(read_document(file), YearFile)
    if file.stem != str(found.year):
        raise ConfigurationError(f"{file}: holds the year {found.year}: name it {found.year}.toml")
    return found.year, Year(frozenset(found.off()), frozenset(found.working_weekends))
