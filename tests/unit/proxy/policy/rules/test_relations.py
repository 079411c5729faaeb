import pytest

from tests.unit.proxy.small_world import rule_of


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT * FROM nowhere", "unknown-relation"),
        ("SELECT * FROM report", "unvetted-view"),
        ("SELECT * FROM open_report", "nothing-protected"),
        ("SELECT * FROM old_cases", "undeclared-relative"),
        ("SELECT * FROM notes", "undeclared-dependent"),
        ("SELECT m::int FROM moods", "unvetted-cast"),
        ("INSERT INTO moods VALUES ('calm')", "unvetted-cast"),
        ("COPY nowhere FROM STDIN", "unknown-relation"),
        ("COPY report FROM STDIN", "unvetted-view"),
        ("COPY old_cases FROM STDIN", "undeclared-relative"),
        ("COPY notes FROM STDIN", "undeclared-dependent"),
        ("COPY moods FROM STDIN", "unvetted-cast"),
        ("COPY pg_type FROM STDIN", "system-relation"),
        ("SELECT * FROM pg_type", "nothing-protected"),
        ("SELECT * FROM pg_stats", "system-relation"),
        ("DELETE FROM pg_type", "system-relation"),
        ("SELECT * FROM cases TABLESAMPLE system (1)", "sampled-protected"),
        ("SELECT * FROM courts TABLESAMPLE system (1)", "nothing-protected"),
        ("SELECT 1 FROM courts, (SELECT * FROM notes) n", "undeclared-dependent"),
    ],
)
@pytest.mark.requirement("H4")
def test_a_relation_is_known_and_has_nothing_protected_behind_it(sql, rule):
    assert rule_of(sql) == rule
