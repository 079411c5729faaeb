"""set_config is followed in one form, and every other is not taken for it."""

import pytest

from proxy.statement.analyse import analyse
from proxy.statement.claims import Claim, claims_first, claims_of
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import CATALOGUE, PATH

OPERATOR, CASE = "fengcun.operator", "fengcun.case_no"


def facts(sql):
    return analyse(sql, CATALOGUE, PATH, TextLimits()).statements


@pytest.mark.parametrize(
    ("sql", "claims"),
    [
        ("SET fengcun.operator = 'a'", (Claim(OPERATOR, "a"),)),
        ("SET LOCAL FengCun.Operator TO 7", (Claim(OPERATOR, "7", local=True),)),
        ("RESET fengcun.case_no", (Claim(CASE, None),)),
        ("SET fengcun.operator FROM CURRENT", (Claim(OPERATOR, "\0"),)),
        ("SET work_mem = '1MB'", ()),
        ("SELECT 1", ()),
        ("SELECT set_config('work_mem', '1MB', false)", ()),
        ("SELECT set_config('fengcun.operator', 'a', false)", (Claim(OPERATOR, "a"),)),
        (
            "SELECT set_config('FENGCUN.operator', $2::text, true),"  # noqa: ISC004
            " pg_catalog.set_config('fengcun.case_no', '', false) AS x",
            (Claim(OPERATOR, None, local=True, parameter=2), Claim(CASE, "")),
        ),
        ("SELECT set_config('fengcun.operator', name, false) FROM courts", None),
        ("SELECT set_config('fengcun.operator', 'a', false) WHERE false", None),
        ("SELECT set_config('fengcun.operator', 'a', $1)", None),
        ("SELECT set_config('fengcun.operator', 'a' || 'b', false)", None),
        ("SELECT set_config('fengcun.operator', 'abc'::varchar(1), false)", None),
        ("SELECT set_config('fengcun.operator', 'a', false), 1", None),
        ("SELECT lower(set_config('fengcun.operator', 'a', false))", None),
        ("SELECT set_config('fengcun.operator', 'a', false) LIMIT 0", None),
        ("WITH x AS (SELECT 1) SELECT set_config('fengcun.operator', 'a', false)", None),
        ("PREPARE p AS SELECT set_config('fengcun.operator', 'a', false)", None),
        ("SELECT set_config('fengcun.operator', 'a', false) UNION SELECT 'b'", None),
    ],
)
def test_what_a_statement_says_is_known_or_known_to_be_unknown(sql, claims):
    (only,) = facts(sql)
    assert claims_of(only) == claims


@pytest.mark.parametrize(
    ("sql", "first"),
    [
        ("SET fengcun.operator = 'a'; SELECT 1", True),
        ("BEGIN; SET fengcun.operator = 'a'; SET fengcun.case_no = 'b'; SELECT 1", True),
        ("SELECT 1; SET fengcun.operator = 'a'", False),
        ("SET fengcun.operator = 'a'; SELECT 1; SET fengcun.operator = 'b'", False),
        ("SELECT 1", False),
    ],
)
def test_a_text_says_it_first_or_not(sql, first):
    assert claims_first(facts(sql)) is first
