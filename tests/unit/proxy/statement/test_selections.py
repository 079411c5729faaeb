import pytest

from proxy.statement.facts import Selected
from tests.unit.proxy.small_world import facts_of

PEEK, NAME = Selected("c", "peek"), Selected("c", "name")


@pytest.mark.parametrize(
    ("sql", "selections"),
    [
        ("SELECT c.name FROM courts c", set()),
        ("SELECT base.courts.name FROM base.courts", set()),
        ("SELECT c.* FROM courts c", set()),
        ("SELECT name FROM courts c ORDER BY c.name", set()),
        ("SELECT c.peek FROM courts c", {PEEK}),
        ("SELECT (c).name FROM courts c", {Selected(None, "name")}),
        ("SELECT c.name", {NAME}),
        ("SELECT c.name FROM courts c (a, b)", {NAME}),
        ("SELECT c.name FROM unnest(ARRAY['a']) c", {NAME}),
        ("SELECT lower.name FROM lower('a')", {Selected("lower", "name")}),
        ("SELECT (SELECT c.name FROM (SELECT 1) c) FROM courts c", {NAME}),
        ("WITH c AS (SELECT 1) SELECT c.name FROM c", {NAME}),
        ("SELECT c.name FROM (courts a CROSS JOIN courts b) c", {NAME}),
        ("UPDATE courts c SET name = c.code WHERE c.name = 'a'", set()),
    ],
)
def test_only_a_column_of_whatever_bears_the_name_calls_nothing_for_sure(sql, selections):
    assert facts_of(sql).selections == selections
