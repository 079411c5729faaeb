"""A weakened product has to be caught: each weakening is found within `SHAPES_MAX` shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, islice

import pytest

from proxy.policy import decide
from proxy.policy.decide import Form
from proxy.policy.law import Law
from proxy.policy.rules import functions
from proxy.result import scrub
from proxy.rewrite import apply, narrow
from proxy.rewrite.views import Views
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from proxy.statement import exposure
from proxy.statement.facts import Access, Verb
from tests.noninterference.client import Client
from tests.noninterference.oracle import Finding, Oracle
from tests.noninterference.planned import Planned, planner_of
from tests.noninterference.run import is_leak, shapes
from tests.noninterference.shorten import shortest
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER, Pairs, pairs, settled
from tests.world import PostgresWorld

pytestmark = [pytest.mark.database, pytest.mark.slow]

SEED = 2
SHAPES_MAX = 4000
SOUND_SHAPES = 60
SHOWN_LENGTH_MAX = 400
WEAKER = {Form.FENCE: Form.SUBQUERY, Form.GUARD: Form.FILTER}

# What the generator never names, since the sound product refuses it whole.
UNDECLARED = (Instance("SELECT person_name(n) FROM generate_series(201, 212) AS n"),)

Patch = Callable[[pytest.MonkeyPatch, Law], Law]


@pytest.fixture(scope="module")
def both() -> Iterator[Pairs]:
    with PostgresWorld() as own:
        yield pairs(own)


def null_for_false(law: Law) -> Law:
    """NULL instead of false: the same to who takes only TRUE for a yes."""
    rules = {
        name: rule
        if name.schema != "base" or rule.visible_when in (None, "false")
        else replace(rule, visible_when=f"NULLIF(({rule.visible_when}), false)")
        for name, rule in law.relations.items()
    }
    return replace(law, relations=rules)


def null_passes_the_filter(patch: pytest.MonkeyPatch, law: Law) -> Law:
    for name in ("predicate", "subquery"):
        made = getattr(apply, name)

        def lenient(*args, made=made, **more):
            return made(*args, **more).replace(") IS TRUE", ") IS NOT FALSE")

        patch.setattr(apply, name, lenient)
    return null_for_false(law)


def no_fence_is_chosen(patch: pytest.MonkeyPatch, law: Law) -> Law:
    chosen = decide.narrowing

    def weaker(*arguments):
        form = chosen(*arguments)
        return form if form is None else WEAKER.get(form, form)

    patch.setattr(decide, "narrowing", weaker)
    return law


def every_operator_is_leakproof(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(exposure.Exposure, "leakproof_part", lambda self, expression, level: True)
    return law


def masks_are_forgotten(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(narrow, "_columns", lambda relation, visibility: "*")
    return law


def the_target_of_a_write_is_not_narrowed(patch: pytest.MonkeyPatch, law: Law) -> Law:
    chosen = decide.narrowing

    def only_reads(facts, reference, rule):
        return chosen(facts, reference, rule) if reference.access is Access.READ else None

    patch.setattr(decide, "narrowing", only_reads)
    return law


def subqueries_are_not_looked_into(patch: pytest.MonkeyPatch, law: Law) -> Law:
    chosen = decide.narrowing

    def outermost(facts, reference, rule):
        return chosen(facts, reference, rule) if reference.clause.number == 1 else None

    patch.setattr(decide, "narrowing", outermost)
    return law


def what_a_merge_reads_is_not_narrowed(patch: pytest.MonkeyPatch, law: Law) -> Law:
    chosen = decide.narrowing

    def others(facts, reference, rule):
        return chosen(facts, reference, rule) if facts.verb is not Verb.MERGE else None

    patch.setattr(decide, "narrowing", others)
    return law


def a_copy_is_not_narrowed(patch: pytest.MonkeyPatch, law: Law) -> Law:
    chosen = decide.narrowing

    def others(facts, reference, rule):
        return chosen(facts, reference, rule) if facts.verb is not Verb.TEMPORARY else None

    patch.setattr(decide, "narrowing", others)
    return law


def an_errors_detail_is_kept(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(scrub, "scrub_error", lambda raw: raw)
    return law


def a_view_is_not_expanded(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(Views, "is_plain", lambda self, view, depth: True)
    return law


def a_function_is_let_through(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(functions, "_is_approved", lambda function, context: True)
    return law


WEAKENINGS: list[Patch] = [
    null_passes_the_filter,
    no_fence_is_chosen,
    every_operator_is_leakproof,
    masks_are_forgotten,
    the_target_of_a_write_is_not_narrowed,
    subqueries_are_not_looked_into,
    what_a_merge_reads_is_not_narrowed,
    a_copy_is_not_narrowed,
    an_errors_detail_is_kept,
    a_view_is_not_expanded,
    a_function_is_let_through,
]


@pytest.mark.parametrize("weaken", WEAKENINGS, ids=lambda weaken: weaken.__name__)
def test_it_is_found(both, monkeypatch, weaken: Patch):
    planner, scene = planner_of(both.read.full)
    weaker = Planner(weaken(monkeypatch, planner.law), planner.catalogue)
    found = first_leak(both, weaker, scene, SHAPES_MAX)
    assert found is not None
    assert is_leak(found)
    assert len(found.instance.text) <= SHOWN_LENGTH_MAX, found.instance.text


@pytest.mark.parametrize("law_of", [lambda law: law, null_for_false], ids=["shipped", "null"])
def test_the_sound_product_has_nothing_to_find(both, law_of):
    planner, scene = planner_of(both.read.full)
    sound = Planner(law_of(planner.law), planner.catalogue)
    assert first_leak(both, sound, scene, SOUND_SHAPES) is None


def first_leak(both: Pairs, planner: Planner, scene: Scene, shapes_count: int) -> Finding | None:
    oracles = {}
    for writes in (False, True):
        pair = both[writes]
        clients = (
            Planned(pair.full, planner, scene),
            Client(pair.pruned.port, pair.pruned.name, USER),
            Planned(pair.control, planner, scene),
        )
        oracles[writes] = Oracle(*(settled(each, writes=writes) for each in clients))
    try:
        for asked in chain((UNDECLARED,), islice(shapes(both.tables, SEED, 2), shapes_count)):
            oracle = oracles[asked[0].writes]
            for finding in oracle.compare(asked):
                if is_leak(finding):
                    return shortest(oracle, finding)
        return None
    finally:
        for oracle in oracles.values():
            oracle.close()
