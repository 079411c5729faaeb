import pytest

from proxy.rewrite import expand as module
from proxy.rewrite.edit import apply_edits
from proxy.rewrite.expand import expand
from proxy.rewrite.narrow import CannotNarrow
from proxy.statement.analyse import analyse
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import CATALOGUE, PATH, base

DEFINITIONS = {base("report"): "SELECT id AS n FROM base.cases"}


def expanded(sql):
    analysis = analyse(sql, CATALOGUE, PATH, TextLimits())
    return apply_edits(analysis.encoded, expand(analysis, DEFINITIONS)).decode()


@pytest.mark.parametrize(
    ("sql", "becomes"),
    [
        ("SELECT * FROM report", 'SELECT * FROM (DEF) AS "report"'),
        ("SELECT n FROM base.report AS r (m), courts", "SELECT n FROM (DEF) AS r (m), courts"),
        ("SELECT base.report.n FROM report", 'SELECT report.n FROM (DEF) AS "report"'),
        ("TABLE report", 'SELECT * FROM (DEF) AS "report"'),
        ("SELECT * FROM ONLY (report) r", "SELECT * FROM (DEF) r"),
        ("DELETE FROM courts USING report * r", "DELETE FROM courts USING (DEF) r"),
        ("DELETE FROM report", "DELETE FROM report"),
        ("SELECT 'report' FROM courts", "SELECT 'report' FROM courts"),
        ("WITH report AS (SELECT 1) TABLE report", "WITH report AS (SELECT 1) TABLE report"),
        ("SELECT 1; SELECT 2 FROM report FOR UPDATE OF report",
         'SELECT 1; SELECT 2 FROM (DEF) AS "report" FOR UPDATE OF report'),
    ],
)  # fmt: skip
def test_a_view_that_is_read_becomes_the_query_it_stands_for(sql, becomes):
    assert expanded(sql) == becomes.replace("DEF", DEFINITIONS[base("report")])


def test_a_sample_of_a_view_is_refused():
    with pytest.raises(CannotNarrow, match="TABLESAMPLE"):
        expanded("SELECT * FROM report TABLESAMPLE system (1)")


def test_a_definition_that_ends_its_parenthesis_is_refused(monkeypatch):
    """The tree that was wanted is not the tree that came out."""
    monkeypatch.setattr(module, "from_item_tree", lambda sql: {"RangeSubselect": {}})
    with pytest.raises(CannotNarrow):
        expanded("SELECT * FROM report")
