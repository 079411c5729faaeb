import pytest

from tests.unit.proxy.small_world import rule_of


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("LOCK TABLE cases", "unsupported-statement"),
        ("LOCK TABLE courts", "unsupported-statement"),
        ("DO 'x'", "unsupported-statement"),
        ("CREATE TABLE t AS SELECT 1", "unsupported-statement"),
        ("TRUNCATE courts", "unsupported-statement"),
        ("SELECT 1 INTO t", "unsupported-syntax"),
        ("SELECT 1 FROM (SELECT 1 INTO TEMP t) q", "unsupported-syntax"),
        ("SELECT name /*/**/ || ' */ FROM cases --'", "parsers-disagree"),
        ('SELECT * FROM U&"\\0063ases"', "parsers-disagree"),
        ("SELECT ctid FROM cases", "system-column"),
        ("SELECT c.tableoid FROM cases c", "system-column"),
        ("SELECT 1 FROM cases WHERE xmin = '1'", "system-column"),
        ("SELECT ctid FROM courts", "nothing-protected"),
        ('SELECT * FROM U&"\\0063ourts"', "nothing-protected"),
    ],
)
@pytest.mark.requirement("H4")
def test_what_is_not_understood_is_refused(sql, rule):
    assert rule_of(sql) == rule
