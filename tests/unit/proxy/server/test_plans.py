"""Plans are made in a thread, kept, and made anew for a new policy."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from proxy.errors import UpstreamUnavailable
from proxy.policy.law import Law
from proxy.server.plans import _AT_ONCE_MAX, DatabasePlans
from proxy.session.plan import Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.statement.catalogue import Catalogue
from proxy.telemetry.metrics import Metrics
from tests.unit.proxy.session.playbook import PRINCIPAL

SCENE = Scene(PRINCIPAL, ("pg_catalog",))


@pytest.fixture
def make():
    with ThreadPoolExecutor(1) as executor:
        yield lambda refresh=None: DatabasePlans(
            Planner(Law("a" * 64, {}, ()), Catalogue("db", "b" * 64, {})),
            PlanCache(),
            executor,
            Metrics(),
            refresh,
        )


async def test_what_was_analysed_is_looked_up_the_next_time(make):
    plans = make()
    assert plans.lookup("SELECT 1", SCENE) is None
    plan = await plans.analyse("SELECT 1", SCENE)
    assert plan.text == "SELECT 1"
    assert plans.lookup("SELECT 1", SCENE) == plan


async def test_many_who_ask_for_one_shape_at_once_do_not_have_it_planned_each(make):
    plans = make()
    texts = [f"SELECT {number}" for number in range(40)]
    found = await asyncio.gather(*(plans.analyse(text, SCENE) for text in texts))
    assert [plan.text for plan in found] == texts
    planned = plans._metrics.registry.get_sample_value("fengcun_plan_seconds_count")
    assert planned <= _AT_ONCE_MAX


async def test_what_cannot_be_understood_is_a_refusal_and_no_exception(make):
    assert (await make().analyse("SELEC 1", SCENE)).text is None


async def test_before_a_relation_counts_as_unknown_the_database_is_asked_again(make):
    asked = []

    async def refresh(*, changed):
        asked.append(changed)

    plans = make(refresh)
    await plans.analyse("SELECT * FROM nowhere", SCENE)
    await plans.analyse("SELECT 1", SCENE)
    assert asked == [False]


async def test_after_a_change_of_the_schema_the_database_is_asked_before_anything_is_planned(make):
    asked = []

    async def refresh(*, changed):
        asked.append(changed)
        raise UpstreamUnavailable("cannot")

    plans = make(refresh)
    with pytest.raises(UpstreamUnavailable):
        await plans.analyse("SELECT 1", replace(SCENE, unread=1))
    assert asked == [True]
    assert plans.lookup("SELECT 1", SCENE) is None
    assert plans.lookup("SELECT * FROM nowhere", SCENE) is None


def test_each_has_a_generation_of_its_own_and_says_what_it_rests_on(make):
    one, two = make(), make()
    assert one.generation != two.generation
    assert (one.basis.policy, one.basis.catalogue) == ("a" * 64, "b" * 64)
