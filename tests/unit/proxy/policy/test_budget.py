from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.names import PrincipalName
from proxy.policy.budget import BUCKET_SECONDS, UNBOUNDED, Asker, Budget, Spent
from proxy.policy.limits import DAY_SECONDS, HOUR_SECONDS, YEAR_SECONDS, Limits

POLICE, START = PrincipalName("police"), 1_800_000_000.0
WHO = Asker(POLICE, "021377")
DAY = float(DAY_SECONDS)


def budget(kept_max=10_000, **limits) -> Budget:
    return Budget({POLICE: Limits(**limits)}, kept_max)


def test_the_limit_is_exact_and_whoever_was_asked_for_is_free():
    one = budget(subjects_per_day=2)
    assert one.ask(WHO, ("a", "b"), START)
    assert one.ask(WHO, ("b",), START + 5)
    assert not one.ask(WHO, ("c",), START + 5)
    assert not one.ask(WHO, ("a", "c"), START + 5)
    assert one.ask(Asker(POLICE, "other"), ("c",), START)
    assert one.ask(Asker(PrincipalName("unlimited")), ("c",), START)


def test_all_or_none_of_a_list_is_counted():
    one = budget(subjects_per_day=3)
    assert not one.ask(WHO, ("a", "b", "c", "d"), START)
    assert one.ask(WHO, ("e", "f", "g"), START)


def test_a_window_slides_and_is_never_shorter_than_it_says():
    for into_bucket in (0, 1, BUCKET_SECONDS - 1):
        one, begin = budget(subjects_per_hour=1), START + into_bucket
        assert one.ask(WHO, ("a",), begin)
        assert not one.ask(WHO, ("b",), begin + HOUR_SECONDS - 1)
        assert one.ask(WHO, ("b",), begin + HOUR_SECONDS + BUCKET_SECONDS + 1)


def test_a_clock_that_is_set_back_gives_nothing_back():
    one = budget(subjects_per_hour=1)
    assert one.ask(WHO, ("a",), START)
    assert not one.ask(WHO, ("b",), START - YEAR_SECONDS)
    assert not one.ask(WHO, ("b",), START + 60)


@pytest.mark.requirement("Q45")
def test_a_year_of_eighteen_people_a_day_is_noticed():
    """福州: 88,985 queries about 4,978 people in nine months, none of them large."""
    one = budget(subjects_per_day=60, subjects_per_30_days=400, subjects_per_year=3_000)
    served = refused_on = 0
    for day in range(270):
        for nth in range(18):
            person = f"{day}-{nth}"
            for _ in range(3):
                served += one.ask(WHO, (person,), START + day * DAY + nth * 600)
        if served < (day + 1) * 18 * 3 and not refused_on:
            refused_on = day
    assert refused_on == 22  # 400 people within 30 days: on the 23rd day
    assert one.kept_count <= 3_000
    desk = budget(subjects_per_day=10, subjects_per_case=40, cases_per_day=20)
    for day in range(270):
        for nth in range(18):
            asker = Asker(POLICE, "021377", f"case-{day}-{nth % 3}")
            assert desk.ask(asker, (f"{day}-{nth}",), START + day * DAY)


def test_cases_and_operators_that_are_invented_are_counted_too():
    one = budget(subjects_per_case=5, cases_per_day=2, subjects_per_day=5, operators_per_day=2)
    assert [one.ask(Asker(POLICE, "x", f"case{n}"), ("a",), START) for n in range(3)] == [
        True, True, False
    ]  # fmt: skip
    assert [one.ask(Asker(POLICE, f"op{n}"), ("a",), START) for n in range(2)] == [True, False]


def test_rows_without_a_name_are_set_aside_and_come_back():
    one = budget(subjects_per_day=10)
    many, ticket = one.set_aside(WHO, 6, START)
    assert many == 6
    assert one.set_aside(WHO, 6, START)[0] == 4
    assert one.set_aside(WHO, None, START) == (0, 0)
    one.give_back(ticket, 5)
    one.give_back(ticket, 5)
    one.give_back(99, 5)
    assert one.set_aside(WHO, None, START)[0] == 5
    assert not one.ask(WHO, ("a",), START)
    assert budget(operators_per_day=3).set_aside(WHO, None, START) == (UNBOUNDED, 1)


def test_memory_is_bounded_and_old_people_make_room():
    one = budget(kept_max=10, subjects_per_year=1_000)
    served = [one.ask(WHO, (str(n),), START) for n in range(20)]
    assert served.count(True) == 9
    assert served == sorted(served, reverse=True)
    assert one.ask(WHO, ("new",), START + YEAR_SECONDS + DAY)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5_000)), max_size=60),
    st.integers(1, 5),
)
def test_it_is_never_more_lenient_than_the_exact_window(asked, limit):
    one, now, granted = budget(subjects_per_hour=limit), START, []
    for person, later in asked:
        now += later
        recent = {who for who, when in granted if now - when <= HOUR_SECONDS}
        generous = {who for who, when in granted if now - when <= HOUR_SECONDS + BUCKET_SECONDS}
        if one.ask(WHO, (str(person),), now):
            assert len(recent | {person}) <= limit or person in recent
            granted.append((person, now))
        else:
            assert len(generous | {person}) > limit
    assert all(a[1] <= b[1] for a, b in pairwise(granted))


def test_what_was_granted_is_entered_again_and_kept_in_a_copy():
    one = budget(subjects_per_day=5)
    one.enter(Spent(START, WHO, ("a", "b")))
    ticket = one.enter(Spent(START, WHO, (), 3))
    assert not one.ask(WHO, ("c",), START)
    one.give_back(ticket, 1)
    other = budget(subjects_per_day=5)
    for account, last, buckets in one.kept():
        other.take_up(account, dict(last), dict(buckets))
    for each in (one, other):
        assert each.ask(WHO, ("a",), START)
        assert each.ask(WHO, ("c",), START)
        assert not each.ask(WHO, ("d",), START)
