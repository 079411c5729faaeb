"""Each matter is in time, late or overdue in the one period in which its day falls."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.fields import EntryKind
from ledger.portal.index.model import Row
from ledger.portal.opinions.model import Opinion, Result, Step
from ledger.portal.statistics.figure import SMALL, Section, for_outside
from ledger.portal.statistics.timeliness import Matter, Period, applications, replies, timely

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))
TABLES = (Section.PERMITS_BY_MONTH, Section.PERMITS_BY_LOG)


def row(number: str, event: str, time: str, decide_by: str | None, log: str = "court") -> Row:
    return Row(log, 1, time, EntryKind.PERMIT, event=event, permits=(number,), decide_by=decide_by)


def numbers(matters, period=MARCH) -> dict[tuple[str, str], int | None]:
    found = timely(matters, period, *TABLES)
    return {(each.section.value, each.words.english): each.number for each in found}


def at(due: int, done: int | None, log: str = "court") -> Matter:
    return Matter(
        log, date(2026, 3, due), None if done is None else date(2026, 3, 1) + timedelta(done - 1)
    )


def test_each_is_counted_once_by_month_and_once_by_agency():
    matters = [
        at(5, 5), at(5, 4), at(6, 7), at(6, None), at(9, 2, "police"),
        at(31, None),  # due today, and not overdue yet
        at(31, 35),  # decided after the period
        Matter("court", date(2026, 2, 28), date(2026, 3, 3)),
        Matter("court", date(2026, 4, 1), None),
    ]  # fmt: skip
    assert numbers(matters) == {
        ("permits-by-month", "2026-03 due"): 5,
        ("permits-by-month", "2026-03 in time"): 3,
        ("permits-by-month", "2026-03 late"): 1,
        ("permits-by-month", "2026-03 overdue"): 1,
        ("permits-by-month", "2026-03 in time, %"): 60,
        ("permits-by-log", "court due"): 4,
        ("permits-by-log", "court in time"): 2,
        ("permits-by-log", "court late"): 1,
        ("permits-by-log", "court overdue"): 1,
        ("permits-by-log", "court in time, %"): 50,
        ("permits-by-log", "police due"): 1,
        ("permits-by-log", "police in time"): 1,
        ("permits-by-log", "police late"): 0,
        ("permits-by-log", "police overdue"): 0,
        ("permits-by-log", "police in time, %"): 100,
    }
    assert numbers([]) == {}


def test_one_late_of_many_is_not_all_in_time():
    assert numbers([at(5, 6), *[at(5, 5)] * 299])["permits-by-month", "2026-03 in time, %"] == 99


@pytest.mark.parametrize(
    ("decided", "done"),
    [
        ("2026-03-05T15:59:59.000Z", date(2026, 3, 5)),
        ("2026-03-05T16:00:00.000Z", date(2026, 3, 6)),
    ],
)
def test_the_day_is_beijings(decided, done):
    due = "2026-03-05T15:59:59Z"
    found = applications([
        row("xk-1", "granted", decided, due),
        row("xk-1", "received", "2026-03-02T01:00:00.000Z", due),
        row("xk-1", "used", "2026-03-06T01:00:00.000Z", None),
        row("xk-1", "revoked", "2026-03-07T01:00:00.000Z", due),
    ])  # fmt: skip
    assert found.matters == (Matter("court", date(2026, 3, 5), done),)
    assert not found.without_day


def test_a_day_that_no_entry_holds_or_that_there_is_not_is_told_and_not_made_up():
    found = applications([
        row("xk-1", "received", "2026-03-02T01:00:00.000Z", None),
        row("xk-2", "received", "2026-03-02T01:00:00.000Z", "2026-99-99T00:00:00Z"),
        row("xk-3", "granted", "2026-03-02T01:00:00.000Z", None),
        row("xk-1", "received", "2026-03-02T01:00:00.000Z", "2026-03-05T15:59:59Z", "police"),
    ])  # fmt: skip
    assert found.matters == (Matter("police", date(2026, 3, 5), None),)
    assert found.without_day == {("court", "xk-1"), ("court", "xk-2")}


def test_the_reply_to_the_last_day_that_was_set_counts():
    day = date(2026, 3, 2)

    def opinion(step: Step, replied: date | None, due: date | None = day) -> Opinion:
        return Opinion("1", "o", (1,), step, day, day, due, replied, Result.CONTESTED)

    found = replies(
        [
            opinion(Step.REPLIED, day),
            opinion(Step.UPHELD, day),  # that reply was to the day before
            opinion(Step.ISSUED, None),
            opinion(Step.DRAFTED, None, None),
        ],
        {"o": "court"},
    )
    assert [each.done for each in found] == [day, None, None]
    assert replies([opinion(Step.REPLIED, day)], {}) == ()


@st.composite
def drawn(draw) -> list[Matter]:
    log = st.sampled_from(["court", "police", "justice"])
    found = []
    for month in draw(st.lists(st.integers(1, 12), max_size=6)):
        many, late = draw(st.integers(0, 40)), draw(st.integers(0, 12))
        due, name = date(2026, month, 10), draw(log)
        found += [Matter(name, due, due)] * many + [Matter(name, due, None)] * late
    return found


@given(drawn())
def test_neither_table_gives_away_what_the_other_withholds(matters):
    year = Period(date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    report = timely(matters, year, *TABLES)
    left = for_outside(report)
    totals = [sum(_row(report, TABLES[0], name)[at] or 0 for name in _names(report, TABLES[0]))
              for at in range(4)]  # fmt: skip
    for table in TABLES:
        rows = [_row(left, table, name) for name in _names(left, table)]
        shown = [cells for cells in rows if None not in cells]
        assert all(each in shown or set(each) == {None} for each in rows)
        if shown or not any(0 < each < SMALL for each in totals):
            for measure, total in enumerate(totals):
                left_over = total - sum(cells[measure] or 0 for cells in shown)
                assert left_over == 0 or left_over >= SMALL
        assert len(rows) - len(shown) != 1 or not shown


def _names(report, table) -> list[str]:
    return list(dict.fromkeys(each.row for each in report if each.section is table))


def _row(report, table, name) -> list[int | None]:
    return [
        each.number for each in report if each.section is table and each.row == name and each.counts
    ]
