from dataclasses import replace

import pytest

from proxy.names import PrincipalName
from proxy.policy.decide import decide
from proxy.policy.doubt import Doubt
from proxy.policy.law import FindingRule, Principal, PrincipalKind
from proxy.session.plan import Scene, Timing
from tests.unit.proxy.small_world import (
    ARTICLE,
    LAW,
    PATH,
    PLANNER,
    PLATFORM,
    UNIT,
    base,
    context,
    facts_of,
)

DBA = Principal(PrincipalName("dba"), PrincipalKind.ADMINISTRATOR, ())
OTHERS = [
    Principal(PrincipalName("p"), kind, ())
    for kind in PrincipalKind
    if kind is not PrincipalKind.ADMINISTRATOR
]
CASES = base("cases")
RULE = LAW.relations[CASES]
CHANGE = "ALTER TABLE courts ADD COLUMN x int"


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


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE cases ALTER flag TYPE boolean USING false",
        "ALTER TABLE base.cases DROP COLUMN flag",
        "ALTER TABLE cases RENAME COLUMN flag TO f",
        "ALTER TABLE courts RENAME TO cases",
        "ALTER TABLE old_cases INHERIT cases",
        "ALTER TABLE cases SET SCHEMA other",
        "DROP TABLE courts, base.sentences",
        "DROP VIEW report CASCADE",
        "DROP TYPE mood CASCADE",
        "DROP SCHEMA base",
        "ALTER SCHEMA base RENAME TO other",
        "ALTER TYPE mood RENAME VALUE 'calm' TO 'other'",
        "CREATE OR REPLACE VIEW base.open_report AS TABLE cases",
        "CREATE RULE r AS ON INSERT TO open_report DO INSTEAD SELECT * FROM cases",
        "CREATE TRIGGER t INSTEAD OF INSERT ON open_report EXECUTE FUNCTION peek()",
    ],
)
def test_what_the_policy_relies_on_is_not_taken_apart(sql):
    assert rule(sql) == "schema-protected"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX ON cases (name)", "COMMENT ON TABLE cases IS 'x'",
        "GRANT SELECT ON cases TO desk", "CREATE VIEW v AS TABLE cases", "DROP TABLE courts",
        "ALTER TABLE courts RENAME TO c", "ALTER TYPE mood ADD VALUE 'b'", "DROP VIEW report",
        "ALTER TABLE courts ADD COLUMN x text DEFAULT lower('A')",
        "CREATE TABLE t (x text DEFAULT peek())",  # which no row has yet
    ],
)  # fmt: skip
def test_what_shows_nothing_is_left_to_administrators(sql):
    assert rule(sql) == "schema-change"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE courts ADD COLUMN x text DEFAULT peek(1)", "unvetted-function"),
        ("ALTER TABLE courts ALTER name TYPE text USING base.peek(1)", "unvetted-function"),
        ("ALTER TABLE courts ALTER name TYPE boolean USING name ==? 'a'", "unvetted-operator"),
        ("ALTER TABLE courts ADD COLUMN x checked", "unvetted-type"),
        ("ALTER TABLE courts ADD CHECK (peek(1) > 0)", "unvetted-function"),
    ],
)
def test_nothing_that_reads_what_it_likes_is_run_on_rows(sql, expected):
    assert rule(sql) == expected


def test_nothing_is_made_for_one_session_alone():
    assert rule("CREATE TEMP SEQUENCE s") == "temporary-object"
    assert rule("CREATE VIEW v AS TABLE t", temporaries=frozenset({"t"})) == "temporary-object"
    first = replace(context(DBA), search_path=("pg_catalog", "pg_temp", "base"))
    assert decide(facts_of("CREATE TABLE t ()"), first).decision.rule == "temporary-object"


def test_it_is_recorded_first_its_errors_are_replaced_and_what_follows_waits():
    plan = PLANNER.plan(CHANGE, Scene(DBA, PATH))
    assert plan.text == CHANGE
    assert plan.timing is Timing.FIRST
    assert plan.guarded
    assert plan.settle


@pytest.mark.parametrize(
    "more",
    [
        {"outside": {CASES: replace(RULE, mask_unless="self.court = base.courts.code")}},
        {"findings": (FindingRule("n", ARTICLE, "notice", "t", "base.courts", frozenset()),)},
    ],
)
def test_what_others_rules_and_scans_read_is_not_changed_either(more):
    """An administrator is an outsider, whose own rules may read less."""
    seen = context(DBA)
    assert rule(CHANGE) == "schema-change"
    changed = replace(seen, law=replace(seen.law, **more))
    assert decide(facts_of(CHANGE), changed).decision.rule == "schema-protected"
