"""Who is asked for, and on which days."""

from datetime import date, datetime

from proxy.demo.month.roster import (
    CHINA,
    DAYS_COUNT,
    SEALED_COUNT,
    WORKING_DAYS_MIN,
    Calendar,
    Roster,
    moment,
)
from proxy.desk.calendars import load_working_days
from tests.unit.proxy.demo.month.conftest import NOW, SHORT


def test_nobody_is_given_out_twice(demo):
    roster = Roster(demo.register, 1)
    people = [roster.convicted(), roster.convicted()]
    people += [roster.sealed() for _ in range(SEALED_COUNT)]
    people += [roster.anybody() for _ in range(900)]
    assert len({each.number for each in people}) == len(people)
    assert {each.number[:6] for each in people} == {"999999"}


def test_whom_the_law_seals_is_not_shown_and_whose_certificate_is_refused_is(demo):
    roster = Roster(demo.register, 1)
    assert all(not roster.sealed().shown for _ in range(SEALED_COUNT))
    convicted = roster.convicted()
    assert (convicted.shown, convicted.convicted) == (True, True)
    by_number = {row[3]: row[0] for row in demo.register.rows["person"]}
    own = [
        int(row[0]) for row in demo.register.rows["case_person"]
        if row[2] == by_number[convicted.number]
    ]  # fmt: skip
    assert demo.register.sealed.isdisjoint(own)


def test_the_same_seed_gives_the_same_people(demo):
    first, second = (Roster(demo.register, 7) for _ in range(2))
    assert [first.anybody() for _ in range(50)] == [second.anybody() for _ in range(50)]
    assert Roster(demo.register, 8).anybody() != Roster(demo.register, 7).anybody()


def test_the_days_end_today_and_count_as_china_does():
    days = Calendar.until(NOW, load_working_days())
    assert (days.days[-1], len(days.days)) == (date(2026, 3, 31), DAYS_COUNT)
    assert date(2026, 3, 31) in days.open
    assert date(2026, 3, 31) not in days.working
    assert sorted([*days.working, *days.closed]) == days.days[:-1]
    midnight = moment(date(2026, 4, 1), 0)
    assert Calendar.until(midnight - 1, load_working_days()).days[-1] == date(2026, 3, 31)
    assert Calendar.until(midnight, load_working_days()).days[-1] == date(2026, 4, 1)


def test_the_longest_holidays_leave_as_many_working_days_as_the_plot_needs():
    office = load_working_days()
    start, end = (int(moment(date(year, 2, 1), 12)) for year in (2022, 2027))
    counts = {len(Calendar.until(now, office).working) for now in range(start, end, 86_400)}
    assert min(counts) == WORKING_DAYS_MIN == len(Calendar.until(SHORT, office).working)


def test_a_moment_is_a_time_of_day_in_china():
    assert datetime.fromtimestamp(moment(date(2026, 3, 4), 23, 10, 5), CHINA).isoformat() == (
        "2026-03-04T23:10:05+08:00"
    )
