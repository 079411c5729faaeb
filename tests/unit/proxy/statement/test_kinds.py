import pytest

from proxy.statement.grammar import parse_tree
from proxy.statement.kinds import unknown_syntax


def unknown(sql):
    return set(unknown_syntax(parse_tree(sql)[0]["stmt"]))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT ON (a) a, count(*) FILTER (WHERE b) OVER w FROM t WINDOW w AS ()",
        "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2) TABLE a LIMIT 1 OFFSET 2",
        "INSERT INTO t (a) VALUES (DEFAULT) ON CONFLICT (a) DO UPDATE SET a = excluded.a",
        "UPDATE t SET (a, b) = (SELECT 1, 2), c[1] = 3 RETURNING *",
        "SELECT * FROM a NATURAL JOIN b, LATERAL (SELECT 1) x, ROWS FROM (f(1)) r",
        "SET search_path TO a",
    ],
)
def test_ordinary_syntax_is_known(sql):
    assert unknown(sql) == set()


@pytest.mark.parametrize(
    ("sql", "piece"),
    [
        ("CREATE TEMP TABLE t () INHERITS (u)", "CreateStmt.inhRelations"),
        ("CREATE TEMP TABLE t (n int REFERENCES u)", "Constraint.pktable"),
        ("CREATE INDEX ON t (n int4_ops)", "IndexElem.opclass"),
        ("DELETE FROM t WHERE CURRENT OF c", "CurrentOfExpr"),
        ("COPY t FROM '/f'", "CopyStmt.filename"),
        ("COPY t FROM PROGRAM 'id'", "CopyStmt.is_program"),
        ("COPY t FROM STDIN WHERE true", "CopyStmt.whereClause"),
        ("LOCK TABLE t", "LockStmt"),
    ],
)
def test_what_nobody_has_vouched_for_is_named(sql, piece):
    assert piece in unknown(sql)


def test_a_field_that_a_later_grammar_adds_is_unknown():
    assert list(unknown_syntax({"RangeVar": {"relname": "t", "novel": True}})) == ["RangeVar.novel"]
