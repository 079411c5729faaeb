"""Names of temporary tables are sent with their schema, wherever they stand."""

import pytest

from proxy.policy.decision import Verdict
from proxy.session.plan import Scene
from tests.unit.proxy.small_world import PATH, PLANNER, UNIT


def sent(sql, *temporaries):
    return PLANNER.plan(sql, Scene(UNIT, PATH, temporaries=frozenset(temporaries)))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM t", "SELECT * FROM pg_temp.t"),
        ("TABLE t", "TABLE pg_temp.t"),
        (
            "SELECT t.n FROM ONLY (t) WHERE t.n > 1",
            "SELECT t.n FROM ONLY (pg_temp.t) WHERE t.n > 1",
        ),
        ('SELECT 1 FROM/**/T AS x, "t" y', 'SELECT 1 FROM/**/pg_temp.T AS x, pg_temp."t" y'),
        ("SELECT n FROM t FOR UPDATE OF t", "SELECT n FROM pg_temp.t FOR UPDATE OF t"),
        ("INSERT INTO t VALUES (1)", "INSERT INTO pg_temp.t VALUES (1)"),
        ("UPDATE t SET n = 1 FROM courts", "UPDATE pg_temp.t SET n = 1 FROM courts"),
        ("DELETE FROM t USING t u", "DELETE FROM pg_temp.t USING pg_temp.t u"),
        ("COPY t (n) TO STDOUT", "COPY pg_temp.t (n) TO STDOUT"),
        ("TRUNCATE TABLE t, pg_temp.t", "TRUNCATE TABLE pg_temp.t, pg_temp.t"),
        ("CREATE INDEX i ON t (n)", "CREATE INDEX i ON pg_temp.t (n)"),
        ("ANALYZE t", "ANALYZE pg_temp.t"),
        ("EXPLAIN SELECT * FROM t", "EXPLAIN SELECT * FROM pg_temp.t"),
        ("DROP TABLE t", "DROP TABLE pg_temp.t"),
        (
            'DROP TABLE IF EXISTS t, pg_temp.t, "t, u" CASCADE',
            'DROP TABLE IF EXISTS pg_temp.t, pg_temp.t, pg_temp."t, u" CASCADE',
        ),
        ("SELECT 1; DROP TABLE t; SELECT 2", "SELECT 1; DROP TABLE pg_temp.t; SELECT 2"),
        (
            "CREATE TEMP TABLE cases (n int); SELECT n FROM cases",
            "CREATE TEMP TABLE cases (n int); SELECT n FROM pg_temp.cases",
        ),
        ("CREATE TEMP TABLE u (LIKE t)", "CREATE TEMP TABLE u (LIKE pg_temp.t)"),
        ("WITH t AS (SELECT 1) SELECT * FROM t", "WITH t AS (SELECT 1) SELECT * FROM t"),
        ("SELECT * FROM pg_temp.t", "SELECT * FROM pg_temp.t"),
    ],
)
def test_a_bare_name_gets_its_schema_and_nothing_else_changes(sql, expected):
    plan = sent(sql, "t", "t, u")
    assert plan.text == expected
    changed = expected != sql
    assert plan.decision.verdict is (Verdict.STRIP if changed else Verdict.PASS)
    assert plan.decision.rule == ("temporary-relation" if changed else "nothing-protected")


def test_beside_a_protected_relation_both_are_changed():
    plan = sent("SELECT c.id FROM t JOIN cases c ON c.id = t.n", "t")
    assert "FROM pg_temp.t JOIN (SELECT " in plan.text
    assert plan.decision.rule == "sealed-rows"


def test_what_is_copied_into_one_has_been_filtered():
    for sql in ("CREATE TEMP TABLE t AS SELECT id FROM cases", "SELECT id INTO TEMP t FROM cases"):
        plan = sent(sql)
        assert '"cases".flag IS NOT TRUE' in plan.text
        assert plan.decision.statement_class.value == "temporary"
        assert plan.settle


def test_with_no_data_is_not_taken_for_a_with_query():
    text = sent("CREATE TEMP TABLE t AS SELECT id FROM cases WITH NO DATA").text
    assert text.endswith(" IS TRUE WITH NO DATA")


def test_plans_of_sessions_with_other_tables_are_others():
    assert sent("TABLE cases").text != sent("TABLE cases", "cases").text
