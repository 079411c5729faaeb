"""A slice of the year at the counter. The whole of it is `python -m tests.law.year`."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from proxy.names import PrincipalName
from proxy.server.spender import limits_of
from tests.law.officer import World
from tests.law.year import NEVER_REFUSED, POLICY, Result, play

pytestmark = pytest.mark.database
DESK, POLICE = PrincipalName("query-desk"), PrincipalName("police-desk")


@pytest.fixture(scope="module")
def world(agency) -> World:
    return World.of(agency, POLICY)


def limits(world, name, **changed):
    """Those of the policy, but for these."""
    found = limits_of(world.law)
    return {**found, name: replace(found[name], **changed)}


def stopped(result: Result) -> dict[str, int | None]:
    return {who: tally.stopped_on_day for who, tally in result.tallies.items()}


@pytest.mark.requirement("Q45", "C5")
def test_who_looks_up_eighteen_people_a_day_is_stopped_and_who_names_cases_is_not(world):
    """As the shipped policy does on the twenty-third day, with a quarter of its people."""
    seed = secrets.randbelow(1 << 31)
    print(f"seed {seed}")
    result = play(world, 8, seed, limits=limits(world, DESK, subjects_per_30_days=100))
    assert result.problems(8) == []
    days = stopped(result)
    assert {who for who, day in days.items() if day is None} == NEVER_REFUSED
    assert (days["eighteen a day"], days["eighteen a day, no name"]) == (6, 6)
    assert len(result.tallies["eighteen a day"].people) == 100


def test_the_shipped_policy_does_so_within_a_month(world):
    assert (limits_of(world.law)[DESK].subjects_per_30_days or 0) < 18 * 30


@pytest.mark.parametrize(
    ("name", "limit", "most", "kept"),
    [
        (DESK, "subjects_per_30_days", 20, 21),
        (DESK, "subjects_per_30_days", 20, 19),
        (DESK, "subjects_per_year", 20, 21),
        (DESK, "subjects_per_day", 10, 11),
        (POLICE, "cases_per_day", 20, 21),
        (POLICE, "subjects_per_case", 2, 3),
    ],
)
def test_one_person_too_many_or_too_few_is_noticed(world, name, limit, most, kept):
    should, does = (limits(world, name, **{limit: many}) for many in (most, kept))
    result = play(world, 2, 7, limits=should, kept=does)
    assert result.wrongly_served if kept > most else result.wrongly_refused
    assert result.problems(2)
