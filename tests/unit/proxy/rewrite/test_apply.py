import pytest

from proxy.names import Span
from proxy.policy.decide import Form, Obligation, decide
from proxy.rewrite import apply
from proxy.rewrite.apply import rewrite
from proxy.rewrite.edit import Edit, apply_edits
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.place import WherePlace
from proxy.rewrite.predicate import compile_law
from proxy.statement.analyse import analyse
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import CATALOGUE, LAW, PATH, context

VISIBILITIES = compile_law(LAW)
STATEMENTS = [
    "SELECT * FROM cases",
    "select  '中' , C.* from Cases as C -- a\n where C.ID = 1 OR true /* b */ order by 1",
    "SELECT * FROM courts k LEFT JOIN cases ON lower(cases.name) = k.name WHERE k.code > 'a'",
    "SELECT (SELECT count(*) FROM sentences s WHERE s.case_id = c.id) FROM cases c, victims",
    "UPDATE sentences SET months = 1 WHERE abs(months) = 3 RETURNING *",
    "SELECT 1; TABLE cases; DELETE FROM sentences",
    "WITH cases AS (SELECT * FROM cases) SELECT * FROM cases UNION ALL TABLE base.cases LIMIT 3",
]


def rewritten(sql):
    analysis = analyse(sql, CATALOGUE, PATH, TextLimits())
    owed = [o for f in analysis.statements for o in decide(f, context()).obligations]
    return analysis, rewrite(analysis, owed, VISIBILITIES)


@pytest.mark.parametrize("sql", STATEMENTS)
def test_nothing_changes_outside_the_edits(sql):
    analysis, edits = rewritten(sql)
    assert edits
    back, position, out = apply_edits(analysis.encoded, edits), 0, b""
    for edit in edits:
        kept = edit.span.start - (0 if not out and position == 0 else position)
        out += back[:kept] + analysis.encoded[edit.span.start : edit.span.end]
        back = back[kept + len(edit.text.encode()) :]
        position = edit.span.end
    assert out + back == analysis.encoded


def test_a_misplaced_edit_is_found_and_refused(monkeypatch):
    def wrong(tokens, reference):
        return WherePlace(Span(len(b"SELECT * FROM cases WHERE"), 32), 32)

    sql = "SELECT * FROM cases WHERE id = 1 OR id = 2"
    assert rewritten(sql)
    monkeypatch.setattr(apply, "where_place", wrong)
    with pytest.raises(CannotNarrow):
        rewritten(sql)


def test_edits_that_overlap_are_refused():
    with pytest.raises(CannotNarrow):
        apply_edits(b"abcdef", [Edit(Span(0, 3), "x"), Edit(Span(2, 4), "y")])


SHORTENED = [
    "SELECT base.victims.name FROM base.victims",
    "SELECT base.victims.name, (SELECT base.victims.id FROM base.victims) FROM base.victims",
]


@pytest.mark.parametrize("sql", SHORTENED)
def test_a_subquery_in_a_relations_place_is_called_without_a_schema(sql):
    analysis, edits = rewritten(sql)
    assert "base.victims." not in apply_edits(analysis.encoded, edits).decode()


@pytest.mark.parametrize(
    "beside",
    [
        "(SELECT 1 AS id) AS victims",
        "(WITH victims AS (SELECT 1 AS id) SELECT id FROM victims) q",
        "(courts a CROSS JOIN courts b) AS victims",
        "victims() q",
    ],
)
def test_a_name_that_something_else_bears_too_is_not_shortened(beside):
    sql = f"SELECT (SELECT base.victims.name FROM {beside}) FROM base.victims"
    analysis = analyse(sql, CATALOGUE, PATH, TextLimits())
    owed = [
        Obligation(reference, LAW.relations[reference.relation.name], Form.SUBQUERY)
        for facts in analysis.statements
        for reference in facts.references
        if reference.relation is not None and reference.relation.name in LAW.relations
    ]
    with pytest.raises(CannotNarrow):
        rewrite(analysis, owed, VISIBILITIES)
