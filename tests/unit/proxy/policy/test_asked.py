from dataclasses import replace

import pytest

from proxy.policy.asked import Asked, asked, key_domain, together, unbound
from proxy.policy.law import Principal
from tests.unit.proxy.small_world import LAW, UNIT, base, context, facts_of

RULES = {
    **LAW.relations,
    base("cases"): replace(LAW.relations[base("cases")], subject="id", identifies=("name",)),
    base("victims"): replace(LAW.relations[base("victims")], identifies=("name",)),
}


def what(sql, who: Principal = UNIT) -> Asked | None:
    return asked(facts_of(sql), replace(context(who), law=replace(LAW, relations=RULES)))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM cases WHERE name = 'a'",
        "SELECT 1 FROM cases WHERE id = 5",
        "SELECT s.* FROM cases c JOIN sentences s ON s.case_id = c.id WHERE c.name = 'a'",
        "SELECT s.* FROM sentences s WHERE case_id IN (SELECT id FROM cases WHERE name = 'a')",
        "SELECT 1 FROM cases c JOIN victims v ON v.name = c.name WHERE c.name = 'a'",
        "SELECT 1 FROM cases c JOIN courts k ON true WHERE c.id = 1",
        "UPDATE cases SET flag = true WHERE name = 'a' RETURNING *",
    ],
)
def test_a_statement_is_keyed_where_all_it_reads_is_reached_by_names(sql):
    assert not what(sql).broad


@pytest.mark.parametrize(
    ("sql", "weight"),
    [
        ("SELECT 1 FROM cases", 1),
        ("SELECT 1 FROM sentences WHERE case_id = 5", 1),
        ("SELECT 1 FROM cases c JOIN sentences s ON s.months = c.id WHERE c.name = 'a'", 1),
        ("SELECT 1 FROM cases c JOIN victims v ON v.id = c.id WHERE c.name = 'a'", 1),
        ("SELECT 1 FROM cases a, cases b WHERE a.name = 'a'", 1),
        ("SELECT 1 FROM cases a, cases b", 2),
        ("SELECT (SELECT name FROM cases LIMIT 1), (SELECT name FROM cases OFFSET 1)", 2),
        ("SELECT 1 FROM cases WHERE name = 'a' UNION ALL SELECT 1 FROM cases", 1),
        ("UPDATE cases SET flag = true RETURNING *", 1),
        ("COPY cases TO STDOUT", 1),
    ],
)
def test_else_it_is_broad_and_a_row_may_be_about_several(sql, weight):
    assert what(sql).weight == weight


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM courts",
        "INSERT INTO cases VALUES (1)",
        "UPDATE cases SET flag = true",
        "BEGIN",
    ],
)
def test_what_reads_nothing_protected_asks_for_nobody(sql):
    assert what(sql) is None


@pytest.mark.parametrize(
    ("sql", "counts"),
    [
        ("SELECT count(*) FROM cases", True),
        ("SELECT flag, count(id) FROM cases WHERE flag GROUP BY 1", False),
        ("SELECT flag, count(*) FROM cases GROUP BY flag", True),
        ("SELECT months, count(*) FROM sentences GROUP BY 1", True),
        ("SELECT doc, count(*) FROM cases GROUP BY 1", False),
        ("SELECT count(*) FROM cases WHERE name LIKE 'a%'", False),
        ("SELECT name, count(*) FROM cases GROUP BY 1", False),
        ("SELECT count(*) OVER () FROM cases", False),
        ("SELECT count(*)::text FROM cases", False),
        ("SELECT lower('a') FROM cases", False),
        ("SELECT count(*) FROM cases UNION SELECT id FROM cases", False),
        ("WITH q AS (SELECT doc FROM cases) SELECT count(*) FROM q", False),
    ],
)
def test_plain_counts_are_known(sql, counts):
    assert what(sql).counts is counts


def test_keys_of_one_meaning_are_of_one_domain():
    one, other = base("cases"), base("victims")
    assert key_domain(one, "person_id") == key_domain(other, "person_id")
    assert key_domain(one, "id") != key_domain(other, "id")


def test_several_statements_ask_together():
    keyed, broad = (
        what("SELECT 1 FROM cases WHERE name = $1"),
        what("SELECT 1 FROM cases a, cases b"),
    )
    both = together((keyed, None, broad))
    assert both is not None
    assert (both.weight, len(both.values)) == (2, 1)
    assert together((None, keyed)) is keyed
    assert together(()) is None


def test_values_that_are_given_elsewhere_name_nobody():
    bound = what("SELECT 1 FROM cases WHERE name = $1")
    assert unbound(bound).broad
    literal = what("SELECT 1 FROM cases WHERE name = 'a'")
    assert unbound(literal) is literal
