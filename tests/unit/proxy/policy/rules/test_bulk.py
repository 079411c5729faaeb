from dataclasses import replace

import pytest

from proxy.policy.decide import decide
from proxy.policy.law import Volatility
from proxy.policy.limits import Limits
from tests.unit.proxy.policy.test_asked import RULES
from tests.unit.proxy.small_world import LAW, UNIT, context, facts_of

REFUSED = replace(UNIT, bulk_refused=True)
LIMITED = replace(UNIT, limits=Limits(subjects_per_day=5))


VETTED = {
    **LAW.vetted_functions,
    **dict.fromkeys(("string_agg", "json_agg", "lag"), Volatility.STABLE),
}


def rule(sql, who):
    law = replace(LAW, relations=RULES, vetted_functions=VETTED)
    return decide(facts_of(sql), replace(context(who), law=law)).decision


BROAD = [
    "SELECT name FROM cases",
    "SELECT 1 FROM cases WHERE name LIKE 'a%'",
    "COPY cases TO STDOUT",
]
GATHERED = [
    "SELECT string_agg(name, ',') FROM cases",
    "SELECT json_agg(c) FROM cases c",
    "SELECT ARRAY(SELECT name FROM cases)",
    "SELECT lag(name) OVER () FROM cases",
]
STORED = ["INSERT INTO courts SELECT name, name FROM cases", "CREATE TEMP TABLE t AS TABLE cases"]
KEYED = [
    "SELECT name FROM cases WHERE name = 'a'",
    "SELECT string_agg(name, '') FROM cases WHERE id = 5",
]


@pytest.mark.requirement("C5", "Q25", "Q27", "Q28", "Q36")
@pytest.mark.parametrize(
    "sql", [*BROAD, *GATHERED, *STORED, "COPY (SELECT 1 FROM cases WHERE id = 5) TO STDOUT"]
)
def test_who_has_to_name_people_is_refused_all_else_in_one_wording(sql):
    decision = rule(sql, REFUSED)
    assert (decision.rule, decision.article) == ("bulk-access", "实施办法第10条")


@pytest.mark.parametrize(
    "sql", [*KEYED, "SELECT count(*) FROM cases", "INSERT INTO cases VALUES (1)"]
)
def test_people_that_are_named_and_counts_are_served(sql):
    assert rule(sql, REFUSED).rule in ("sealed-rows", "nothing-protected")


@pytest.mark.parametrize("sql", [*GATHERED, *STORED])
def test_what_could_not_be_counted_by_rows_is_refused_where_rows_count(sql):
    assert rule(sql, LIMITED).rule == "bulk-access"
    assert rule(sql, UNIT).rule != "bulk-access"


@pytest.mark.parametrize("sql", [*BROAD, *KEYED])
def test_rows_are_served_where_they_count(sql):
    assert rule(sql, LIMITED).rule == "sealed-rows"


def test_the_refusal_says_the_same_of_every_value():
    one, other = (rule(f"SELECT 1 FROM cases WHERE name > '{n}'", REFUSED) for n in ("a", "b"))
    assert one == other
