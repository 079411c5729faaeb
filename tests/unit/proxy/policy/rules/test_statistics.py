"""Who may ask for statistics does not write what is sealed."""

import pytest

from proxy.policy.rules.context import Context
from proxy.policy.rules.statistics import refuse
from proxy.statement.analyse import analyse
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import PATH
from tests.unit.proxy.statistic_world import CATALOGUE, COUNTER, LAW, OTHER


def rule(sql, principal=COUNTER):
    (facts,) = analyse(sql, CATALOGUE, PATH, TextLimits()).statements
    refusal = refuse(facts, Context(principal, LAW, CATALOGUE, PATH))
    return None if refusal is None else refusal.rule


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO files (id) VALUES (1)",
        "UPDATE files SET cause = 'x'",
        "DELETE FROM victims",
        "COPY files FROM STDIN",
        "MERGE INTO files USING courts ON true WHEN MATCHED THEN DELETE",
        "WITH d AS (DELETE FROM files RETURNING 1) SELECT * FROM d",
    ],
)
def test_writes_are_refused_to_them_alone(sql):
    assert rule(sql) == "statistic-write"
    assert rule(sql, OTHER) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM files",
        "INSERT INTO notes (body) SELECT cause FROM files",
        "CREATE TEMP TABLE t (LIKE files)",
        "COPY files TO STDOUT",
        "BEGIN",
    ],
)
def test_everything_else_is_for_other_rules(sql):
    assert rule(sql) is None
