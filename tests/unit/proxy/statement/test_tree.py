import pytest

from proxy.statement.grammar import parse_tree
from proxy.statement.tree import nodes, same_but_for_constants, same_but_for_locations, typed


def kinds(sql):
    return [kind for kind, _ in nodes(parse_tree(sql)[0]["stmt"])]


def test_bodies_without_a_kind_get_the_kind_of_their_field():
    assert {"Alias", "WithClause", "TypeName"} <= set(
        kinds("WITH a AS (SELECT 1) SELECT x::int FROM a AS b")
    )


def test_both_arms_of_a_set_operation_are_seen():
    assert kinds("SELECT 1 UNION SELECT 2").count("SelectStmt") == 3


def test_only_one_capitalised_key_makes_a_node():
    assert typed({"A_Star": {}}) == ("A_Star", {})
    assert typed({"relname": "a"}) is None
    assert typed({"A": {}, "B": {}}) is None


def test_texts_that_differ_in_layout_alone_have_the_same_tree_but_for_locations():
    one, other = (parse_tree(sql)[0]["stmt"] for sql in ("SELECT a,1", "SELECT  a /* x */ , 1"))
    assert one != other
    assert same_but_for_locations(one, other)
    assert same_but_for_locations(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a, 1", "SELECT a"),
        ("SELECT a", "SELECT b"),
        ("SELECT a", "SELECT a AS b"),
        ("SELECT a FROM t", "SELECT a FROM t WHERE true"),
        ("SELECT 1", "SELECT '1'"),
        ("SELECT DISTINCT a", "SELECT a"),
    ],
)
def test_texts_that_differ_in_anything_else_do_not(one, other):
    trees = [parse_tree(sql)[0]["stmt"] for sql in (one, other)]
    assert not same_but_for_locations(*trees)
    assert not same_but_for_locations(*reversed(trees))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SELECT 1", "SELECT '2'", True),
        ("SELECT -1", "SELECT NULL", True),
        ("SELECT a = 1", "SELECT a = b", False),
        ("SELECT a IN (1)", "SELECT a IN (1, 1)", False),
        ("SELECT 1 AS a", "SELECT 1 AS b", False),
    ],
)
def test_constants_may_be_left_out_of_account(one, other, same):
    trees = [parse_tree(sql)[0] for sql in (one, other)]
    assert same_but_for_constants(*trees) is same
    assert same_but_for_constants(*reversed(trees)) is same
