import pytest

from proxy.statement.facts import Called, Selected
from proxy.statement.grammar import parse_tree
from proxy.statement.mentions import mentions


def named(sql):
    return mentions(parse_tree(sql)[0]["stmt"])


@pytest.mark.parametrize(
    ("sql", "function"),
    [
        ("SELECT f(1)", Called(None, "f")),
        ("SELECT pg_catalog.f(1)", Called("pg_catalog", "f")),
        ("SELECT a.b.f(1)", Called("a.b", "f")),
        ("SELECT 1 FROM f(1)", Called(None, "f")),
        ("SELECT (SELECT f(1))", Called(None, "f")),
        ("SELECT 1 ORDER BY f(1)", Called(None, "f")),
        ("SELECT * FROM t TABLESAMPLE f (1)", Called(None, "f")),
        ("UPDATE t SET a = f(1)", Called(None, "f")),
        ("SELECT extract(year FROM d)", Called("pg_catalog", "extract")),
    ],
)
def test_a_function_is_named_wherever_it_stands(sql, function):
    assert function in named(sql).functions


def test_operators_and_types_are_named():
    found = named("SELECT a OPERATOR(s.+) b, c = ANY (SELECT 1) FROM t ORDER BY a USING <")
    assert {Called("s", "+"), Called(None, "<")} <= found.operators
    assert Called(None, "mood") in named("SELECT 'x'::mood").types


def test_what_stands_after_a_dot_may_be_a_function_call():
    found = named("SELECT t.f, s.t.f, (t).g, (a[1]).h").selections
    assert found == {Selected("t", "f"), Selected(None, "g"), Selected(None, "h")}
    assert not named("SELECT f").selections


@pytest.mark.parametrize(
    ("arguments", "name"),
    [("'JIT', 'off', false", "jit"), ("$1, 'x', true", ""), ("'a' || 'b', '', false", "")],
)
def test_set_config_tells_which_parameter_if_that_is_a_constant(arguments, name):
    assert named(f"SELECT set_config({arguments})").settings == {name}
