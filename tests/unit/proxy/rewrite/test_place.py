import pytest

from proxy.rewrite.place import NotFound, call_place, name_place, parenthesised_after, where_place
from proxy.statement.grammar import TextLimits, scan
from tests.unit.proxy.small_world import facts_of


def located(sql, name="cases"):
    tokens = scan(sql, sql.encode(), TextLimits())
    return tokens, next(r for r in facts_of(sql).references if r.written.name == name)


def cut(sql, span):
    return sql.encode()[span.start : span.end].decode()


@pytest.mark.parametrize(
    ("sql", "condition"),
    [
        ("SELECT * FROM cases", None),
        ("SELECT * FROM cases WHERE id = 1", " id = 1"),
        ("SELECT * FROM cases WHERE id = 1 /* x */ ORDER BY id -- y", " id = 1"),
        ("SELECT * FROM (SELECT * FROM cases WHERE id = 1) q WHERE q.id = 2", " id = 1"),
        ("SELECT * FROM cases, (SELECT 1 WHERE true) q WHERE cases.id = 2", " cases.id = 2"),
        ("SELECT * FROM cases c WHERE c.id = 1 UNION SELECT * FROM cases", " c.id = 1"),
        ("SELECT * FROM (cases c JOIN courts k ON true) WHERE c.id = 1", " c.id = 1"),
        ("UPDATE cases SET name = 'WHERE' WHERE id = 1 RETURNING *", " id = 1"),
        ("DELETE FROM cases USING courts WHERE id = 1", " id = 1"),
        (
            "INSERT INTO courts SELECT name FROM cases WHERE id = 1 ON CONFLICT DO NOTHING",
            " id = 1",
        ),
        ("SELECT * FROM courts k JOIN cases c ON c.id IS DISTINCT FROM 1 WHERE true", " true"),
    ],
)
def test_the_where_of_a_clause_is_found_among_the_tokens(sql, condition):
    place = where_place(*located(sql))
    assert (cut(sql, place.condition) if place.condition else None) == condition


@pytest.mark.parametrize(
    ("sql", "text", "only"),
    [
        ("SELECT * FROM cases c", "cases", False),
        ("SELECT * FROM base.cases AS c", "base.cases", False),
        ('SELECT * FROM "base" . "cases"', '"base" . "cases"', False),
        ("SELECT * FROM ONLY cases", "ONLY cases", True),
        ("SELECT * FROM ONLY (cases) c", "ONLY (cases)", True),
        ("SELECT * FROM cases * c", "cases *", False),
    ],
)
def test_the_name_is_found_without_its_alias(sql, text, only):
    place = name_place(*located(sql))
    assert (cut(sql, place.span), place.only) == (text, only)


def test_the_table_command_is_known_by_its_keyword():
    assert cut("TABLE cases", name_place(*located("TABLE cases")).table_keyword) == "TABLE"


def test_parentheses_are_found_with_all_in_them():
    sql = "COPY cases /* ( */ (id, (x)) TO STDOUT"
    span = parenthesised_after(scan(sql, sql.encode(), TextLimits()), len("COPY cases"))
    assert cut(sql, span) == "(id, (x))"


def test_a_call_is_found_from_its_name_to_its_end():
    sql = "SELECT 'a', s /* ( */ . f (g(1), (2)) + 1"
    tokens = scan(sql, sql.encode(), TextLimits())
    assert cut(sql, call_place(tokens, 12, 2)) == "s /* ( */ . f (g(1), (2))"


@pytest.mark.parametrize(("sql", "location"), [("SELECT f", 7), ("SELECT f + (1)", 7), ("f(1)", 1)])
def test_a_call_that_is_not_there_is_not_found(sql, location):
    with pytest.raises(NotFound):
        call_place(scan(sql, sql.encode(), TextLimits()), location, 1)


@pytest.mark.parametrize("sql", ["COPY cases TO STDOUT", "COPY cases (id"])
def test_parentheses_that_do_not_open_there_or_never_close_are_not_found(sql):
    tokens = scan(sql, sql.encode(), TextLimits())
    with pytest.raises(NotFound):
        parenthesised_after(tokens, len("COPY cases"))
