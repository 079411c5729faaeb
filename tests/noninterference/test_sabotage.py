"""A weakened product has to be caught: each weakening is found within `SHAPES_MAX` shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from proxy.names import QualifiedName
from proxy.policy import decide
from proxy.policy.decide import Form
from proxy.policy.law import Law
from proxy.policy.rules import relations
from proxy.result import scrub
from proxy.rewrite import apply, narrow
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from proxy.statement import exposure
from proxy.statement.catalogue import RelationKind
from proxy.statement.facts import Access
from tests.noninterference.client import Client
from tests.noninterference.oracle import Finding, Oracle, Verdict, marks_in
from tests.noninterference.planned import Planned, planner_of
from tests.noninterference.run import instances
from tests.noninterference.statement import Instance
from tests.noninterference.tables import read_tables
from tests.noninterference.worlds import USER, databases, settled
from tests.world import Database, PostgresWorld

pytestmark = [pytest.mark.database, pytest.mark.slow]

SHAPES_MAX = 1200
SOUND_SHAPES = 60
WEAKER = {Form.FENCE: Form.SUBQUERY, Form.GUARD: Form.FILTER}

# What the generator never names, since the sound product refuses it whole.
UNDECLARED = (
    Instance("SELECT name FROM case_overview WHERE case_id > 100"),
    Instance("SELECT person_name(n) FROM generate_series(201, 212) AS n"),
)

Patch = Callable[[pytest.MonkeyPatch, Law], Law]


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Database, Database]]:
    with PostgresWorld() as own:
        yield databases(own)


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
    patch.setattr(exposure._Exposure, "_leakproof_part", lambda self, expression, level: True)
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


def an_errors_detail_is_kept(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(scrub, "scrub_error", lambda raw: raw)
    return law


def a_view_is_taken_for_a_table(patch: pytest.MonkeyPatch, law: Law) -> Law:
    patch.setattr(relations, "_TABLES", relations._TABLES | {RelationKind.VIEW})
    return law


def a_function_is_let_through(patch: pytest.MonkeyPatch, law: Law) -> Law:
    return replace(law, approved_functions=frozenset({QualifiedName("base", "person_name")}))


WEAKENINGS: list[Patch] = [
    null_passes_the_filter,
    no_fence_is_chosen,
    every_operator_is_leakproof,
    masks_are_forgotten,
    the_target_of_a_write_is_not_narrowed,
    subqueries_are_not_looked_into,
    an_errors_detail_is_kept,
    a_view_is_taken_for_a_table,
    a_function_is_let_through,
]


@pytest.mark.parametrize("weaken", WEAKENINGS, ids=lambda weaken: weaken.__name__)
def test_it_is_found(pair, monkeypatch, weaken: Patch):
    planner, scene = planner_of(pair[0])
    weaker = Planner(weaken(monkeypatch, planner.law), planner.catalogue)
    assert first_leak(pair, weaker, scene, SHAPES_MAX) is not None


@pytest.mark.parametrize("law_of", [lambda law: law, null_for_false], ids=["shipped", "null"])
def test_the_sound_product_has_nothing_to_find(pair, law_of):
    planner, scene = planner_of(pair[0])
    sound = Planner(law_of(planner.law), planner.catalogue)
    assert first_leak(pair, sound, scene, SOUND_SHAPES) is None


def first_leak(pair, planner: Planner, scene: Scene, shapes_count: int) -> Finding | None:
    full, pruned = pair
    clients = (
        Planned(full, planner, scene),
        Client(pruned.port, pruned.name, USER),
        Planned(pruned, planner, scene),
    )
    oracle = Oracle(*map(settled, clients))
    tables = read_tables(full)
    try:
        for number in range(-1, shapes_count):
            asked = UNDECLARED if number < 0 else instances(tables, number)
            for finding in oracle.compare(asked):
                if finding.verdict is Verdict.DIFFERENT or marks_in(finding):
                    return finding
        return None
    finally:
        oracle.close()
