"""The query in a statement about a query, as the second parser gets it."""

import pytest

from proxy.statement.grammar import TextLimits, parse, scan
from proxy.statement.inner import query_span


@pytest.mark.parametrize(
    ("sql", "query"),
    [
        ("SELECT 1", "SELECT 1"),
        ("DECLARE c CURSOR FOR SELECT 'FOR'", " SELECT 'FOR'"),
        ('DECLARE "for" SCROLL CURSOR WITH HOLD FOR TABLE t', " TABLE t"),
        ("PREPARE p AS SELECT 1 AS a", " SELECT 1 AS a"),
        ("PREPARE p (numeric(3, 1), text[]) AS DELETE FROM t", " DELETE FROM t"),
        ("COPY t TO STDOUT (FORMAT csv)", "COPY t TO STDOUT"),
        ("COPY t (a, b) FROM STDIN (FORMAT csv, FORCE_NULL (a))", "COPY t (a, b) FROM STDIN"),
        ("COPY stdin FROM stdin CSV", "COPY stdin FROM stdin"),
        ("COPY (SELECT '中' AS stdout) TO STDOUT", "SELECT '中' AS stdout"),
        ("COPY ((SELECT 1) UNION (SELECT 2)) TO STDOUT CSV", "(SELECT 1) UNION (SELECT 2)"),
        ("CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1 AS a", " SELECT 1 AS a"),
        ("CREATE TEMP TABLE t (a) AS SELECT 1 AS data WITH NO DATA", " SELECT 1 AS data "),
        ("CREATE TEMP TABLE t AS SELECT 1 WITH DATA", " SELECT 1 "),
        ("EXPLAIN SELECT 1", "SELECT 1"),
        ("EXPLAIN (SELECT 1)", "(SELECT 1)"),
        ("EXPLAIN ANALYZE VERBOSE (SELECT 1)", "(SELECT 1)"),
        ("EXPLAIN (ANALYZE, FORMAT json) ((SELECT 1))", "((SELECT 1))"),
        ("EXPLAIN verbose TABLE t", "TABLE t"),
        ("COPY (DELETE FROM t RETURNING *) TO STDOUT (NULL 'STDOUT')", "DELETE FROM t RETURNING *"),
    ],
)
def test_it_is_found_among_other_statements(sql, query):
    text = f"SELECT 'FOR AS STDOUT'; {sql}; SELECT 1 AS stdout"
    encoded = text.encode()
    raw = parse(text, encoded)[1]
    span = query_span(raw, scan(text, encoded, TextLimits()))
    assert encoded[span.start : span.end].decode().removeprefix(" ") == query.removeprefix(" ")
