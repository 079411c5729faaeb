from proxy.names import Article, QualifiedName
from proxy.policy.law import RelationRule
from tests.unit.proxy.small_world import base, context, facts_of


def test_protected_references_come_in_the_order_of_the_text():
    facts = facts_of("SELECT 1 FROM sentences, courts, cases")
    assert [rule.name for _, rule in context().protected(facts)] == [
        base("sentences"),
        base("cases"),
    ]
    assert context().sealed(facts) == context().protected(facts)


def test_a_rule_on_a_catalogue_seals_no_records():
    rule = RelationRule(QualifiedName("pg_catalog", "pg_class"), Article("x"))
    assert context().is_system(rule)
    assert not context().is_system(RelationRule(base("cases"), Article("x")))
