"""The policy's SQL becomes one line of ASCII that means the same wherever it is put."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ConfigurationError
from proxy.names import QualifiedName
from proxy.policy.law import Volatility
from proxy.rewrite.predicate import Template, compile_template, expression_tree
from proxy.settings.predicate import asked_about, finished, one_line

FUNCTIONS = {"upper": Volatility.STABLE, "now": Volatility.STABLE, "random": Volatility.VOLATILE}
CASE_PERSON = QualifiedName("base", "case_person")
SHOWN = compile_template(
    "self.shown AND EXISTS (SELECT 1 FROM base.sentence AS s WHERE s.cp_id = self.cp_id)", {}
)


def visible(asked: QualifiedName) -> Template:
    if asked != CASE_PERSON:
        raise ConfigurationError(f"{asked} is not sealed")
    return SHOWN


def finish(sql: str) -> str:
    return finished(sql, visible, FUNCTIONS)


ASKING = "EXISTS (SELECT 1 FROM base.case_person AS cp WHERE cp.case_id = self.case_id AND {})"


def test_comments_and_line_breaks_go():
    text = "self.a -- why\n  = 1 /* and\n why */ OR\tself.b"
    assert one_line(text) == "self.a = 1 OR self.b"


def test_what_stands_together_stays_together():
    assert one_line("self.a::int<=-1") == "self.a::int<=-1"


@pytest.mark.parametrize(
    ("sql", "ascii_sql"),
    [
        ("'某某'", r"U&'\67D0\67D0'"),
        ("'it''s 某'", r"U&'it''s \67D0'"),
        (r"'a\某'", r"U&'a\\\67D0'"),
        ("'𠮷'", r"U&'\+020BB7'"),
        ('self."姓名"', r'self.U&"\59D3\540D"'),
        ("self.姓名A", r'self.U&"\59D3\540Da"'),
    ],
)
def test_chinese_text_is_written_in_ascii(sql, ascii_sql):
    assert one_line(sql) == ascii_sql


@pytest.mark.parametrize("sql", ["E'某'", "$$某$$", "U&'某'"])
def test_constants_of_other_kinds_must_be_ascii(sql):
    with pytest.raises(ConfigurationError, match="plain"):
        one_line(sql)


# NUL cannot stand in a statement, and a surrogate is no character.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(constant=texts, name=texts.filter(bool))
def test_the_grammar_reads_the_same_constant_and_name(constant, name):
    sql = "self.{} = '{}'".format('"' + name.replace('"', '""') + '"', constant.replace("'", "''"))
    line = one_line(sql)
    assert line.isascii()
    assert json.dumps(without_places(expression_tree(line))) == json.dumps(
        without_places(expression_tree(sql))
    )


def without_places(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_places(v) for key, v in value.items() if key != "location"}
    return [without_places(each) for each in value] if isinstance(value, list) else value


def test_visible_is_written_out_for_its_row():
    written = finish(ASKING.format("NOT visible(cp)"))
    assert f"AND NOT (({SHOWN.render('cp')}) IS TRUE))" in written
    assert "visible" not in written


def test_visible_may_be_asked_twice():
    text = f"{ASKING.format('visible(cp)')} AND {ASKING.format('NOT  visible ( cp )')}"
    assert finish(text).count(SHOWN.render("cp")) == 2


def test_the_relations_asked_about_are_known_before_they_are_written_out():
    assert asked_about(ASKING.format("visible(cp)")) == {CASE_PERSON}
    assert asked_about(ASKING.format("visible(q)")) == set()
    assert asked_about("self.a = 1") == set()
    assert asked_about("not sql at all (") == set()


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("self.a = ", "not an SQL expression"),
        ("true; DELETE FROM base.person", "one SQL expression"),
        ("true FROM base.person", "one SQL expression"),
        ("self.a, self.b", "one SQL expression"),
        ("a = 1", "qualify every column"),
        ("self", "qualify every column"),
        ("row(self.*) IS NULL", "whole rows"),
        ("base.person.a = 1", "alias.column"),
        ("p.a = 1", "p is not self"),
        ("EXISTS (SELECT 1 FROM person AS p WHERE p.a = self.a)", "with its schema"),
        ("self.a IN (SELECT p.a FROM base.person AS p)", "EXISTS"),
        ("self.a > ALL (SELECT p.a FROM base.person AS p)", "EXISTS"),
        ("random() > 0.5", "random() is not a vetted, stable function"),
        ("pg_sleep(1) IS NULL", "pg_sleep() is not a vetted"),
        ("base.upper(self.a) = 'X'", "only built-in functions"),
        ("self.a OPERATOR(base.=) 1", "only built-in operators"),
        ("self.a::base.money_type IS NULL", "only built-in types"),
        ("self.a < CURRENT_DATE", "AT TIME ZONE"),
        ("self.a = current_user", "depend on the client's session"),
        ("self.a = $1", "no parameters"),
        ("EXISTS (SELECT 1 FROM base.person AS self)", "taken"),
        (ASKING.format("visible(q)"), "q names no relation"),
        (ASKING.format("visible(cp.a)"), "takes the alias"),
        (ASKING.format("visible(cp, cp)"), "takes the alias"),
        (ASKING.format("visible()"), "takes the alias"),
        (
            ASKING.replace("AS cp", "AS s").replace("cp.", "s.").format("visible(s)"),
            "another alias",
        ),
        ("EXISTS (SELECT 1 FROM base.person AS p WHERE visible(p))", "not sealed"),
    ],
)
def test_what_is_unsafe_or_wrong_is_refused_with_what_to_write(sql, says):
    with pytest.raises(ConfigurationError) as caught:
        finish(sql)
    assert says in str(caught.value)


def test_visible_of_a_relation_that_follows_another_is_refused():
    following = Template(("EXISTS (SELECT 1 FROM x AS fc_up1 ", ")"), frozenset({"fc_up1"}))
    with pytest.raises(ConfigurationError, match="ask the parent"):
        finished(ASKING.format("visible(cp)"), lambda _: following, FUNCTIONS)


@pytest.mark.parametrize(
    "sql",
    [
        "self.a = 1 AND self.\"B\" IS NOT NULL",
        "upper(self.a) = 'X' AND pg_catalog.upper(self.a) = 'X'",
        "EXISTS (SELECT 1 FROM base.person AS p WHERE p.a = self.a)",
        "(SELECT bool FROM (SELECT p.a FROM base.person AS p) AS q (bool)) IS NULL"
        .replace("SELECT bool", "SELECT q.bool"),
        "CASE WHEN self.d BETWEEN DATE '1910-01-01' AND DATE '2020-01-01' THEN true END",
    ],
)  # fmt: skip
def test_what_is_safe_is_kept_as_written(sql):
    assert finish(sql) == sql
