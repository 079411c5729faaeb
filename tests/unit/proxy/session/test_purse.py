from dataclasses import replace

import pytest

from proxy.names import PrincipalName
from proxy.policy.asked import PERSON, Asked, Value
from proxy.policy.attribution import NOBODY
from proxy.policy.law import Scope
from proxy.policy.limits import NO_LIMITS, Limits
from proxy.policy.permit import Permit
from proxy.policy.uses import Use
from proxy.session.commands import Need
from proxy.session.plan import Grant, Plan
from proxy.session.purse import Purse, WhoAsks, cut_off
from proxy.statement.facts import Place
from tests.unit.proxy.session.playbook import PRINCIPAL, decision

A, B, C = (f"11010519900101123{n}" for n in range(3))


def asks(*people, **more):
    named = tuple(Value(PERSON, 25, Place(literal=n), each) for n, each in enumerate(people))
    return Plan(decision(), "t", asked=Asked(named, **more))


def spender(limits=NO_LIMITS, *, refused=False, batch=()):
    who = replace(PRINCIPAL, limits=limits, bulk_refused=refused)
    return WhoAsks(who, NOBODY, "utf-8", batch)


def batch(*subjects, number="p-1"):
    return Permit(number, PrincipalName("tester"), Scope.BATCH, subjects, 0.0, 9e9)


def test_what_reads_nothing_protected_is_free():
    plan = Plan(decision(), "t")
    assert Purse().afford(plan, None, spender(Limits(subjects_per_day=1))) is plan


def test_without_limits_people_are_named_and_nobody_is_asked():
    plan = Purse().afford(asks(A, A, B), None, spender())
    assert plan.grant == Grant(((PERSON, A), (PERSON, B)))


def test_the_budget_is_asked_once_and_its_answer_is_for_that_message():
    purse, who = Purse(), spender(Limits(subjects_per_day=5, rows_per_statement=9))
    assert purse.afford(asks(A), None, who) is None
    assert purse.waiting
    assert purse.need.people == ((PERSON, A),)
    purse.reserved(Grant(((PERSON, A),), 9))
    assert not purse.waiting
    assert purse.afford(asks(A), None, who).grant == Grant(((PERSON, A),), 9)
    purse.taken()
    assert purse.afford(asks(A), None, who) is None


def test_an_answer_to_another_question_is_none():
    purse, who = Purse(), spender(Limits(subjects_per_day=5))
    purse.afford(asks(A), None, who)
    purse.reserved(Grant(((PERSON, A),)))
    assert purse.afford(asks(B), None, who) is None


def test_over_budget_is_a_refusal_that_says_the_same_of_everybody():
    said = []
    for person in (A, B):
        purse, who = Purse(), spender(Limits(subjects_per_day=5))
        purse.afford(asks(person), None, who)
        purse.reserved(None)
        said.append(purse.afford(asks(person), None, who))
    assert said[0] == said[1]
    assert (said[0].text, said[0].decision.rule) == (None, "subject-budget")


def test_a_broad_statement_asks_for_rows():
    purse = Purse()
    who = spender(Limits(subjects_per_day=5, rows_per_statement=9))
    assert purse.afford(asks(weight=2), None, who) is None
    assert (purse.need.people, purse.need.rows_max, purse.need.weight) == ((), 9, 2)


def test_nobody_named_by_null_costs_nothing():
    plan = Plan(decision(), "t", asked=Asked())
    assert Purse().afford(plan, None, spender(Limits(subjects_per_day=1))).grant == Grant()


@pytest.mark.requirement("C5")
def test_values_that_are_not_read_are_refused_where_people_have_to_be_named():
    unread = asks("不详")
    assert Purse().afford(unread, None, spender(refused=True)).decision.rule == "bulk-access"
    assert Purse().afford(unread, None, spender()).grant == Grant()
    assert Purse().afford(asks(weight=1, counts=True), None, spender(refused=True)).text == "t"


@pytest.mark.requirement("Q24", "D11")
def test_a_list_needs_a_permit_that_lists_them_all():
    limits = Limits(subjects_per_statement=2, subjects_per_day=2)
    three = asks(A, B, C)
    assert Purse().afford(three, None, spender(limits)).decision.rule == "bulk-access"
    some = spender(limits, batch=(batch(A, B),))
    assert Purse().afford(three, None, some).decision.rule == "bulk-access"
    both = spender(limits, batch=(batch(A, B), batch(C, number="p-2")))
    plan = Purse().afford(three, None, both)
    assert plan.grant.permitted
    assert plan.decision.permits == ("p-1", "p-2")
    by_key = replace(three, asked=Asked((Value("key id", 20, Place(literal=0), A),)))
    assert Purse().afford(by_key, None, both) is None


def test_what_is_cut_off_says_by_which_limit():
    plan = replace(asks(weight=1), grant=Grant(rows_max=3))
    assert cut_off(plan).rule == "row-limit"
    assert cut_off(replace(plan, grant=Grant(rows_max=3, spends=True))).rule == "subject-budget"


@pytest.mark.requirement("D8")
def test_a_use_is_asked_for_beside_the_budget_and_each_once():
    purse, who = Purse(), spender(Limits(subjects_per_day=5))
    permits = (replace(batch(A), uses_max=2),)
    assert purse.afford(asks(A), None, who) is None
    purse.reserved(Grant(((PERSON, A),)))
    plan = purse.afford(asks(A), None, who)
    assert purse.use(plan, permits, NOBODY) is None
    assert purse.need == Need(NOBODY, uses=(Use("p-1", 2),))
    purse.reserved(Grant())
    assert purse.afford(asks(A), None, who) == plan
    assert purse.use(plan, permits, NOBODY) is plan
    purse.taken()
    assert purse.use(plan, permits, NOBODY) is None


@pytest.mark.requirement("D8")
def test_without_a_use_there_is_nothing():
    for answer in (None, Grant(used_up=("p-1",))):
        purse, plan = Purse(), Plan(decision(), "t")
        assert purse.use(plan, (), NOBODY) is plan
        assert purse.use(plan, None, NOBODY).decision.rule == "permit-ended"
        assert purse.use(plan, (replace(batch(A), uses_max=2),), NOBODY) is None
        purse.reserved(answer)
        refused = purse.use(plan, (replace(batch(A), uses_max=2),), NOBODY)
        assert (refused.text, refused.decision.rule) == (None, "permit-ended")
