"""Each degree of doubt refuses what could hold sealed rows, and nothing else."""

import pytest

from proxy.policy.decide import decide
from proxy.policy.doubt import Doubt
from tests.unit.proxy.small_world import UNIT, context, facts_of

RULE = "policy-unfit"


@pytest.mark.parametrize(
    ("doubt", "sql", "refused"),
    [
        (Doubt.NONE, "SELECT id FROM cases", False),
        (Doubt.COLUMNS, "SELECT id FROM cases", True),
        (Doubt.COLUMNS, "SELECT 1 WHERE EXISTS (SELECT FROM sentences)", True),
        (Doubt.COLUMNS, "INSERT INTO cases VALUES (1)", True),
        (Doubt.COLUMNS, "SELECT name FROM courts", False),
        (Doubt.COLUMNS, "SELECT fine(1)", False),
        (Doubt.RELATIONS, "SELECT name FROM courts", True),
        (Doubt.RELATIONS, "DELETE FROM courts", True),
        (Doubt.RELATIONS, "SELECT fine(1)", True),
        (Doubt.RELATIONS, "SELECT * FROM open_report", True),
        (Doubt.RELATIONS, "SELECT typname FROM pg_type", False),
        (Doubt.RELATIONS, "SELECT lower('A')", False),
        (Doubt.RELATIONS, "COMMIT", False),
        (Doubt.CATALOGUE, "SELECT name FROM courts", True),
        (Doubt.CATALOGUE, "SELECT 1", False),
    ],
)
def test_what_could_hold_sealed_rows_is_refused(doubt, sql, refused):
    decision = decide(facts_of(sql), context(UNIT, doubt=doubt)).decision
    assert (decision.rule == RULE) is refused


def test_a_relation_that_is_not_known_is_not_passed_over():
    decision = decide(facts_of("SELECT * FROM gone"), context(UNIT, doubt=Doubt.RELATIONS)).decision
    assert decision.rule == RULE
