import pytest

from proxy.rewrite import copy as module
from tests.unit.proxy.small_world import PLANNER, SCENE

ROWS = 'SELECT * FROM ONLY "base"."cases" AS fc_row WHERE (("fc_row".flag IS NOT TRUE)) IS TRUE'


@pytest.mark.parametrize(
    ("sql", "becomes"),
    [
        ("COPY cases TO STDOUT", f'COPY (SELECT {{all}} FROM ({ROWS}) AS "cases") TO STDOUT'),
        (
            "COPY /* x */ base.cases/**/( name , id ) TO STDOUT (FORMAT csv, FORCE_QUOTE (name))",
            (
                f'COPY /* x */ (SELECT "name", "id" FROM ({ROWS}) AS "cases") TO STDOUT'
                " (FORMAT csv, FORCE_QUOTE (name))"
            ),
        ),
        (
            "COPY \"cases\" (id) TO STDOUT DELIMITER ')'",
            f'COPY (SELECT "id" FROM ({ROWS}) AS "cases") TO STDOUT DELIMITER \')\'',
        ),
        (
            "COPY (SELECT id FROM cases) TO STDOUT CSV HEADER",
            (
                'COPY (SELECT id FROM cases WHERE (("cases".flag IS NOT TRUE)) IS TRUE)'
                " TO STDOUT CSV HEADER"
            ),
        ),
        ("COPY courts (code) TO STDOUT", "COPY courts (code) TO STDOUT"),
        ("COPY (VALUES (1)) TO STDOUT", "COPY (VALUES (1)) TO STDOUT"),
    ],
)
def test_what_is_copied_is_what_may_be_seen(sql, becomes):
    every = '"id", "name", "flag", "doc"'
    assert PLANNER.plan(sql, SCENE).text == becomes.replace("{all}", every)


def test_masked_columns_are_copied_with_their_mask():
    assert "'某某'" in (PLANNER.plan("COPY victims (name) TO STDOUT", SCENE).text or "")


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("COPY cases (id, id) TO STDOUT", "cannot-narrow"),
        ("COPY cases (ctid) TO STDOUT", "cannot-narrow"),
        ("COPY cases (nothing) TO STDOUT", "cannot-narrow"),
        ("COPY report TO STDOUT", "unvetted-view"),
        ("COPY nowhere TO STDOUT", "unknown-relation"),
        ("COPY courts FROM STDIN WHERE code = 'x'", "unsupported-syntax"),
        ("COPY cases TO '/tmp/x'", "unsupported-syntax"),
        ("COPY cases TO PROGRAM 'x'", "unsupported-syntax"),
        ("COPY (DELETE FROM courts RETURNING *) TO STDOUT", "copy-form"),
        ("COPY courts TO STDOUT (ENCODING 'GBK')", "copy-form"),
        ("COPY courts TO STDOUT (FREEZE)", "copy-form"),
        ("COPY courts TO STDOUT (anything_new 1)", "copy-form"),
        ("COPY (SELECT peek(1)) TO STDOUT", "unvetted-function"),
    ],
)
def test_other_copies_are_refused(sql, rule):
    assert PLANNER.plan(sql, SCENE).decision.rule == rule


def test_a_copy_into_a_relation_reads_no_row_and_stays_as_it_is():
    sql = "COPY cases (id, name) FROM STDIN (FORMAT csv)"
    assert PLANNER.plan(sql, SCENE).text == sql


def test_a_query_that_is_not_the_wanted_one_is_refused(monkeypatch):
    monkeypatch.setattr(module, "parse_tree", lambda sql: [{"stmt": {"SelectStmt": {}}}])
    assert PLANNER.plan("COPY cases TO STDOUT", SCENE).decision.rule == "cannot-narrow"
