import pytest

from tests.unit.proxy.small_world import facts_of


def exposed(sql):
    return {r.refname for r in facts_of(sql).references if r.exposed}


SAFE = [
    "id = 1",
    "id = $1",
    "1 = id",
    "name = 'x' OR id > 5 AND NOT flag",
    "id IN (1, 2)",
    "id BETWEEN 1 AND 2",
    "name IS NULL",
    "flag",
    "name IS DISTINCT FROM 'x'",
    "id = $1::bigint",
    "EXISTS (SELECT 1 FROM sentences s WHERE s.case_id = c.id)",
    "id IN (SELECT case_id FROM sentences)",
    "id NOT IN (SELECT case_id FROM sentences WHERE months > 3)",
    "name::text = 'x'::text",
    "(name)::text <> CAST('x' AS varchar)::text OR (name)::text = 'x'::text",
    "name::text = ANY (ARRAY['x'::varchar, 'y'::varchar]::text[])",
    "name::text IN ('x', 'y')",
]
UNSAFE = [
    "lower(name) = 'x'",
    "name LIKE 'x%'",
    "name::integer = 0",
    "id + 1 = 2",
    "id = 1.5",
    "doc IS NULL AND doc::text = 'x'",
    "1 / id = 1",
    "name = lower('X') OR lower(name) = 'x'",
    "id = (SELECT max(id) FROM sentences)",
    "EXISTS (SELECT 1 FROM sentences s WHERE s.months / c.id = 1)",
    "EXISTS (SELECT c.name::integer FROM sentences s LIMIT 1)",
    "EXISTS (SELECT 1 FROM (SELECT c.name::integer AS n) q)",
    "id IN (SELECT months / 0 FROM sentences)",
    "(id, name) = (1, 'x')",
    "CASE WHEN id = 1 THEN true END",
    "nextval('s') > 0",
    "id OPERATOR(base.==?) 1",
    "id::text = '1'",
    "doc::text = 'x'",
    "name::varchar(1) = 'x'",
    "name::base.text = 'x'",
    "lower(name)::text = 'x'",
    "name::text[] = 'x'",
    "name::text = ANY (ARRAY[lower('X')]::text[])",
    "name::text = ANY (ARRAY[name]::text[])",
    "id = ANY (ARRAY['x'::text]::bigint[])",
    "id = 'x'::text::bigint",
]


@pytest.mark.parametrize("condition", SAFE)
def test_leakproof_conditions_on_bare_columns_expose_nothing(condition):
    assert "c" not in exposed(f"SELECT * FROM cases c WHERE {condition}")


@pytest.mark.parametrize("condition", UNSAFE)
def test_any_other_condition_exposes_what_it_touches(condition):
    assert "c" in exposed(f"SELECT * FROM cases c WHERE {condition}")


@pytest.mark.parametrize(
    ("sql", "touched"),
    [
        ("SELECT * FROM cases c JOIN courts k ON lower(k.name) = 'x'", {"k"}),
        ("SELECT * FROM cases c JOIN courts k ON lower(c.name) = k.name", {"c", "k"}),
        ("SELECT * FROM (SELECT lower(name) AS n FROM cases c) q WHERE n = 'x'", {"c"}),
        ("SELECT * FROM (SELECT name AS n FROM cases c) q WHERE n = 'x'", set()),
        ("SELECT name FROM cases c GROUP BY name HAVING lower(name) = 'x'", {"c"}),
        ("SELECT * FROM cases c, LATERAL (SELECT c.name::int AS n) q WHERE q.n = 1", {"c"}),
        ("SELECT * FROM cases c JOIN sentences s USING (id)", set()),
        ("SELECT * FROM cases c NATURAL JOIN sentences s", set()),
        ("SELECT lower(c.name), 1 / c.id FROM cases c ORDER BY c.name::int", set()),
        ("UPDATE cases c SET name = lower(name) WHERE name LIKE 'x'", {"c"}),
    ],
)
def test_exposure_follows_the_columns(sql, touched):
    assert exposed(sql) == touched
