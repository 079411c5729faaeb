"""The plan for a declared statistic, made and kept."""

from dataclasses import replace

import pytest

from proxy.names import QualifiedName
from proxy.policy.asked import Asked
from proxy.policy.law import PrincipalKind
from proxy.policy.limits import Limits
from proxy.policy.permit import Permit, Scope
from proxy.session.plan import Scene, Timing
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from tests.unit.proxy.small_world import PATH
from tests.unit.proxy.statistic_world import (
    CATALOGUE,
    COUNTER,
    DECLARED,
    LAW,
    OTHER,
    PLANNER,
    SCENE,
)


def test_it_is_served_and_asks_for_nobody():
    made = PLANNER.plan(DECLARED, SCENE)
    assert (made.decision.rule, made.guarded, made.timing) == ("statistic", True, Timing.WITH)
    assert made.asked == Asked()
    assert "fc_cells" in made.text
    assert 'statistic "n"' in made.decision.reason


def test_bulk_rules_let_it_pass_and_nothing_else():
    strict = replace(COUNTER, bulk_refused=True, limits=Limits(rows_per_statement=5))
    scene = Scene(strict, PATH)
    assert PLANNER.plan(DECLARED, scene).decision.rule == "statistic"
    assert PLANNER.plan(f"{DECLARED} LIMIT 5", scene).decision.rule == "bulk-access"


def test_a_permit_does_not_make_it_see_more():
    permit = Permit("q-1", COUNTER.name, Scope.FULL, ("P00000001",), 0, 9e9)
    made = PLANNER.plan(DECLARED, replace(SCENE, permits=(permit,)))
    assert made.text == PLANNER.plan(DECLARED, SCENE).text
    assert made.decision.permits == ()


def test_whoever_may_not_is_stripped():
    for principal in (OTHER, replace(COUNTER, kind=PrincipalKind.COUNTER)):
        made = PLANNER.plan(DECLARED, Scene(principal, PATH))
        assert made.decision.rule == "sealed-rows"
        assert "fc_cells" not in made.text


def test_what_cannot_be_counted_safely_is_refused():
    """The server could take the ``>=`` that is added for one of the site's own."""
    hiding = replace(CATALOGUE, user_operators=frozenset({QualifiedName("base", ">=")}))
    made = Planner(LAW, hiding).plan(DECLARED, SCENE)
    assert (made.text, made.decision.rule) == (None, "cannot-narrow")
    assert made.decision.relations == (QualifiedName("base", "files"),)


OTHERS = [
    DECLARED.replace("2026", "2025"),
    DECLARED.replace("(1, 2)", "(1, 3)"),
    DECLARED.replace("(1, 2)", "(1, -2)"),
]


@pytest.mark.parametrize("other", OTHERS)
def test_plans_are_not_kept_by_shape(other):
    """Whichever comes first, each gets its own; a comment that says who asks changes nothing."""
    for first, second in ((DECLARED, other), (other, DECLARED)):
        cache = PlanCache()
        cache.remember(first, SCENE, PLANNER.work_out(first, SCENE))
        assert cache.lookup(first, SCENE) == PLANNER.plan(first, SCENE)
        assert cache.lookup(second, SCENE) is None
        cache.remember(second, SCENE, PLANNER.work_out(second, SCENE))
        for text in (first, second):
            assert cache.lookup(text, SCENE) == PLANNER.plan(text, SCENE)
            assert cache.lookup(text, Scene(OTHER, PATH)) is None
        tagged = [f"/* operator={who} */ {DECLARED}" for who in ("a", "b")]
        cache.remember(tagged[0], SCENE, PLANNER.work_out(tagged[0], SCENE))
        assert cache.lookup(tagged[1], SCENE) == PLANNER.plan(tagged[1], SCENE)
        assert cache.lookup(f"/* operator=b */ {other}", SCENE) != PLANNER.plan(tagged[1], SCENE)


def test_a_statement_of_another_principal_is_kept_by_shape_as_ever():
    cache, scene = PlanCache(), Scene(OTHER, PATH)
    cache.remember(DECLARED, scene, PLANNER.work_out(DECLARED, scene))
    assert cache.lookup(OTHERS[0], scene) == PLANNER.plan(OTHERS[0], scene)
