"""Which statements are about the session's own tables, and what they leave."""

import pytest

from proxy.statement.analyse import analyse
from proxy.statement.facts import Verb
from proxy.statement.grammar import TextLimits
from proxy.statement.temporary import DropTemporaries, MakeTemporary, changes, is_bare
from tests.unit.proxy.small_world import CATALOGUE, PATH


def read(sql, *temporaries):
    return analyse(sql, CATALOGUE, PATH, TextLimits(), frozenset(temporaries)).statements


MADE = MakeTemporary("t", dropped_at_end=False)
MADE_FOR_NOW = MakeTemporary("t", dropped_at_end=True)


@pytest.mark.parametrize(
    ("sql", "change"),
    [
        ("CREATE TEMP TABLE t (n int)", MADE),
        ("CREATE LOCAL TEMPORARY TABLE pg_temp.t (n int) ON COMMIT DELETE ROWS", MADE),
        ("CREATE TEMP TABLE t (n int) ON COMMIT DROP", MADE_FOR_NOW),
        ("CREATE TEMP TABLE IF NOT EXISTS t (n int) ON COMMIT DROP", MADE),
        ("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1", MADE_FOR_NOW),
        ("SELECT 1 AS n INTO TEMP t", MADE),
        ("SELECT 1 AS n INTO TEMP TABLE t UNION SELECT 2 UNION SELECT 3", MADE),
        ("DROP TABLE IF EXISTS t, pg_temp.u", DropTemporaries(("t", "u"))),
    ],
)
def test_what_is_made_and_dropped_is_known(sql, change):
    (facts,) = read(sql)
    assert facts.verb is Verb.TEMPORARY
    assert facts.writes
    assert changes(facts.kind, facts.body) == change


@pytest.mark.parametrize(
    "sql",
    ["TRUNCATE t, u", "CREATE INDEX ON t (n)", "ANALYZE t", "DROP TABLE t", "TRUNCATE ONLY t"],
)
def test_what_changes_nothing_else_is_about_the_sessions_own(sql):
    (facts,) = read(sql, "t", "u")
    assert facts.verb is Verb.TEMPORARY
    assert is_bare(facts)
    (lasting,) = read(sql.replace(" t", " courts"), "t", "u")
    assert lasting.verb is not Verb.TEMPORARY


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (n int)", "CREATE UNLOGGED TABLE t AS SELECT 1", "SELECT 1 AS n INTO t",
        "CREATE TABLE pg_temp.t (n int)", "CREATE TEMP TABLE other.t (n int)",
        "CREATE TEMP TABLE t AS EXECUTE q", "CREATE TEMP VIEW t AS SELECT 1",
        "DROP TABLE t", "DROP TABLE IF EXISTS t, courts", "DROP TABLE IF EXISTS base.t",
        "DROP TABLE IF EXISTS agency.base.t", "DROP VIEW IF EXISTS t", "VACUUM", "ANALYZE",
        "DROP TABLE IF EXISTS courts", "TRUNCATE t",
    ],
)  # fmt: skip
def test_anything_else_is_not(sql):
    (facts,) = read(sql)
    assert facts.verb is not Verb.TEMPORARY


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM (SELECT 1 INTO TEMP t) q",
        "SELECT 1 UNION SELECT 2 INTO TEMP t",
        "WITH q AS (SELECT 1 INTO TEMP t) SELECT 2",
        "INSERT INTO courts SELECT 1 INTO TEMP t",
        "DECLARE c CURSOR FOR SELECT 1 INTO TEMP t",
        "COPY (SELECT 1 INTO TEMP t) TO STDOUT",
        "EXPLAIN SELECT 1 INTO TEMP t",
        "CREATE TEMP TABLE t AS SELECT 1 INTO TEMP u",
    ],
)
def test_an_into_where_none_belongs_is_not_understood(sql):
    (facts,) = read(sql)
    assert facts.verb is Verb.OTHER or "IntoClause" in facts.unknown_syntax


def test_later_statements_of_a_text_find_what_earlier_ones_made():
    made, used, dropped, lasting = read(
        "CREATE TEMP TABLE cases (n int); TABLE cases; DROP TABLE cases; TABLE cases"
    )
    assert [str(r.relation.name) for r in used.references] == ["pg_temp.cases"]
    assert [str(r.relation.name) for r in lasting.references] == ["base.cases"]
    assert (is_bare(made), is_bare(used), is_bare(dropped), is_bare(lasting)) == (
        False, True, True, False,
    )  # fmt: skip


def test_nothing_is_known_of_its_columns():
    """A condition on one may raise, and what looks like a column of it may be a function."""
    (facts,) = read("SELECT t.peek FROM cases c, t WHERE t.id = c.id", "t")
    assert [r.exposed for r in facts.references] == [True, True]
    assert {selected.name for selected in facts.selections} == {"peek", "id"}


@pytest.mark.parametrize(
    ("sql", "unsettled"),
    [
        ("BEGIN; CREATE TEMP TABLE t (n int); ROLLBACK; TABLE t", True),
        ("DROP TABLE u; COMMIT; TABLE u", True),
        ("BEGIN; COMMIT; CREATE TEMP TABLE t (n int); TABLE t", False),
        ("CREATE TEMP TABLE t (n int); SAVEPOINT s; TABLE t", False),
        ("BEGIN; TABLE u; COMMIT; TABLE u", False),
    ],
)
def test_a_transaction_that_ends_leaves_what_names_mean_unsettled(sql, unsettled):
    assert read(sql, "u")[-1].unsettled is unsettled
