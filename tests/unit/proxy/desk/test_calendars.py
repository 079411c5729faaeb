"""Calendars as files: closed, and refused where they cannot be meant."""

from datetime import date

import pytest

from proxy.desk.calendars import load_working_days
from proxy.errors import ConfigurationError
from proxy.settings.shipped import shipped_file

GOOD = """year = 2027
holidays = [[2027-01-01, 2027-01-03]]
working_weekends = [2027-02-06]
"""


def test_a_site_adds_a_year_and_its_own_come_first(tmp_path):
    (tmp_path / "2027.toml").write_text(GOOD)
    (tmp_path / "2026.toml").write_text("year = 2026\nholidays = []\nworking_weekends = []\n")
    days = load_working_days(tmp_path)
    assert days.is_working(date(2027, 2, 6))
    assert not days.is_working(date(2027, 1, 1))
    assert days.is_working(date(2026, 10, 1))
    assert days.knows(date(2022, 1, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2027-01-03]", "2026-12-31]"),
        ("2027-01-03]", "2027-03-01]"),
        ("2027-01-01,", "2026-12-31,"),
        ("2027-02-06", "2027-02-08"),
        ("2027-02-06", "2026-02-07"),
        ("2027-02-06", "2027-01-02"),
        ("year = 2027", "year = 2028"),
        ("year = 2027", 'year = "2027"'),
        ("working_weekends", "working"),
        ("2027-01-01", "0"),
    ],
    ids=[
        *("backwards", "two months", "year before", "a Monday", "another year", "off and worked"),
        *("misnamed", "text", "unknown key", "a number"),
    ],
)
def test_a_calendar_that_cannot_be_meant_is_refused(tmp_path, old, new):
    assert old in GOOD
    (tmp_path / "2027.toml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigurationError):
        load_working_days(tmp_path)


def test_a_directory_that_is_not_there_is_a_mistake(tmp_path):
    with pytest.raises(ConfigurationError, match="calendar_directory"):
        load_working_days(tmp_path / "nowhere")


@pytest.mark.parametrize("file", sorted(shipped_file("calendar").glob("*.toml")))
def test_shipped_calendars_say_that_they_are_to_be_checked(file):
    assert "供核对" in file.read_text(encoding="utf-8")
