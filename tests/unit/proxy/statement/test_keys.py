import pytest

from tests.unit.proxy.small_world import facts_of


def keys(sql):
    """What each relation's own WHERE demands of it, by the name it goes by."""
    references = facts_of(sql).references
    return {r.refname: [f"{k.column} {k.sign}" for k in r.keys] for r in references}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("c.id = 5", ["id ="]),
        ("id >= 5 AND (name = 'a' AND id < $1)", ["id >=", "name =", "id <"]),
        ("id BETWEEN 1 AND $1", ["id >=", "id <="]),
        ("id BETWEEN 1 AND case_id", ["id >="]),
        ("id = 5 AND lower(name) = 'a'", ["id ="]),
        ("id = 5 OR name = 'a'", []),
        ("NOT id = 5", []),
        ("(id = 5) IS NOT TRUE", []),
        ("5 = id", []),
        ("id <> 5", []),
        ("name LIKE 'a'", []),
        ("id = $1 + 1", []),
        ("id IS NULL", []),
        ("doc = '1'", []),
        ("lower(name) = 'a'", []),
        ("true", []),
    ],
)
def test_a_key_is_demanded_of_every_row_and_tells_nothing(condition, found):
    assert keys(f"SELECT 1 FROM cases c, notes n WHERE {condition}")["c"] == found


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM cases c JOIN courts k ON c.id = 5",
        "SELECT 1 FROM cases c LEFT JOIN courts k ON c.id = 5 WHERE k.code = 'a'",
        "SELECT count(*) FROM cases c GROUP BY id HAVING id = 5",
        "SELECT 1 FROM (SELECT id FROM cases c) q WHERE q.id = 5",
        "WITH q AS (SELECT id FROM cases c) SELECT 1 FROM q WHERE id = 5",
        "SELECT 1 FROM courts k WHERE EXISTS (SELECT 1 FROM cases c WHERE k.code = 'a')",
        "SELECT 1 FROM (cases c JOIN courts k ON true) AS j WHERE j.id = 5",
        "SELECT 1 FROM cases c JOIN sentences s USING (id) WHERE id = 5",
        "INSERT INTO courts SELECT 'a', name FROM cases c",
    ],
)
def test_what_another_clause_demands_is_no_key(sql):
    assert keys(sql)["c"] == []


@pytest.mark.parametrize("join", ["LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
def test_a_key_holds_on_both_sides_of_any_join(join):
    on = "" if join == "CROSS JOIN" else " ON s.case_id = c.id"
    sql = f"SELECT 1 FROM cases c {join} sentences s{on} WHERE c.id = 1 AND s.months = 2"
    assert keys(sql) == {"c": ["id ="], "s": ["months ="]}


def test_a_renamed_column_is_known_by_its_own_name():
    assert keys("SELECT 1 FROM cases AS c (a, b) WHERE c.a = 1") == {"c": ["id ="]}


@pytest.mark.parametrize("sql", ["UPDATE cases SET name = 'b'", "DELETE FROM cases"])
def test_the_target_of_a_write_has_keys(sql):
    assert keys(f"{sql} WHERE id = 5 AND lower(name) = 'a'") == {"cases": ["id ="]}
