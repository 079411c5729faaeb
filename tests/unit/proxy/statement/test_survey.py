import pytest

from proxy.statement.facts import Access
from tests.unit.proxy.small_world import facts_of


def named(sql):
    return [str(r.relation.name) if r.relation else None for r in facts_of(sql).references]


@pytest.mark.parametrize(
    ("sql", "relations"),
    [
        ("SELECT * FROM cases", ["base.cases"]),
        ("TABLE cases", ["base.cases"]),
        ("WITH cases AS (SELECT * FROM cases) SELECT * FROM cases", ["base.cases"]),
        ("WITH cases AS (SELECT 1) SELECT * FROM cases", []),
        ("WITH cases AS (SELECT 1) SELECT * FROM base.cases", ["base.cases"]),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", [None]),
        ("WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", []),
        ("WITH cases AS (SELECT 1) DELETE FROM cases", ["base.cases"]),
        ("SELECT (WITH cases AS (SELECT 1) TABLE cases), id FROM cases", ["base.cases"]),
        ("SELECT * FROM cases UNION SELECT * FROM courts", ["base.cases", "base.courts"]),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM cases)", ["base.cases"]),
        ("SELECT 1 LIMIT (SELECT count(*) FROM cases)", ["base.cases"]),
        ("SELECT 1 ORDER BY (SELECT id FROM cases)", ["base.cases"]),
        ("INSERT INTO courts SELECT name, name FROM cases", ["base.courts", "base.cases"]),
        ("UPDATE courts SET name = (SELECT name FROM cases)", ["base.courts", "base.cases"]),
        ("WITH d AS (DELETE FROM cases RETURNING *) SELECT * FROM d", ["base.cases"]),
    ],
)
def test_every_relation_that_the_server_would_read_is_named_and_no_other(sql, relations):
    assert named(sql) == relations


@pytest.mark.parametrize(
    ("sql", "access"),
    [
        ("INSERT INTO cases VALUES (1)", Access.INSERT),
        ("UPDATE cases SET id = 1", Access.UPDATE),
        ("DELETE FROM cases", Access.DELETE),
        ("SELECT * FROM cases", Access.READ),
        ("COPY cases TO STDOUT", Access.READ),
        ("COPY cases FROM STDIN", Access.INSERT),
    ],
)
def test_a_reference_says_what_is_done_with_it(sql, access):
    assert [r.access for r in facts_of(sql).references] == [access]


@pytest.mark.parametrize(
    ("source", "filterable"),
    [
        ("courts JOIN cases c ON true", True),
        ("courts, cases", True),
        ("courts LEFT JOIN cases c ON true", False),
        ("cases c RIGHT JOIN courts ON true", False),
        ("cases c LEFT JOIN courts ON true", True),
        ("courts FULL JOIN cases c ON true", False),
        ("courts LEFT JOIN (courts k JOIN cases c ON true) ON true", False),
        ("(courts JOIN cases c ON true) AS j", False),
        ("cases c (a, b)", False),
    ],
)
def test_a_filter_may_stand_in_where_only_if_no_outer_join_is_in_the_way(source, filterable):
    (found,) = (
        r for r in facts_of(f"SELECT 1 FROM {source}").references if r.written.name == "cases"
    )
    assert found.filterable is filterable
