import pytest

from tests.unit.proxy.small_world import plan

HEAD, TAIL = "(CASE WHEN true THEN NULL ELSE ", " END)"


def kept(call):
    return f"{HEAD}{call}{TAIL}"


ONCE = [
    "SELECT # AS n",
    "SELECT #::text, 1",
    "SELECT -#",
    "SELECT 1 LIMIT #",
    "SELECT ARRAY[#], ROW(#), lower(#)",
    "SELECT a.b FROM courts a GROUP BY # ORDER BY #",
    "VALUES (#), (#)",
    "INSERT INTO courts VALUES (#) RETURNING #",
    "UPDATE courts SET name = # WHERE code = #",
    "COPY (SELECT #) TO STDOUT",
    "DECLARE c CURSOR FOR SELECT #",
    "PREPARE p AS SELECT #",
    "EXECUTE p(#)",
    "SELECT #; SELECT '中', #",
]
WRITTEN = [
    "pg_table_size('courts')",
    'pg_catalog . "pg_table_size" /* ( */ ( $1 )',
    "PG_TABLE_SIZE((SELECT (count(*) + 1)::oid))",
    r"""U&"pg\005ftable_size"(')')""",
]


@pytest.mark.parametrize("call", WRITTEN)
@pytest.mark.parametrize("sql", ONCE)
def test_exactly_the_call_is_put_where_it_never_runs(sql, call):
    planned = plan(sql.replace("#", call))
    assert planned.text == sql.replace("#", kept(call))
    assert planned.decision.rule == "withheld-counts"


def test_a_call_in_the_arguments_of_another_is_put_there_too():
    inner = kept("pg_table_size(1)")
    expected = "SELECT " + kept(f"pg_table_size({inner}::oid)")
    assert plan("SELECT pg_table_size(pg_table_size(1)::oid)").text == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM cases WHERE#pg_table_size(1)",
        "SELECT id FROM cases WHERE id = 1 OR 1 =#pg_table_size(1)",
        "UPDATE cases SET name = 'x' WHERE#pg_table_size(1)",
        "DELETE FROM cases WHERE 1 <#pg_table_size(1)",
        "SELECT k.name FROM courts k JOIN cases c ON k.code =#pg_table_size(1)",
    ],
)
@pytest.mark.parametrize("call", [" pg_table_size((1))", '"pg_table_size"(1)'])
def test_it_stands_beside_what_hides_rows(sql, call):
    planned = plan(sql.replace("#pg_table_size(1)", call))
    assert planned.decision.rule == "sealed-rows"
    assert planned.text.count(HEAD + call.strip() + TAIL) == 1
    assert "IS TRUE" in planned.text


def test_what_is_argument_of_it_is_stripped_like_the_rest():
    planned = plan("SELECT pg_table_size((SELECT id::oid FROM cases))")
    assert planned.decision.rule == "sealed-rows"
    assert planned.text.startswith(f"SELECT {HEAD}pg_table_size((SELECT id::oid FROM cases WHERE")


def test_a_name_that_goes_on_in_the_next_tokens_is_refused():
    refused = plan("""SELECT U&"pg!005ftable_size" UESCAPE '!' (1)""")
    assert refused.decision.rule == "cannot-narrow"
