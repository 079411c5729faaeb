import pytest

from proxy.errors import ConfigurationError
from proxy.names import QualifiedName
from proxy.policy.law import Follows, Law, RelationRule, Volatility
from proxy.rewrite.predicate import compile_law, compile_template
from tests.unit.proxy.small_world import ARTICLE, LAW, base

FUNCTIONS = {"lower": Volatility.STABLE, "nextval": Volatility.VOLATILE}


def test_the_row_gets_the_name_it_is_called_by():
    template = compile_template("self.a = 'self.x' AND lower(self.b) = 'y'", FUNCTIONS)
    assert template.render("c") == """"c".a = 'self.x' AND lower("c".b) = 'y'"""


@pytest.mark.parametrize(
    "sql",
    [
        "a = 1",
        "self.a = $1",
        "nextval('s') = self.a",
        "peek(self.a)",
        "EXISTS (SELECT 1 FROM cases AS x WHERE x.id = self.id)",
        "EXISTS (SELECT 1 FROM base.cases AS self WHERE self.id = 1)",
        "self.a, self.b",
        "self.a FROM base.cases",
        "self.a; SELECT 1",
        "self.a AS b",
        'SELF."A" = "self".b',
        "(",
    ],
)
def test_an_expression_that_could_mean_something_else_elsewhere_is_refused(sql):
    with pytest.raises(ConfigurationError):
        compile_template(sql, FUNCTIONS)


def law(**rules):
    return Law("d", {base(name): rule for name, rule in rules.items()}, ())


def test_a_child_is_shown_where_its_parent_is():
    shown = compile_law(LAW)[base("sentences")].shown
    assert shown.render("s") == (
        '(EXISTS (SELECT 1 FROM "base"."cases" AS fc_up1 WHERE fc_up1."id" = "s"."case_id"'
        ' AND (("fc_up1".flag IS NOT TRUE)) OFFSET 0))'
    )


def test_a_nullable_parent_shows_rows_without_one():
    rule = RelationRule(
        base("b"), ARTICLE, follows=(Follows(base("a"), {"x": "y"}, nullable=True),)
    )
    parent = RelationRule(base("a"), ARTICLE, visible_when="false")
    shown = compile_law(law(a=parent, b=rule))[base("b")].shown
    assert shown.render("r").startswith('(("r"."x" IS NULL OR EXISTS (')


@pytest.mark.parametrize("parent", ["b", "nowhere"])
def test_a_parent_has_to_be_declared_and_no_circle(parent):
    rule = RelationRule(base("b"), ARTICLE, follows=(Follows(base(parent), {"x": "y"}),))
    with pytest.raises(ConfigurationError, match="follows"):
        compile_law(law(b=rule))


def test_a_mistake_is_reported_with_its_relation():
    broken = RelationRule(QualifiedName("base", "b"), ARTICLE, visible_when="x")
    with pytest.raises(ConfigurationError, match=r'"base\.b"'):
        compile_law(law(b=broken))
