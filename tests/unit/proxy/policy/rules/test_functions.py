import pytest

from proxy.policy.rules.functions import is_volatile, withheld
from tests.unit.proxy.small_world import context, facts_of, rule_of

REFUSED = "unvetted-function"


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT lower('a')", "nothing-protected"),
        ("SELECT pg_catalog.lower('a')", "nothing-protected"),
        ("SELECT fine()", "nothing-protected"),
        ("SELECT base.fine()", "nothing-protected"),
        ("SELECT fine(1), base.fine(1, 2)", "nothing-protected"),
        ("SELECT elsewhere.fine(1)", REFUSED),
        ("SELECT base.changed()", "function-changed"),
        ("SELECT changed()", "function-changed"),
        ("SELECT elsewhere.changed()", REFUSED),
        ("SELECT base.half()", REFUSED),  # the other overload is not approved
        ("SELECT base.lower('a')", REFUSED),
        ("SELECT peek()", REFUSED),
        ("SELECT base.peek()", REFUSED),
        ("SELECT query_to_xml('SELECT 1', true, true, '')", REFUSED),
        ("SELECT c.peek FROM courts c", REFUSED),
        ("SELECT (c).peek FROM courts c", REFUSED),
        ("SELECT c.name FROM courts c", "nothing-protected"),
        ("SELECT (1).peek", REFUSED),
        ("SELECT (1::float8).pg_sleep", REFUSED),
        ("SELECT ('SELECT body FROM notes'::text).ts_stat", REFUSED),
        ("SELECT u.ts_stat FROM unnest($1::text[]) u", REFUSED),
        ("SELECT ('a'::text).lower", "nothing-protected"),
        ("SELECT 1 WHERE 1 ==? 2", "unvetted-operator"),
        ("SELECT 1 OPERATOR(base.+) 2", "unvetted-operator"),
        ("SELECT 1 OPERATOR(pg_catalog.+) 2", "nothing-protected"),
        ("SELECT 'x'::mood", "nothing-protected"),
        ("SELECT 'x'::checked", "unvetted-type"),
        ("SELECT 'x'::information_schema.yes_or_no", "unvetted-type"),
        ("SELECT set_config('jit', 'off', false)", "nothing-protected"),
        ("SELECT set_config('search_path', 'x', false)", REFUSED),
        ("SELECT set_config($1, 'x', false)", REFUSED),
        ("SELECT public.lower('A')", "nothing-protected"),  # of an extension that only computes
        ("SELECT public.abs(1)", "unvetted-function"),
        ("SELECT pg_table_size('courts')", "withheld-counts"),
        ("SELECT pg_catalog.pg_table_size('courts'), fine()", "withheld-counts"),
        ("SELECT pg_table_size('courts') FROM cases", "sealed-rows"),
        ("SELECT base.pg_table_size('courts')", REFUSED),
        ("SELECT agency.pg_catalog.pg_table_size('courts')", REFUSED),
        ("SELECT * FROM pg_table_size('courts')", REFUSED),
        ("SELECT pg_table_size(1) FROM pg_table_size('courts')", REFUSED),
        ("SELECT pg_table_size('courts') OVER ()", REFUSED),
        ("SELECT pg_table_size(VARIADIC '{courts}')", REFUSED),
        ("SELECT ('courts'::regclass).pg_table_size", REFUSED),
        ("SELECT pg_catalog.own_size(1)", "withheld-counts"),
        ("SELECT own_size(1)", REFUSED),  # the server may take the built-in one of that name
        ("SELECT base.own_size(1)", "nothing-protected"),
    ],
)
@pytest.mark.requirement("C6", "H4", "Q42")
def test_only_what_is_vetted_or_approved_is_called(sql, rule):
    assert rule_of(sql) == rule


@pytest.mark.parametrize(
    ("sql", "volatile"),
    [
        ("SELECT lower('a')", False),
        ("SELECT nextval('s')", True),
        ("SELECT fine()", True),
        ("SELECT ('s'::regclass).nextval", True),
        ("SELECT c.name FROM courts c", False),
        ("SELECT set_config('jit', 'off', false)", True),
        ("SELECT pg_table_size('courts')", False),  # it is never run
    ],
)
def test_what_may_have_an_effect_is_known(sql, volatile):
    assert is_volatile(facts_of(sql), context()) is volatile


def test_every_call_of_what_is_withheld_is_found():
    sql = "SELECT pg_table_size(pg_table_size(1)), (SELECT pg_catalog.pg_table_size(lower('a')))"
    found = withheld(facts_of(sql), context())
    assert [call.location for call in found] == [7, 21, 48]
