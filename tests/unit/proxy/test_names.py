import pytest

from proxy.names import QualifiedName, quote_identifier
from proxy.rewrite.predicate import expression_tree
from proxy.statement.tree import body_of, items, strings


def test_a_qualified_name_reads_as_sql():
    assert str(QualifiedName("base", "person")) == "base.person"


@pytest.mark.parametrize("name", ["person", "Person", 'a"b', "a.b", "人员", "select", "a--b"])
def test_a_quoted_name_is_that_name_to_the_server(name):
    column = body_of(expression_tree(quote_identifier(name)), "ColumnRef")
    assert strings(items(column, "fields")) == [name]
