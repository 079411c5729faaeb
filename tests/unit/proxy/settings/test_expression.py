"""Names are followed to what they stand for, level by level."""

import pytest

from proxy.names import QualifiedName
from proxy.rewrite.predicate import expression_tree
from proxy.settings.expression import Constant, LookUp, read_expression, relations_of

PERSON, SENTENCE = QualifiedName("base", "person"), QualifiedName("base", "sentence")

NESTED = """
EXISTS (SELECT 1 FROM base.person AS p WHERE p.person_id = self.person_id AND p.name = p.alias)
OR EXISTS (SELECT 1
           FROM (SELECT s.term FROM base.sentence AS s WHERE self.cp_id = s.cp_id) AS p
           JOIN base.person AS q ON q.born = p.term
           WHERE p.term > 60)
"""


def test_columns_belong_to_what_their_alias_stands_for_at_that_level():
    read = read_expression(NESTED)
    assert read.own_columns == {"person_id", "cp_id"}
    assert read.columns == {
        (PERSON, "person_id"), (PERSON, "name"), (PERSON, "alias"), (PERSON, "born"),
        (SENTENCE, "term"), (SENTENCE, "cp_id"),
    }  # fmt: skip


def test_look_ups_go_by_columns_compared_with_another_row():
    assert read_expression(NESTED).look_ups == {
        LookUp(PERSON, frozenset({"person_id"})),
        LookUp(PERSON, frozenset({"born"})),
        LookUp(SENTENCE, frozenset({"cp_id"})),
    }


def test_a_relation_that_is_not_looked_up_has_no_keys():
    read = read_expression("EXISTS (SELECT 1 FROM base.person AS p WHERE p.name = 'x')")
    assert read.look_ups == {LookUp(PERSON, frozenset())}


def test_relations_are_named_by_their_alias_or_themselves():
    tree = expression_tree("EXISTS (SELECT 1 FROM base.person, base.sentence AS s)")
    assert set(relations_of(tree)) == {("person", PERSON), ("s", SENTENCE)}


@pytest.mark.parametrize(
    ("sql", "constant"),
    [
        ("NULL", Constant("null")),
        ("'x'", Constant("string", "x")),
        ("1", Constant("number")),
        ("1.5", Constant("number")),
        ("DATE '2000-01-01'", Constant("string", "2000-01-01", "date")),
        ("'-1'::pg_catalog.float4", Constant("string", "-1", "float4")),
        ("self.a", None),
        ("upper('x')", None),
        ("upper('x')::text", None),
    ],
)
def test_a_constant_is_told_from_everything_else(sql, constant):
    assert read_expression(sql).constant == constant
