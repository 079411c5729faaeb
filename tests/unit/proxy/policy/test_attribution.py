"""Who asks is what all sources say together; what they do not say together is nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.attribution import Attribution, AttributionRule, NameForm, Said, Source
from proxy.statement.tags import Tags

EVERYTHING = AttributionRule(tuple(Source), NameForm("desk/{operator}/{case}"))
TEXTS = st.text(max_size=80)


@pytest.mark.parametrize(
    ("said", "who"),
    [
        (Said(), Attribution(None, None, "unattributed")),
        (Said(("a",), ("7",)), Attribution("a", "7", "setting")),
        (Said(("",), tags=Tags(("b",))), Attribution("b", None, "comment")),
        (Said(("a",), tags=Tags(("a",))), Attribution("a", None, "setting")),
        (Said(("a",), ("7",), tags=Tags(("b",))), Attribution(None, "7", "contradictory")),
        (Said(("a",), ("7",), Tags((), ("8",))), Attribution("a", None, "setting")),
        (Said(("a", "b")), Attribution(None, None, "contradictory")),
        (Said(("a\0",), tags=Tags(("b",))), Attribution(None, None, "invalid")),
        (Said(("x" * 65,)), Attribution(None, None, "invalid")),
        (Said(("ﷺ" * 60,)), Attribution(None, None, "invalid")),
        (Said(("（2026）Ａ",), tags=Tags(("(2026)A ",))), Attribution("(2026)A", None, "setting")),
        (Said(application_name="desk/u/7"), Attribution("u", "7", "application_name")),
        (Said(user="zhang"), Attribution("zhang", None, "user")),
        (Said(certificate="CN=a"), Attribution("CN=a", None, "certificate")),
    ],
)
def test_all_sources_that_say_anything_say_the_same(said, who):
    assert EVERYTHING.attribute(said) == who


def test_a_source_that_is_not_named_is_not_heard():
    said = Said(("a",), ("7",), Tags(("b",), ("8",)), "desk/c/9", "d", "CN=e")
    assert AttributionRule((Source.COMMENT,)).attribute(said) == Attribution("b", "8", "comment")
    assert AttributionRule(()).attribute(said) == Attribution()


@given(st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3), TEXTS, TEXTS)
def test_whatever_is_said_a_name_is_short_and_printable(operators, cases, name, user):
    said = Said(tuple(operators), tuple(cases), Tags(tuple(cases)), name, user)
    who = EVERYTHING.attribute(said)
    for value in (who.operator, who.case):
        assert value is None or (0 < len(value) <= 64 and value.isprintable())
    assert (who.operator is None) == (who.basis in ("unattributed", "contradictory", "invalid"))


@pytest.mark.parametrize(
    ("form", "name", "read"),
    [
        ("{operator}", "u1", ("u1", "")),
        ("desk/{operator}", "desk/u/1", ("u/1", "")),
        ("desk/{operator}/{case}", "desk/u1/7/8", ("u1", "7/8")),
        ("desk/{operator}/{case}", "desk/u1", ("", "")),
        ("desk/{operator}/{case}", "Desk/u1/7", ("", "")),
        ("{case}.{operator}", "7.u.1", ("u.1", "7")),
        ("a.{operator}]x", "axu]x", ("", "")),
        ("a.{operator}]x", "a.u]x", ("u", "")),
    ],
)
def test_a_name_is_read_in_one_way_or_not_at_all(form, name, read):
    assert NameForm(NameForm.as_written(form)).read(name) == read


@given(TEXTS)
def test_any_name_is_read(name):
    operator, case = NameForm("desk/{operator}/{case}").read(name)
    assert (operator, case) == ("", "") or f"desk/{operator}/{case}" == name


@pytest.mark.parametrize(
    "form", ["", "desk", "{case}", "{operator}{case}", "{operator}/{operator}", "{who}{operator}"]
)
def test_a_form_that_could_be_read_in_two_ways_is_none(form):
    with pytest.raises(ValueError):
        NameForm.as_written(form)
