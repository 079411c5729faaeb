import pytest

from proxy.policy.decide import Form, decide
from proxy.rewrite.narrow import CannotNarrow, predicate, settled_form, subquery
from proxy.rewrite.predicate import Template, Visibility, compile_law
from tests.unit.proxy.small_world import LAW, base, context, facts_of

VISIBILITIES = compile_law(LAW)


def owed(sql):
    (obligation,) = decide(facts_of(sql), context()).obligations
    return obligation, VISIBILITIES[obligation.rule.name]


def test_a_predicate_hides_what_is_not_true_of_the_row_by_its_own_name():
    assert predicate(*owed("SELECT 1 FROM cases AS k")) == '(("k".flag IS NOT TRUE)) IS TRUE'


def test_a_fence_is_a_set_operation_under_offset():
    text = subquery(*owed("SELECT 1 FROM cases"), Form.FENCE, only=False)
    assert text.endswith('UNION ALL SELECT * FROM "base"."cases" WHERE false OFFSET 0)')


def test_only_is_kept_in_every_arm():
    text = subquery(*owed("SELECT 1 FROM cases"), Form.FENCE, only=True)
    assert text.count('FROM ONLY "base"."cases"') == 2


def test_a_mask_stands_in_the_columns_place_with_its_type():
    text = subquery(*owed("SELECT 1 FROM victims"), Form.SUBQUERY, only=False)
    assert text == (
        """(SELECT fc_row."id", CAST(('某某') AS text) AS "name" FROM "base"."victims" AS fc_row)"""
    )


CLASHING = Visibility(
    LAW.relations[base("cases")], Template(("", ".x"), frozenset({"cases"})), None, {}
)


def test_a_name_the_predicate_defines_itself_is_not_filtered_in_place():
    obligation, visibility = owed("SELECT 1 FROM cases")
    assert settled_form(obligation, visibility) is Form.FILTER
    assert settled_form(obligation, CLASHING) is Form.SUBQUERY
    obligation, _ = owed("SELECT 1 FROM cases fc_x")
    assert settled_form(obligation, visibility) is Form.SUBQUERY


def test_the_target_of_a_write_cannot_be_replaced():
    obligation, _ = owed("DELETE FROM cases WHERE id = 1")
    with pytest.raises(CannotNarrow, match="another name"):
        settled_form(obligation, CLASHING)


@pytest.mark.parametrize(("condition", "arms"), [("", 1), (" WHERE lower(c.relname) = 'x'", 2)])
def test_system_columns_that_are_kept_come_last_in_every_arm(condition, arms):
    obligation, visibility = owed(f"SELECT c.xmin, c.tableoid FROM pg_class c{condition}")
    text = subquery(obligation, visibility, obligation.form, only=False)
    assert text.count(", tableoid, xmin FROM") == arms
