from proxy.statement.grammar import parse_tree
from proxy.statement.tree import nodes, typed, without_locations


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


def test_texts_that_differ_in_layout_alone_have_the_same_tree_without_locations():
    one, other = (parse_tree(sql)[0]["stmt"] for sql in ("SELECT a,1", "SELECT  a /* x */ , 1"))
    assert one != other
    assert without_locations(one) == without_locations(other)
