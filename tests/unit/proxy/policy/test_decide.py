import pytest

from proxy.policy.decide import Form, decide
from proxy.policy.decision import StatementClass, Verdict
from tests.unit.proxy.small_world import base, context, facts_of


def judged(sql):
    return decide(facts_of(sql), context())


@pytest.mark.parametrize(
    ("sql", "forms"),
    [
        ("SELECT * FROM courts", []),
        ("SELECT * FROM cases WHERE id = 1", [Form.FILTER]),
        ("SELECT * FROM courts LEFT JOIN cases c ON c.id = 1", [Form.SUBQUERY]),
        ("SELECT * FROM victims WHERE id = 1", [Form.SUBQUERY]),
        ("SELECT * FROM cases WHERE lower(name) = 'x'", [Form.FENCE]),
        ("UPDATE cases SET name = 'x' WHERE id = 1", [Form.FILTER]),
        ("DELETE FROM cases WHERE lower(name) = 'x'", [Form.GUARD]),
        ("INSERT INTO cases VALUES (1)", []),
        ("SELECT * FROM cases c, sentences s WHERE c.id = s.case_id", [Form.FILTER] * 2),
    ],
)
def test_every_protected_reference_is_narrowed_by_the_cheapest_barrier(sql, forms):
    assert [obligation.form for obligation in judged(sql).obligations] == forms


def test_a_decision_names_what_it_is_about():
    decision = judged("SELECT 1 FROM sentences, cases, cases c").decision
    assert decision.verdict is Verdict.STRIP
    assert decision.relations == (base("cases"), base("sentences"))
    assert decision.article == "第1条"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", StatementClass.SELECT),
        ("SHOW x", StatementClass.SESSION),
        ("BEGIN", StatementClass.TRANSACTION),
        ("VACUUM", StatementClass.OTHER),
    ],
)
def test_a_statement_has_a_class_fit_for_a_label(sql, kind):
    assert judged(sql).decision.statement_class is kind


def test_a_refusal_has_no_obligations():
    judgement = judged("SELECT peek() FROM cases")
    assert judgement.decision.verdict is Verdict.REFUSE
    assert judgement.obligations == ()


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("SELECT c.relname FROM pg_class c", ()),
        ("SELECT c.relname, c.xmin FROM pg_class c WHERE tableoid = 1259", ("tableoid", "xmin")),
        ("SELECT c.ctid, c.xmax FROM pg_class c", ()),
        ("SELECT c.*, c.xmin FROM pg_class c", ()),  # they would be among the columns
        ("SELECT c, c.xmin FROM pg_class c", ()),
        ("SELECT q FROM (TABLE pg_class) q, pg_type t WHERE t.xmin IS NULL", ()),
        ("SELECT c.xmin FROM pg_class c NATURAL JOIN pg_class d", ()),  # and among those joined
        ("SELECT * FROM (SELECT c.relname, c.xmin FROM pg_class c) q", ("xmin",)),
        ("SELECT * FROM (SELECT * FROM pg_class c WHERE c.xmin IS NULL) q", ()),
        ("SELECT * FROM (SELECT c.xmin FROM pg_class c) q, pg_type t", ()),
        ("SELECT *, (SELECT * FROM pg_class LIMIT 1) FROM (SELECT xmin FROM pg_type) q", ()),
        ("SELECT q.* FROM (SELECT c.xmin FROM pg_class c) q", ()),  # would do no harm either
    ],
)
def test_of_a_masked_catalogue_the_system_columns_stay_that_are_named(sql, kept):
    assert {obligation.physical for obligation in judged(sql).obligations} == {kept}


def test_of_records_no_system_column_is_kept():
    assert judged("SELECT v.xmin FROM victims v").decision.rule == "system-column"
    assert not judged("SELECT id FROM victims").obligations[0].physical
