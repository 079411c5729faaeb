import pytest

from tests.unit.proxy.small_world import facts_of


def named(sql):
    """By the name of each relation: the columns by which its rows are named, and how often."""
    return {
        reference.refname: [f"{n.column}:{len(n.values)}" for n in reference.named]
        for reference in facts_of(sql).references
        if reference.named
    }


def links(sql):
    facts = facts_of(sql)
    name = {reference.number: reference.refname for reference in facts.references}
    return {f"{name[x.reference]}.{x.column}={name[x.other]}.{x.other_column}" for x in facts.links}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("name = 'a'", ["name:1"]),
        ("'a' = c.name AND flag", ["name:1"]),
        ("name = $1::text", ["name:1"]),
        ("name IN ('a', $1, 'b')", ["name:3"]),
        ("name = ANY ($1)", ["name:1"]),
        ("name = ANY ('{a,b}'::text[])", ["name:1"]),
        ("name = ANY (ARRAY['a', 'b'])", ["name:2"]),
        ("name = 'a' OR (name = 'b' OR name IN ('c'))", ["name:3"]),
        ("name = 'a' AND id = 5", ["name:1", "id:1"]),
        ("name = 'a' OR id = 5", []),
        ("name = 'a' OR true", []),
        ("NOT name = 'a'", []),
        ("name <> 'a'", []),
        ("name LIKE 'a'", []),
        ("name >= 'a'", []),
        ("name BETWEEN 'a' AND 'a'", []),
        ("name = lower('a')", []),
        ("name = 'a' || 'b'", []),
        ("name = 'a'::varchar(1)", []),
        ("lower(name) = 'a'", []),
        ("name::text = 'a'", []),
        ("name = ALL ($1)", []),
        ("name NOT IN ('a')", []),
        ("(name, id) = ('a', 1)", []),
        ("name = (SELECT 'a')", []),
        ("name IN (SELECT name FROM courts)", []),
        ("(name = 'a') IS NOT FALSE", []),
        ("CASE WHEN true THEN name = 'a' END", []),
    ],
)
def test_a_row_is_named_by_plain_values_and_by_nothing_else(condition, found):
    assert named(f"SELECT 1 FROM cases c WHERE {condition}").get("c", []) == found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1 FROM cases c JOIN courts k ON c.name = 'a'", {"c": ["name:1"]}),
        ("SELECT 1 FROM courts k LEFT JOIN cases c ON c.name = 'a'", {"c": ["name:1"]}),
        ("SELECT 1 FROM cases c LEFT JOIN courts k ON c.name = 'a'", {}),
        ("SELECT 1 FROM cases c FULL JOIN courts k ON c.name = 'a'", {}),
        ("SELECT 1 FROM cases c JOIN (VALUES ('a'), ($1)) v(n) ON c.name = v.n", {"c": ["name:2"]}),
        ("SELECT 1 FROM cases c, (VALUES ('a')) v WHERE v.column1 = c.name", {"c": ["name:1"]}),
        ("SELECT 1 FROM cases c, (VALUES (lower('a'))) v WHERE v.column1 = c.name", {}),
        ("SELECT 1 FROM (SELECT name FROM cases c) q WHERE q.name = 'a'", {"c": ["name:1"]}),
        ("SELECT 1 FROM (SELECT name, lag(1) OVER () FROM cases c) q WHERE q.name = 'a'", {}),
        ("SELECT 1 FROM (SELECT max(name) AS name FROM cases c) q WHERE q.name = 'a'", {}),
        ("WITH q AS (SELECT name FROM cases c) SELECT 1 FROM q, q r WHERE q.name = 'a'", {}),
        (
            "WITH q AS (SELECT 1 FROM cases c WHERE name = 'a') SELECT 1 FROM q",
            {"c": ["name:1"]},
        ),
        ("SELECT 1 FROM courts k WHERE EXISTS (SELECT 1 FROM cases c WHERE k.code = 'a')", {}),
        ("SELECT 1 FROM cases c WHERE EXISTS (SELECT 1 FROM courts k WHERE c.name = 'a')", {}),
        ("SELECT count(*) FROM cases c GROUP BY name HAVING name = 'a'", {}),
    ],
)
def test_a_condition_counts_where_every_row_has_to_pass_it(sql, found):
    assert named(sql) == found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (
            "SELECT 1 FROM cases c JOIN sentences s ON s.case_id = c.id",
            {"s.case_id=c.id", "c.id=s.case_id"},
        ),
        ("SELECT 1 FROM cases c LEFT JOIN sentences s ON s.case_id = c.id", {"s.case_id=c.id"}),
        ("SELECT 1 FROM cases c FULL JOIN sentences s ON s.case_id = c.id", set()),
        ("SELECT 1 FROM cases c LEFT JOIN sentences s USING (id)", {"s.id=c.id"}),
        (
            "SELECT (SELECT 1 FROM sentences s WHERE s.case_id = c.id) FROM cases c",
            {"s.case_id=c.id"},
        ),
        (
            "SELECT 1 FROM sentences s WHERE case_id IN (SELECT c.id FROM cases c)",
            {"s.case_id=c.id"},
        ),
        (
            "SELECT 1 FROM sentences s WHERE case_id = (SELECT c.id FROM cases c)",
            {"s.case_id=c.id"},
        ),
        ("SELECT 1 FROM sentences s WHERE case_id NOT IN (SELECT c.id FROM cases c)", set()),
        ("SELECT 1 FROM sentences s WHERE case_id IN (SELECT max(c.id) FROM cases c)", set()),
        ("SELECT 1 FROM cases c JOIN sentences s ON s.case_id = c.id OR true", set()),
    ],
)  # fmt: skip
def test_rows_lead_to_others_by_equalities_that_limit_them(sql, found):
    assert links(sql) == found
