import pytest

from tests.unit.proxy.small_world import rule_of

PASSED = "nothing-protected"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SET work_mem = '4MB'", PASSED),
        ("SET LOCAL statement_timeout = 1", PASSED),
        ("SET TRANSACTION READ ONLY", PASSED),
        ("SHOW search_path", PASSED),
        ("SET search_path TO base", PASSED),
        ("SET search_path TO pg_temp, base", "search-path"),
        ("SET search_path TO base, pg_catalog", "search-path"),
        ("SET LOCAL search_path TO base", "session-change"),
        ("SET client_encoding TO 'GBK'", PASSED),
        ("SET client_encoding TO 'Shift_JIS'", PASSED),
        ("SET NAMES 'windows-950'", PASSED),
        ("SET client_encoding TO 'EUC_KR'", "client-encoding"),
        ("SET client_encoding TO ''", "client-encoding"),
        ("SET standard_conforming_strings TO on", PASSED),
        ("SET standard_conforming_strings TO off", "unsettable-parameter"),
        ("SET ROLE postgres", "unsettable-parameter"),
        ("SET SESSION AUTHORIZATION x", "unsettable-parameter"),
        ("SET session_replication_role TO replica", "unsettable-parameter"),
        ("SET my.own TO 1", "unsettable-parameter"),
        ("RESET ALL", PASSED),
        ("DISCARD ALL", PASSED),
        ("BEGIN", PASSED),
        ("PREPARE TRANSACTION 'x'", "two-phase-commit"),
    ],
)
def test_only_what_can_be_followed_is_changed(sql, rule):
    found = rule_of(sql)
    # The field that PREPARE TRANSACTION needs is itself outside the understood syntax.
    assert found == rule or (rule == "two-phase-commit" and found == "unsupported-syntax")


@pytest.mark.parametrize("sql", ["SET search_path TO base", "SET NAMES 'gbk'", "RESET ALL"])
@pytest.mark.requirement("Q43")
def test_what_changes_the_reading_of_statements_stands_outside_a_transaction(sql):
    assert rule_of(sql) == PASSED
    assert rule_of(sql, in_transaction=True) == "session-change"


def test_it_stands_alone_in_its_message_or_at_the_end_of_a_clean_up():
    assert rule_of("SET search_path TO base", sole=False) == "session-change"
    assert rule_of("RESET ALL", sole=False, last=True) == PASSED
    assert rule_of("RESET ALL", sole=False, last=False) == "session-change"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("COPY courts TO STDOUT (FORMAT csv, FORCE_QUOTE *)", PASSED),
        ("COPY courts TO STDOUT (FORCE_NULL (code))", "copy-form"),
        ("COPY courts TO STDOUT (ENCODING 'GBK')", "copy-form"),
        ("COPY (DELETE FROM courts RETURNING 1) TO STDOUT", "copy-form"),
        ("COPY courts FROM STDIN", PASSED),
        ("COPY courts FROM STDIN BINARY", PASSED),
        ("COPY courts FROM STDIN (HEADER match, NULL '', DEFAULT 'd', DELIMITER ',')", PASSED),
        ("COPY courts FROM STDIN CSV QUOTE 'q' ESCAPE 'e' FORCE NOT NULL code", PASSED),
        ("COPY courts FROM STDIN (FORMAT csv, FORCE_NULL (code))", PASSED),
        ("COPY courts FROM STDIN (FORCE_QUOTE *)", "copy-form"),
        ("COPY courts FROM STDIN (FREEZE)", "copy-form"),
        ("COPY courts FROM STDIN FREEZE", "copy-form"),
        ("COPY courts FROM STDIN (ENCODING 'GBK')", "copy-form"),
        ("COPY courts FROM STDIN (ON_ERROR ignore)", "copy-form"),
        ("COPY courts FROM STDIN (LOG_VERBOSITY verbose)", "copy-form"),
        ("COPY courts FROM STDIN (SOMETHING new)", "copy-form"),
        ("COPY courts FROM STDIN WHERE code = 'a'", "unsupported-syntax"),
        ("COPY courts FROM '/file'", "unsupported-syntax"),
        ("COPY courts FROM PROGRAM 'id'", "unsupported-syntax"),
    ],
)
def test_a_copy_is_of_the_connection_and_with_options_about_values(sql, rule):
    assert rule_of(sql) == rule


def test_what_takes_rows_stands_alone_in_its_message():
    assert rule_of("COPY courts FROM STDIN", sole=False) == "copy-alone"
    assert rule_of("COPY courts TO STDOUT", sole=False) == PASSED
