import pytest

from proxy.statement.calls import calls
from proxy.statement.grammar import parse_tree


def found(sql):
    return calls(parse_tree(sql))


@pytest.mark.parametrize(
    ("sql", "schema", "parts", "location"),
    [
        ("SELECT f(1)", None, 1, 7),
        ("SELECT '中', s.f(1)", "s", 2, 14),
        ("SELECT d.s.f(1)", "d.s", 3, 7),
        ("SELECT 1 WHERE EXISTS (SELECT FROM t WHERE f(a) > 1)", None, 1, 43),
        ("COPY (SELECT f(1)) TO STDOUT", None, 1, 13),
        ("EXECUTE q(f(1))", None, 1, 10),
    ],
)
def test_a_call_says_where_its_name_begins(sql, schema, parts, location):
    (call,) = found(sql)
    assert (call.schema, call.name, call.parts) == (schema, "f", parts)
    assert (call.location, call.plain) == (location, True)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM f(1)",
        "SELECT * FROM LATERAL f(1) WITH ORDINALITY",
        "SELECT * FROM ROWS FROM (f(1) AS (a int))",
        "SELECT f(*)",
        "SELECT f(DISTINCT 1)",
        "SELECT f(1 ORDER BY 1)",
        "SELECT f(1) FILTER (WHERE true)",
        "SELECT f(1) OVER ()",
        "SELECT f() WITHIN GROUP (ORDER BY 1)",
        "SELECT f(VARIADIC a)",
        "SELECT extract(day FROM a)",
        "SELECT a AT TIME ZONE 'UTC'",
        "SELECT OVERLAY('a' PLACING 'b' FROM 1)",
    ],
)
def test_what_no_expression_can_take_the_place_of_is_not_plain(sql):
    assert [call.plain for call in found(sql)] == [False]


def test_the_arguments_of_a_function_in_from_are_expressions():
    assert [(call.name, call.plain) for call in found("SELECT * FROM f(g(1), h(2)), i(3)")] == [
        ("f", False), ("g", True), ("h", True), ("i", False),
    ]  # fmt: skip
