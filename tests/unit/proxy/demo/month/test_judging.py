"""What is decided in the month is what the product decides, by the demo's policy."""

from __future__ import annotations

import pytest

from ledger.pseudonyms import Pseudonyms
from proxy.demo.database import SCHEMA
from proxy.demo.month.judging import Asking, Judging
from proxy.names import PrincipalName
from proxy.policy.permit import Permit, Scope

SEALED, OTHER = "999999200405100013", "999999198808080010"
CASE = "(虚构2026)示刑初0001号"


@pytest.fixture
def judging(place) -> Judging:
    return Judging(place.law, place.catalogue, (SCHEMA, "public"), Pseudonyms(b"p" * 32))


def by_number(*numbers: str, operator: str = "示例0441") -> str:
    people = ", ".join(f"'{each}'" for each in numbers)
    return (
        f"/* operator={operator} case={CASE} */ SELECT name FROM person WHERE id_no IN ({people})"
    )


def test_sealed_rows_are_stripped_for_the_people_that_are_named(judging):
    judged = judging.judge(Asking("desk", by_number(SEALED)), 0.0)
    assert judged.plan.decision.rule == "sealed-rows"
    assert "base.case_person" in judged.plan.text
    assert judged.plan.grant.people == (("person", SEALED),)
    assert (judged.attribution.operator, judged.attribution.case) == ("示例0441", CASE)
    assert not judged.refused


def test_a_second_person_is_not_taken_for_the_first(judging):
    """Their texts have one shape, and the plan is kept by it."""
    first, second = (
        judging.judge(Asking("desk", by_number(each)), 0.0) for each in (SEALED, OTHER)
    )
    assert OTHER in second.plan.text
    assert SEALED not in second.plan.text
    assert first.plan.grant.people != second.plan.grant.people


@pytest.mark.parametrize(
    ("user", "text", "rule"),
    [
        ("bgcheck", "SELECT * FROM case_person", "platform-protected"),
        ("desk", "/* operator=a */ SELECT name FROM person", "bulk-access"),
        ("police", "SELECT current_date", "nothing-protected"),
    ],
)
def test_each_login_is_judged_as_what_it_is(judging, user, text, rule):
    judged = judging.judge(Asking(user, text), 0.0)
    assert judged.plan.decision.rule == rule
    assert judged.refused == (rule != "nothing-protected")


def test_the_budget_is_the_policys_and_by_the_clock_of_the_month(judging):
    def ask(number, now):
        text = by_number(f"999999{19600101 + number}0010")
        return judging.judge(Asking("desk", text), now).plan.decision.rule

    rules = [ask(number, 1_000_000.0) for number in range(21)]
    assert rules == ["sealed-rows"] * 20 + ["subject-budget"]
    assert ask(21, 1_000_000.0 + 3_600 + 600) == "sealed-rows"


def test_a_permit_counts_for_its_principal_and_case_while_it_is_in_force(judging):
    court = PrincipalName("court-application")
    permit = Permit("xk-1", court, Scope.FULL, (SEALED,), 100.0, 200.0, case=CASE)
    judging.permits["xk-1"] = permit

    def permits(user, now, case=CASE):
        text = f"/* operator=a case={case} */ SELECT name FROM person WHERE id_no = '{SEALED}'"
        return judging.judge(Asking(user, text), now).plan.decision.permits

    assert permits("court", 150.0) == ("xk-1",)
    assert permits("court", 99.0) == permits("court", 200.0) == ()
    assert permits("court", 150.0, case="another") == permits("police", 150.0) == ()
    del judging.permits["xk-1"]
    assert permits("court", 150.0) == ()
