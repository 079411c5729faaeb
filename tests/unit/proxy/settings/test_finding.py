"""What a scan may ask: one SELECT of keys, of declared relations, and nothing else."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ConfigurationError
from proxy.names import QualifiedName
from proxy.rewrite.predicate import Template
from proxy.settings.finding import finding_rule
from proxy.settings.law import law_of, load_builtin
from proxy.settings.policy import FindingTable
from proxy.settings.problems import ConfigurationProblems, parse_document

A, B = QualifiedName("public", "a"), QualifiedName("public", "b")
VETTED = load_builtin().vetted_functions


def rule(query, **more):
    table = FindingTable(name="n", title="t", article="实施办法第1条", query=query, **more)
    return finding_rule(table, {A, B}, lambda _: Template(("", ".shown")), VETTED)


def test_a_select_of_keys_is_sent_in_one_line_of_ascii():
    made = rule("SELECT x.id, x.k -- 主键\nFROM public.a AS x\nWHERE x.name = '封存'")
    assert made.query == "SELECT x.id, x.k FROM public.a AS x WHERE x.name = U&'\\5C01\\5B58'"
    assert made.relations == {A}


def test_visible_is_the_rule_of_the_relation():
    made = rule("SELECT x.id FROM public.a AS x WHERE NOT visible(x)")
    assert made.query == 'SELECT x.id FROM public.a AS x WHERE NOT (("x".shown) IS TRUE)'


def test_days_stand_where_they_are_asked_for():
    text = "SELECT x.id FROM public.a AS x WHERE x.d < finding.within_days"
    assert rule(text, within_days=3).query.endswith("x.d < 3")
    for query, days in ((text, None), ("SELECT x.id FROM public.a AS x", 3)):
        with pytest.raises(ConfigurationError, match="go together"):
            rule(query, within_days=days)


def test_the_keys_of_two_selects_are_one_list():
    both = "SELECT x.id FROM public.a AS x UNION ALL SELECT y.id FROM public.b AS y"
    assert rule(both).relations == {A, B}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT 1) OR EXISTS (SELECT x.id FROM public.a AS x", "one SELECT"),
        ("SELECT x.id FROM public.a AS x) AND (true", "one SELECT"),
        ("SELECT x.id FROM public.a AS x; DROP TABLE public.a", "not a SELECT"),
        ("DELETE FROM public.a AS x RETURNING x.id", "not a SELECT"),
        ("WITH d AS (DELETE FROM public.a RETURNING 1) SELECT x.id FROM public.b x", "only reads"),
        ("SELECT x.id INTO public.c FROM public.a AS x", "only reads"),
        ("SELECT x.id FROM public.a AS x FOR UPDATE", "only reads"),
        ("VALUES (1)", "key columns"),
        ("SELECT FROM public.a AS x", "key columns"),
        ("SELECT * FROM public.a AS x", "key columns only"),
        ("SELECT x.* FROM public.a AS x", "key columns only"),
        ("SELECT id FROM public.a", "key columns only"),
        ("SELECT x.id || x.name FROM public.a AS x", "key columns only"),
        ("SELECT x.id FROM public.a AS x UNION SELECT y.id + 1 FROM public.b AS y", "key columns"),
        (f"SELECT {', '.join(['x.id'] * 13)} FROM public.a AS x", "between one and 12"),
        ("SELECT x.id FROM public.c AS x", "public.c is not declared"),
        ("SELECT x.id FROM a AS x", "not declared"),
        ("SELECT x.id FROM public.a AS x, pg_catalog.pg_authid AS y", "not declared"),
        ("SELECT x.id FROM public.a AS x WHERE pg_read_file('f') = ''", "not a vetted"),
        ("SELECT x.id FROM public.a AS x WHERE nextval('s') > 0", "not a vetted"),
        ("SELECT x.id FROM public.a AS x WHERE public.f(x.id)", "only built-in functions"),
        ("SELECT x.id FROM public.a AS x WHERE x.d < CURRENT_DATE", "CURRENT_DATE"),
        ("SELECT x.id FROM public.a AS x WHERE x.id = $1", "no parameters"),
        ("SELECT x.id FROM public.a AS x WHERE x.id = self.id", "no row called self"),
        ("SELECT x.id FROM public.a AS x WHERE x.id = handler.unit", "handler"),
        ("SELECT x.id FROM public.a AS x WHERE visible(z)", "names no relation"),
        ("", "SELECT"),
    ],
)  # fmt: skip
def test_anything_else_is_a_mistake_in_the_policy(query, says):
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        rule(query or " ")


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_text_does_anything_but_select_or_fail(before, behind):
    """Hostile or not, there is a rule or a `ConfigurationError`."""
    try:
        made = rule(f"{before} SELECT x.id FROM public.a AS x {behind}")
    except ConfigurationError:
        return
    assert made.query.isascii()
    assert made.relations <= {A, B}


def test_what_is_wrong_is_said_with_its_line():
    text = (
        '[relation."public.a"]\narticle = "x"\nvisible_when = "self.open"\n'
        '[[finding]]\nname = "n"\ntitle = "t"\narticle = "x"\nquery = "SELECT 1"\n'
    )
    with pytest.raises(ConfigurationProblems, match=r"policy.toml:8: finding\[0\].query"):
        law_of(parse_document(Path("policy.toml"), text.encode()))
