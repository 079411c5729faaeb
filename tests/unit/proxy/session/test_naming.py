"""What a text leaves behind under a name, and what it runs that was there before."""

import pytest

from proxy.policy.decision import StatementClass
from proxy.session.plan import Namespace, OpenCursor, PrepareStatement, Timing, Use
from tests.unit.proxy.small_world import plan


def cursor(name, *, ended=False):
    return Use(Namespace.PORTAL, name, ended)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("DECLARE c CURSOR FOR SELECT 1", {"c"}),
        ("BEGIN; DECLARE c CURSOR FOR SELECT 1; SAVEPOINT s", {"c"}),
        ("DECLARE c CURSOR FOR SELECT 1; DECLARE d CURSOR FOR SELECT 2; CLOSE c", {"d"}),
        ("DECLARE c CURSOR FOR SELECT 1; CLOSE ALL", set()),
        ("DECLARE c CURSOR FOR SELECT 1; COMMIT", set()),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT", {"c"}),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1; ROLLBACK", set()),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1; ROLLBACK TO s", set()),
        ("PREPARE p AS SELECT 1", {"p"}),
        ("SELECT 1", set()),
    ],
)
def test_the_names_that_are_there_when_the_text_is_over(sql, names):
    assert {definition.name for definition in plan(sql).defines} == names


@pytest.mark.parametrize(
    ("sql", "uses"),
    [
        ("FETCH c", (cursor("c"),)),
        ("MOVE c; FETCH c", (cursor("c"),)),
        ("DECLARE c CURSOR FOR SELECT 1; FETCH c", ()),
        ("DECLARE c CURSOR FOR SELECT 1; CLOSE c; FETCH c", (cursor("c", ended=True),)),
        ("CLOSE c; SELECT 1; FETCH c", (cursor("c", ended=True),)),
        ("CLOSE d; FETCH c", (cursor("c"),)),
        ("CLOSE ALL; FETCH c", (cursor("c", ended=True),)),
        ("FETCH c; COMMIT", (cursor("c"),)),
        ("COMMIT; FETCH c", (cursor("c", ended=True),)),
        ("ROLLBACK TO s; FETCH c", (cursor("c", ended=True),)),
        ("EXECUTE p", (Use(Namespace.STATEMENT, "p"),)),
    ],
)
def test_the_names_that_must_mean_something_before(sql, uses):
    assert plan(sql).uses == uses


def test_a_cursor_is_run_as_its_query_would_be():
    (definition,) = plan("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM cases").defines
    assert isinstance(definition, OpenCursor)
    assert definition.held
    assert definition.plan.guarded
    assert definition.plan.decision.relations


def test_what_a_prepared_statement_may_change_is_recorded_before_it_runs():
    prepare = plan("PREPARE p AS DELETE FROM sentences")
    (definition,) = prepare.defines
    assert isinstance(definition, PrepareStatement)
    assert definition.plan.timing is Timing.FIRST
    assert definition.plan.decision.statement_class is StatementClass.EXECUTE
