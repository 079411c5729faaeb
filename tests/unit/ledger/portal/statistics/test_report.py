"""Each figure is what was counted."""

from dataclasses import replace
from datetime import date

from ledger.portal.index.model import Counted
from ledger.portal.opinions.model import Opinion, Result, Step
from ledger.portal.statistics.figure import Section
from ledger.portal.statistics.report import Counts, figures

DAY = date(2026, 3, 2)


def events(**counts: int) -> list[Counted]:
    return [Counted("", name, count, 0) for name, count in counts.items()]


def opinion(number: int, result: Result | None, days: int = 5) -> Opinion:
    replied = None if result is None else date(2026, 3, 2 + days)
    return Opinion(f"2026-{number}", "court", (1,), Step.ISSUED, DAY, DAY, DAY, replied, result)


COUNTS = Counts(
    [
        Counted("2026-01", "pass", 100, 0),
        Counted("2026-01", "refuse", 40, 0),
        Counted("2026-02", "strip", 60, 0),
        Counted("2026-02", "refuse", 2, 0),
    ],
    [Counted("", "platform-protected", 30, 0), Counted("", "bulk-access", 12, 0)],
    events(received=2, granted=1, refused=1, used=3),
    events(issued=2, refused=1),
    [
        opinion(1, Result.ACCEPTED, 4),
        opinion(2, Result.CORRECTED, 9),
        opinion(3, Result.CONTESTED, 5),
        opinion(4, None),
    ],
)


def test_each_number_is_what_was_counted():
    report = figures(COUNTS)
    numbers = {(each.section.value, each.words.english): each.number for each in report}
    assert numbers == {
        ("access", "Statements"): 202,
        ("access", "of which sealed rows were withheld"): 60,
        ("access", "of which refused"): 42,
        ("access", "of which platforms kept out"): 30,
        ("months", "2026-01"): 140,
        ("months", "2026-02"): 62,
        ("rules", "bulk-access"): 12,
        ("rules", "platform-protected"): 30,
        ("permits", "Applications received"): 2,
        ("permits", "Granted"): 1,
        ("permits", "Refused"): 1,
        ("permits", "Revoked"): 0,
        ("permits", "Used"): 3,
        ("certificates", "Certificates issued"): 2,
        ("certificates", "Refused"): 1,
        ("certificates", "Revoked"): 0,
        ("opinions", "Opinions served"): 4,
        ("opinions", "Accepted or corrected"): 2,
        ("opinions", "Contested"): 1,
        ("opinions", "Days until the reply, median"): 5,
    }
    sections = [each.section for each in report]
    assert sections == sorted(sections, key=list(Section).index)


def test_where_nothing_happened_all_is_nought_and_there_is_no_median():
    report = figures(Counts([], [], [], [], []))
    assert {each.number for each in report} == {0}
    assert not any(each.days for each in report)


def test_what_was_received_without_a_day_is_told_where_there_is_some():
    report = figures(replace(COUNTS, without_day_count=2))
    (told,) = set(report) - set(figures(COUNTS))
    assert (told.section, told.number) == (Section.PERMITS, 2)
    sections = [each.section for each in report]
    assert sections == sorted(sections, key=list(Section).index)
