import pytest

from proxy.statement.analyse import analyse
from proxy.statement.facts import Called, Verb
from proxy.statement.grammar import NotUnderstood, TextLimits
from tests.unit.proxy.small_world import CATALOGUE, PATH, facts_of


def test_every_statement_of_a_text_is_judged_on_its_own():
    found = analyse("BEGIN; SELECT 1 ;; DELETE FROM cases", CATALOGUE, PATH, TextLimits())
    assert [facts.verb for facts in found.statements] == [
        Verb.TRANSACTION,
        Verb.SELECT,
        Verb.DELETE,
    ]


@pytest.mark.parametrize("sql", ["", " ", ";", "-- nothing"])
def test_an_empty_text_has_no_statement(sql):
    assert analyse(sql, CATALOGUE, PATH, TextLimits()).statements == ()


@pytest.mark.parametrize("sql", ["SELECT (", "SELEC 1", "SELECT 'x"])
def test_what_is_not_sql_is_not_understood(sql):
    with pytest.raises(NotUnderstood):
        analyse(sql, CATALOGUE, PATH, TextLimits())


def test_facts_tell_writes_locks_conflicts_and_calls():
    facts = facts_of("WITH x AS (DELETE FROM cases) SELECT lower('a') FROM courts FOR UPDATE")
    assert (facts.writes, facts.locks, facts.conflict) == (True, True, False)
    assert Called(None, "lower") in facts.functions
    assert facts_of("COPY courts FROM STDIN").writes
    assert not facts_of("COPY courts TO STDOUT").writes
    assert facts_of("INSERT INTO courts VALUES ('a') ON CONFLICT DO NOTHING").conflict


def test_unknown_statements_are_other_and_nothing_more_is_said_of_them():
    facts = facts_of("LOCK TABLE cases")
    assert facts.verb is Verb.OTHER
    assert facts.references == ()
