import pytest

from proxy.rewrite.predicate import expression_tree, from_item_tree
from proxy.rewrite.verify import TreeChanges, roots, same_meaning
from proxy.statement.grammar import parse_tree
from proxy.statement.tree import nodes

SENT = "SELECT * FROM t WHERE a = 1 OR b = 2"


def root(sql):
    (tree,) = roots(parse_tree(sql))
    return tree


def changes_to(tree, *, replaced=None, filtered=(), guarded=None, withheld=False):
    body = tree["SelectStmt"]
    changes = TreeChanges()
    if replaced:
        relation = body["fromClause"][0]["RangeVar"]
        changes.replacements[id(relation)] = from_item_tree(f"{replaced} AS x")
    if filtered:
        changes.filters[id(body)] = [expression_tree(sql) for sql in filtered]
    if guarded:
        changes.guards[id(body)] = expression_tree(guarded)
    if withheld:
        changes.withheld |= {id(body) for kind, body in nodes(tree) if kind == "FuncCall"}
    return changes


CASES = [
    ({"filtered": ["p"]}, "SELECT * FROM t WHERE p AND (a = 1 OR b = 2)"),
    ({"filtered": ["p", "q"]}, "SELECT * FROM t WHERE p AND q AND (a = 1 OR b = 2)"),
    ({"replaced": "(SELECT 1)"}, "SELECT * FROM (SELECT 1) AS t WHERE a = 1 OR b = 2"),
    (
        {"guarded": "p"},
        "SELECT * FROM t WHERE CASE WHEN p THEN (a = 1 OR b = 2) ELSE false END",
    ),
]


@pytest.mark.parametrize(("wanted", "edited"), CASES)
def test_what_was_wanted_is_recognised(wanted, edited):
    tree = root(SENT)
    assert same_meaning(tree, changes_to(tree, **wanted), root(edited))


@pytest.mark.parametrize(
    "edited",
    [
        SENT,
        "SELECT * FROM t WHERE p AND a = 1 OR b = 2",
        "SELECT * FROM t WHERE p OR (a = 1 OR b = 2)",
        "SELECT * FROM t WHERE (a = 1 OR b = 2) AND p",
        "SELECT * FROM t WHERE p AND (a = 1 OR b = 3)",
        "SELECT x FROM t WHERE p AND (a = 1 OR b = 2)",
        "SELECT * FROM t x WHERE p AND (a = 1 OR b = 2)",
        "SELECT * FROM t WHERE p AND (a = 1 OR b = 2) LIMIT 1",
    ],
)
def test_any_other_text_is_not_it(edited):
    tree = root(SENT)
    assert not same_meaning(tree, changes_to(tree, filtered=["p"]), root(edited))


CALLS = "SELECT f(g(1))"


def test_a_withheld_call_is_the_branch_that_is_never_taken():
    tree = root(CALLS)
    inner = "CASE WHEN true THEN NULL ELSE g(1) END"
    edited = f"SELECT (CASE WHEN true THEN NULL ELSE f(({inner})) END)"
    assert same_meaning(tree, changes_to(tree, withheld=True), root(edited))


@pytest.mark.parametrize(
    "edited",
    [
        CALLS,
        "SELECT CASE WHEN true THEN NULL ELSE f(g(1)) END",
        "SELECT CASE WHEN true THEN f(CASE WHEN true THEN NULL ELSE g(1) END) END",
        "SELECT CASE WHEN false THEN NULL ELSE f(CASE WHEN true THEN NULL ELSE g(1) END) END",
        "SELECT (CASE WHEN true THEN NULL ELSE f(CASE WHEN true THEN NULL ELSE g(1) END) END) a",
    ],
)
def test_no_other_branch_is(edited):
    tree = root(CALLS)
    assert not same_meaning(tree, changes_to(tree, withheld=True), root(edited))
