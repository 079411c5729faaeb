from dataclasses import replace

import pytest

from proxy.names import PrincipalName
from proxy.policy.decide import decide
from proxy.policy.doubt import Doubt
from proxy.policy.law import Principal, PrincipalKind
from proxy.session.plan import Scene, Timing
from tests.unit.proxy.small_world import PATH, PLANNER, PLATFORM, UNIT, context, facts_of

DBA = Principal(PrincipalName("dba"), PrincipalKind.ADMINISTRATOR, ())
OTHERS = [
    Principal(PrincipalName("p"), kind, ())
    for kind in PrincipalKind
    if kind is not PrincipalKind.ADMINISTRATOR
]
CHANGE = "ALTER TABLE cases ADD COLUMN x int"


def rule(sql, principal=DBA, **more):
    return decide(facts_of(sql), context(principal, **more)).decision.rule


@pytest.mark.parametrize("principal", [UNIT, PLATFORM, *OTHERS], ids=lambda p: p.kind.value)
def test_only_administrators_change_the_schema(principal):
    assert rule(CHANGE) == "schema-change"
    assert rule(CHANGE, principal) == "unsupported-statement"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "schema-change"),
        ({"in_transaction": True}, "schema-change-alone"),
        ({"sole": False}, "schema-change-alone"),
        ({"doubt": Doubt.RELATIONS}, "schema-change"),  # it may be what puts things right
    ],
)
def test_it_stands_alone(more, expected):
    assert rule(CHANGE, **more) == expected


def test_nothing_is_made_for_one_session_alone():
    assert rule("CREATE TEMP TABLE t (a int)") == "temporary-object"
    first = replace(context(DBA), search_path=("pg_catalog", "pg_temp", "base"))
    assert decide(facts_of("CREATE TABLE t ()"), first).decision.rule == "temporary-object"


def test_it_is_recorded_first_its_errors_are_replaced_and_what_follows_waits():
    plan = PLANNER.plan(CHANGE, Scene(DBA, PATH))
    assert plan.text == CHANGE
    assert plan.timing is Timing.FIRST
    assert plan.guarded
    assert plan.settle
