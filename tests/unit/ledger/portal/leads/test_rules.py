"""What counts as a lead, to the last entry and minute. All pseudonyms are made up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.fields import EntryKind
from ledger.portal.index.model import Role, Row
from ledger.portal.leads.model import ENTRIES_MAX, Limits, Rule, Who
from ledger.portal.leads.rules import leads

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)  # 12:00 in China
OPERATOR, OTHER, PERSON = "0a" * 16, "0b" * 16, "0c" * 16
LIMITS = Limits()


def at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def decision(number=1, moment=NOON, verdict="strip", case=True, log="police", **named) -> Row:
    roles = {"operator": OPERATOR, **named}
    if case:
        roles["case"] = "0d" * 16
    return Row(
        log,
        number,
        at(moment),
        EntryKind.DECISION,
        principal="query-desk",
        verdict=verdict,
        named={Role(role): (value,) for role, value in roles.items() if value},
    )


def certificate(number, moment, person=PERSON, event="refused") -> Row:
    named = {Role.PERSON: (person,)}
    return Row("police", number, at(moment), EntryKind.CERTIFICATE, event=event, named=named)


def rules_of(rows, limits=LIMITS):
    return [lead.rule for lead in leads(rows, limits)]


@pytest.mark.parametrize(
    ("rule", "limit", "one"),
    [
        (Rule.NO_CASE, LIMITS.no_case_count, {"case": False}),
        (Rule.OUT_OF_HOURS, LIMITS.out_of_hours_count, {"moment": NOON + timedelta(hours=8)}),
        (Rule.REFUSED, LIMITS.refused_count, {"verdict": "refuse"}),
    ],
)
def test_from_so_many_a_day_on_and_not_one_less(rule, limit, one):
    rows = [decision(number, **one) for number in range(limit)]
    assert rules_of(rows[1:]) == []
    (lead,) = leads(rows, LIMITS)
    assert (lead.rule, lead.count, lead.limit) == (rule, limit, limit)
    assert (lead.who, lead.principals) == (Who(OPERATOR, None), ("query-desk",))
    assert (lead.log, lead.day, lead.entries) == ("police", "2026-03-04", tuple(range(limit)))


@pytest.mark.parametrize(
    "moved", [{"log": "court"}, {"operator": OTHER}, {"moment": NOON + timedelta(1)}]
)
def test_another_person_day_or_log_is_counted_apart(moved):
    count = LIMITS.refused_count
    rows = [decision(number, verdict="refuse") for number in range(count - 1)]
    assert rules_of([*rows, decision(count, verdict="refuse", **moved)]) == []


@pytest.mark.parametrize(
    ("hour", "minute", "early_or_late"),
    [(0, 0, False), (11, 59, False), (12, 0, True), (23, 59, True), (16, 0, True)],
)
def test_hours_are_those_of_china(hour, minute, early_or_late):
    """00:00 in UTC is 8 o'clock, 12:00 is 20 o'clock."""
    moment = datetime(2026, 3, 4, hour, minute, tzinfo=UTC)
    rows = [decision(number, moment) for number in range(3)]
    assert rules_of(rows) == ([Rule.OUT_OF_HOURS] if early_or_late else [])


def test_what_touches_nothing_protected_is_nobodys_business():
    night = NOON + timedelta(hours=10)
    rows = [decision(number, night, "pass", case=False) for number in range(100)]
    assert rules_of(rows) == []


def test_one_persons_name_from_two_addresses_on_one_day():
    one, two = decision(1, source="01" * 16), decision(2, source="02" * 16)
    assert rules_of([one, one]) == []
    (lead,) = leads([two, one], LIMITS)
    assert (lead.rule, lead.count, lead.entries) == (Rule.TWO_SOURCES, 2, (1, 2))
    assert rules_of([decision(2, NOON + timedelta(1), source="02" * 16), one]) == []


def test_a_login_that_many_share_may_come_from_anywhere():
    rows = [decision(n, operator=None, account="05" * 16, source=f"{n:032x}") for n in (1, 2)]
    assert rules_of(rows) == []


def test_where_no_person_is_named_it_is_the_login():
    rows = [decision(n, verdict="refuse", operator=None, account="05" * 16) for n in range(5)]
    assert leads(rows, LIMITS)[0].who == Who(None, "05" * 16)


@pytest.mark.parametrize(
    ("people", "days", "caught"), [(20, 10, True), (19, 10, False), (20, 9, False)]
)
def test_a_few_people_a_day_and_many_in_all(people, days, caught):
    rows = [
        decision(day * 100 + one, NOON + timedelta(day), person=f"{day * 100 + one % people:032x}")
        for day in range(days)
        for one in range(20 if days == 10 else 23)
    ]
    assert rules_of(rows) == ([Rule.DRIP] if caught else [])


def test_the_same_people_again_are_no_drip():
    rows = [
        decision(day * 100 + one, NOON + timedelta(day), person=f"{one:032x}")
        for day in range(40)
        for one in range(40)
    ]
    assert rules_of(rows) == []


def test_somebody_was_looked_up_and_then_refused():
    days = LIMITS.before_certificate_days
    refused = certificate(9, NOON + timedelta(days))
    (lead,) = leads([refused, decision(7, person=PERSON)], LIMITS)
    assert (lead.rule, lead.count, lead.entries) == (Rule.BEFORE_CERTIFICATE, 1, (7, 9))
    assert (lead.who, lead.day) == (Who(OPERATOR, None), "2026-03-11")
    late = certificate(9, NOON + timedelta(days, seconds=1))
    for rows in (
        [late, decision(7, person=PERSON)],
        [refused, decision(7, person=OTHER)],
        [refused, decision(7, person=PERSON, log="court")],
        [certificate(9, NOON, event="issued"), decision(7, person=PERSON)],
        [decision(10, person=PERSON), certificate(9, NOON)],
    ):
        assert rules_of(rows) == []


def test_the_look_up_for_the_certificate_itself_is_none():
    limits = Limits(certificate_principals=frozenset({"query-desk"}))
    assert rules_of([certificate(9, NOON), decision(7, person=PERSON)], limits) == []


def test_many_entries_are_counted_and_the_first_named():
    numbers = list(range(500, 500 + 3 * ENTRIES_MAX))
    (lead,) = leads([decision(n, verdict="refuse") for n in reversed(numbers)], LIMITS)
    assert lead.count == len(numbers)
    assert lead.entries == tuple(numbers[:ENTRIES_MAX])


def test_the_newest_day_is_first():
    rows = [
        decision(100 * day + n, NOON + timedelta(day), "refuse")
        for day in (2, 1, 0)
        for n in range(5)
    ]
    assert [lead.day for lead in leads(rows, LIMITS)] == ["2026-03-06", "2026-03-05", "2026-03-04"]


@given(
    st.lists(
        st.builds(
            Row,
            st.sampled_from(["a", "b"]),
            st.integers(0, 99),
            st.text() | st.just(at(NOON)),
            st.sampled_from([EntryKind.DECISION, EntryKind.CERTIFICATE, EntryKind.OUTCOME, None]),
            verdict=st.sampled_from(["pass", "strip", "refuse", "else", None]),
            event=st.sampled_from(["refused", None]),
            named=st.dictionaries(st.sampled_from(Role), st.just((PERSON,)), max_size=4),
        ),
        max_size=30,
    )
)
def test_no_row_makes_it_fail_and_each_entry_named_was_there(rows):
    there = {(row.log, row.number) for row in rows}
    for lead in leads(rows, Limits(no_case_count=1, refused_count=1, out_of_hours_count=1)):
        assert lead.count >= 1
        assert {(lead.log, number) for number in lead.entries} <= there


def test_a_look_up_for_a_certificate_has_no_case_to_name():
    """It is made for whoever comes to the counter, before each form."""
    (principal,) = LIMITS.certificate_principals
    count = LIMITS.no_case_count
    rows = [decision(number, case=False) for number in range(count)]
    assert rules_of(rows) == [Rule.NO_CASE]
    assert rules_of([replace(row, principal=principal) for row in rows]) == []
