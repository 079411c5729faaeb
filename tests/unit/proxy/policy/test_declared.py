"""Which statement is the declared one, and in which database."""

from dataclasses import replace

import postgast
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.declared import declared, judge, may_differ_by_constants, misfits
from proxy.policy.doubt import Doubt
from proxy.policy.law import PrincipalKind
from proxy.policy.limits import Limits
from proxy.policy.rules.context import Context
from proxy.statement.analyse import analyse
from proxy.statement.catalogue import RelationKind
from proxy.statement.grammar import NotUnderstood, TextLimits
from tests.unit.proxy.small_world import PATH, relation
from tests.unit.proxy.statistic_world import (
    CATALOGUE,
    COUNTER,
    DECLARED,
    FILES,
    LAW,
    OF_PEOPLE,
    OTHER,
)


def statements(sql):
    return analyse(sql, CATALOGUE, PATH, TextLimits()).statements


def matched(sql, principal=COUNTER, catalogue=CATALOGUE):
    return declared(statements(sql), principal, LAW, catalogue)


def test_a_statement_of_the_same_tree_is_the_declared_one():
    assert matched(DECLARED) is LAW.statistics[0]
    assert matched(OF_PEOPLE.lower().replace("date '", "DATE\n'") + ";") is LAW.statistics[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [("2026", "2025"), ("(1, 2)", "(1, 3)"), ("(1, 2)", "(1, '2')"), ("AS n", "AS m"),
     ("base.", ""), ("closed <", "closed <="), ("kind IN", "kind NOT IN")],
)  # fmt: skip
def test_with_one_word_changed_it_is_another(old, new):
    assert matched(DECLARED.replace(old, new)) is None


def test_nobody_else_has_one():
    assert matched(DECLARED, OTHER) is None
    for kind in PrincipalKind:
        served = kind in (PrincipalKind.UNIT, PrincipalKind.JUDICIAL)
        assert (matched(DECLARED, replace(COUNTER, kind=kind)) is not None) is served


def words(sql):
    """What the lexer sees, without the one word that means nothing here."""
    found = postgast.scan(sql).tokens
    each = (sql.encode()[token.start : token.end].decode() for token in found)
    return [word for word in each if word.upper() != "AS"]


TOKENS = words(DECLARED)


@given(st.data())
def test_a_text_of_other_words_is_another_statement(data):
    """Words deleted, doubled, swapped and put in the place of others."""
    changed = list(TOKENS)
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(changed) - 2))
        other = data.draw(st.sampled_from([*TOKENS, "AS", "3", "'x'", "--x\n", "NOT", ";", "<="]))
        match data.draw(st.integers(0, 3)):
            case 0:
                del changed[at]
            case 1:
                changed.insert(at, other)
            case 2:
                changed[at], changed[at + 1] = changed[at + 1], changed[at]
            case _:
                changed[at] = other
    sql = " ".join(changed)
    try:
        found = declared(statements(sql), COUNTER, LAW, CATALOGUE)
    except NotUnderstood:
        return
    code = "\n".join(line for line in words(sql) if not line.startswith("--"))
    same = code.rstrip(";\n") == "\n".join(TOKENS)
    assert (found is not None) is same


@pytest.mark.parametrize(
    ("sql", "differs"),
    [
        (DECLARED, True),
        (DECLARED.replace("2026", "2025"), True),
        (DECLARED.replace("(1, 2)", "(1, '2')"), True),
        (DECLARED.replace("(1, 2)", "(1, 2, 3)"), False),
        (DECLARED.replace("f.kind", "f.id"), False),
        (f"{DECLARED}; {DECLARED}", False),
        (f"DECLARE c CURSOR FOR {DECLARED}", False),
        ("SELECT " + "1 + " * 3_000 + "1", False),
    ],
)
def test_what_differs_by_constants_is_known(sql, differs):
    try:
        found = may_differ_by_constants(statements(sql), COUNTER, LAW)
    except NotUnderstood:
        found = False
    assert found is differs


def with_columns(columns, kind=RelationKind.TABLE):
    made = relation("files", columns, kind=kind)
    return replace(CATALOGUE, relations={**CATALOGUE.relations, FILES: made})


FITS = "id:bigint cause:varchar closed:date kind:integer seen:boolean"


@pytest.mark.parametrize(
    ("catalogue", "says"),
    [
        (with_columns(FITS.replace("cause", "reason")), "no column cause"),
        (with_columns(FITS.replace("closed:date", "closed:timestamptz")), "to be a date"),
        (with_columns(FITS.replace("closed:date", "closed:text")), "to be a date"),
        (with_columns(FITS.replace("cause:varchar", "cause:json")), "text, a number"),
        (with_columns(FITS.replace("kind:integer", "kind:timestamptz")), "text, a number"),
        (with_columns(FITS, RelationKind.VIEW), "no table"),
        (with_columns(FITS, RelationKind.FOREIGN_TABLE), "no table"),
    ],
)
def test_in_a_database_that_it_does_not_fit_it_is_a_statement_like_any_other(catalogue, says):
    assert any(says in each for each in misfits(LAW.statistics[0], LAW, catalogue))
    assert matched(DECLARED, catalogue=catalogue) is None


def test_a_table_that_nothing_seals_is_counted_as_it_is():
    law = replace(LAW, relations={name: r for name, r in LAW.relations.items() if name != FILES})
    assert declared(statements(DECLARED), COUNTER, law, CATALOGUE) is None


def test_every_rule_but_that_of_bulk_has_its_say():
    (facts,) = statements(DECLARED)
    strict = replace(COUNTER, bulk_refused=True, limits=Limits(subjects_per_day=1))
    context = Context(strict, LAW, CATALOGUE, PATH)
    decision = judge(facts, LAW.statistics[0], context)
    assert (decision.rule, decision.article) == ("statistic", "第1条")
    assert decision.relations == (FILES,)
    doubtful = replace(context, doubt=Doubt.COLUMNS)
    assert judge(facts, LAW.statistics[0], doubtful).rule == "policy-unfit"
