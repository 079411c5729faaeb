"""Temporary tables hold what could be read anyway, and run nothing that nobody vetted."""

from dataclasses import replace

import pytest

from proxy.names import QualifiedName
from proxy.policy.decide import decide
from proxy.statement.catalogue import Column
from tests.unit.proxy.small_world import CATALOGUE, PLATFORM, base, context, facts_of, rule_of


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("CREATE TEMP TABLE t (n int, m mood)", "nothing-protected"),
        ("CREATE TEMP TABLE t AS SELECT * FROM courts", "nothing-protected"),
        ("CREATE TEMP TABLE t AS SELECT * FROM cases", "sealed-rows"),
        ("CREATE TEMP TABLE t (LIKE cases)", "nothing-protected"),
        ("CREATE TEMP TABLE date (n int)", "temporary-name"),
        ("SELECT 1 AS n INTO TEMP int4", "temporary-name"),
        ("CREATE TEMP TABLE t (n checked)", "unvetted-type"),
        ("CREATE TEMP TABLE t AS SELECT fine(1)", "temporary-type"),
        ("CREATE TEMP TABLE t AS SELECT peek(1)", "unvetted-function"),
        ("CREATE TEMP TABLE t (n int DEFAULT peek(1))", "unvetted-function"),
        ("CREATE TEMP TABLE t (n int CHECK (n ==? 1))", "unvetted-operator"),
        ("CREATE TEMP TABLE t (LIKE watched)", "nothing-protected"),
        ("CREATE TEMP TABLE t (LIKE watched INCLUDING DEFAULTS)", "temporary-type"),
        ("CREATE TEMP TABLE t (LIKE moods)", "unvetted-cast"),
        ("CREATE TEMP TABLE t (LIKE nowhere)", "unknown-relation"),
        ("CREATE TEMP TABLE t (LIKE pg_stats)", "system-relation"),
    ],
)
def test_what_a_temporary_table_may_be(sql, rule):
    assert rule_of(sql) == rule


def test_a_platform_copies_neither_rows_nor_shape_of_what_is_sealed():
    assert rule_of("CREATE TEMP TABLE t AS TABLE cases", PLATFORM) == "platform-protected"
    assert rule_of("CREATE TEMP TABLE t (LIKE cases)", PLATFORM) == "platform-protected"
    assert rule_of("CREATE TEMP TABLE t (n int)", PLATFORM) == "nothing-protected"


@pytest.mark.parametrize(
    ("type_name", "rule"),
    [
        (base("mood"), "nothing-protected"),
        (base("checked"), "temporary-type"),
        (base("_mood"), "temporary-type"),
        (QualifiedName("information_schema", "sql_identifier"), "nothing-protected"),
    ],
)
def test_columns_of_what_is_copied_have_no_code_of_their_own(type_name, rule):
    courts = CATALOGUE.relations[base("courts")]
    column = Column("x", 99999, type_name, not_null=False)
    odd = replace(courts, columns=(*courts.columns, column))
    catalogue = replace(CATALOGUE, relations={**CATALOGUE.relations, base("courts"): odd})
    facts = facts_of("CREATE TEMP TABLE t AS SELECT x FROM courts")
    facts = replace(facts, references=tuple(replace(r, relation=odd) for r in facts.references))
    assert decide(facts, replace(context(), catalogue=catalogue)).decision.rule == rule


def test_where_functions_of_the_sites_own_cast_built_in_types_there_are_none():
    catalogue = replace(CATALOGUE, has_own_casts=True)
    facts = facts_of("CREATE TEMP TABLE t (n int)")
    decision = decide(facts, replace(context(), catalogue=catalogue)).decision
    assert decision.rule == "unvetted-cast"


def test_a_search_path_that_puts_them_elsewhere_is_refused():
    facts = facts_of("CREATE TEMP TABLE t (n int)")
    there = replace(context(), search_path=("pg_catalog", "base", "pg_temp"))
    assert decide(facts, there).decision.rule == "temporary-name"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("EXPLAIN SELECT * FROM courts", "nothing-protected"),
        ("EXPLAIN (ANALYZE, FORMAT json) TABLE courts", "nothing-protected"),
        ("EXPLAIN SELECT * FROM cases", "explain-protected"),
        ("EXPLAIN SELECT 1 FROM courts WHERE EXISTS (TABLE cases)", "explain-protected"),
        ("EXPLAIN SELECT * FROM open_report", "explain-protected"),
        ("EXPLAIN SELECT fine(1)", "explain-protected"),
        ("EXPLAIN INSERT INTO courts VALUES ('a')", "explain-form"),
        ("EXPLAIN EXECUTE q", "explain-form"),
        ("EXPLAIN (NEWS) SELECT 1", "explain-form"),
        ("EXPLAIN SELECT * FROM notes", "undeclared-dependent"),
        ("EXPLAIN ANALYZE SELECT pg_sleep(1)", "unvetted-function"),
        ("MERGE INTO courts k USING cases c ON c.name = k.name WHEN MATCHED THEN DELETE",
         "sealed-rows"),
        ("MERGE INTO courts k USING courts c ON true WHEN MATCHED THEN DO NOTHING",
         "nothing-protected"),
        ("MERGE INTO cases c USING courts k ON c.name = k.name WHEN MATCHED THEN DELETE",
         "merge-protected"),
        ("MERGE INTO watched w USING courts k ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
         "unvetted-trigger"),
        ("MERGE INTO merged w USING courts k ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
         "unvetted-trigger"),
        ("MERGE INTO referred r USING courts k ON true WHEN MATCHED THEN DELETE",
         "referenced-by-protected"),
        ("MERGE INTO courts k USING courts c ON peek(1) = 1 WHEN MATCHED THEN DELETE",
         "unvetted-function"),
    ],
)  # fmt: skip
def test_plans_and_merges_tell_nothing_of_what_is_sealed(sql, rule):
    assert rule_of(sql) == rule
