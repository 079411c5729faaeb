"""A permit's subjects stand where its mark stood, and what is projected is masked."""

from __future__ import annotations

from proxy.names import Article
from proxy.policy.law import Law, Projected, RelationRule, Scope, Volatility
from proxy.policy.permit import mark
from proxy.rewrite.permitted import for_subjects, projected, projected_rule
from proxy.rewrite.predicate import Visibility, compile_law
from tests.unit.proxy.small_world import base, relation

NAME = base("records")
TABLE = relation("records", "id:bigint name:text number:text open:boolean")
PROJECTED = Projected(
    f"self.number IN ({mark(Scope.CONVICTION)})", frozenset(("id", "number", "gone"))
)
SHOWN = f"(self.open) IS TRUE OR self.number IN ({mark(Scope.FULL)})"
RULE = RelationRule(NAME, Article("x"), visible_when=SHOWN, projected=PROJECTED)
PLAIN = RelationRule(NAME, Article("x"), mask={"name": "NULL"}, mask_unless="self.open")


def compiled(rule: RelationRule) -> Visibility:
    functions = {"lower": Volatility.STABLE}
    return compile_law(Law("", {NAME: rule}, (), vetted_functions=functions))[NAME]


def rendered(visibility: Visibility) -> str:
    assert visibility.shown is not None
    return visibility.shown.render("r")


def test_subjects_stand_in_the_place_of_their_own_mark():
    constants = {Scope.FULL: "'A1', 'B2'", Scope.CONVICTION: "NULL"}
    found = for_subjects(compiled(RULE), constants)
    assert "IN ('A1', 'B2')" in rendered(found)
    assert found.projection is not None
    assert found.projection.render("r").endswith("IN (NULL)")
    assert "fengcun" not in rendered(found) + found.projection.render("r")


def test_masks_have_none_and_stay_as_they_are():
    visibility = compiled(PLAIN)
    assert for_subjects(visibility, {Scope.FULL: "'A1'"}) == visibility


def test_more_rows_show_and_in_these_the_listed_columns_alone():
    lawful = compiled(RULE)
    found = projected(lawful, TABLE)
    assert set(found.masks) == {"name", "open"}
    assert found.unmasked == lawful.shown
    assert mark(Scope.CONVICTION) in rendered(found)
    assert mark(Scope.CONVICTION) not in rendered(lawful)
    assert projected_rule(RULE, TABLE).mask == {"name": "NULL", "open": "NULL"}


def test_what_is_not_projected_or_not_there_stays_as_it_is():
    for rule, table in ((PLAIN, TABLE), (RULE, None)):
        visibility = compiled(rule)
        assert projected(visibility, table) is visibility
        assert projected_rule(rule, table) is rule
