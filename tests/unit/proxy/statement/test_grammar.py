import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.statement.grammar import NotUnderstood, TextLimits, parse, scan


def scanned(text, limits=None):
    return scan(text, text.encode(), limits or TextLimits())


@pytest.mark.parametrize(
    ("limits", "fits", "passes", "kind"),
    [
        (TextLimits(text_bytes_max=8), "SELECT 1", "SELECT 12", "too-long"),
        (TextLimits(text_bytes_max=9), "SELECT 12", "SELECT '中'", "too-long"),
        (TextLimits(tokens_max=2), "SELECT 1", "SELECT -1", "too-many-tokens"),
        (TextLimits(nesting_max=2), "SELECT ((1))", "SELECT (((1)))", "too-deep"),
    ],
    ids=["bytes", "bytes-not-characters", "tokens", "nesting"],
)
def test_every_limit_holds_at_its_edge(limits, fits, passes, kind):
    scanned(fits, limits)
    with pytest.raises(NotUnderstood) as refused:
        scanned(passes, limits)
    assert refused.value.kind == kind


def test_a_nul_character_is_not_text():
    with pytest.raises(NotUnderstood, match="NUL"):
        scanned("SELECT 1\0; SELECT 2")


def test_comments_are_no_tokens_and_quoted_names_no_keywords():
    tokens = scanned('SELECT /* x */ "WHERE" -- y')
    assert [token.word for token in tokens] == ["SELECT", ""]


def test_statements_know_their_bytes():
    text = "SELECT '中'; SELECT 2"
    first, second = parse(text, text.encode())
    assert text.encode()[first.span.start : first.span.end].decode() == "SELECT '中'"
    assert text.encode()[second.span.start : second.span.end].decode().strip() == "SELECT 2"


def test_a_tree_deeper_than_can_be_judged_is_refused_and_does_no_harm():
    text = "SELECT " + "+".join(["1"] * 5000)
    with pytest.raises(NotUnderstood) as refused:
        parse(text, text.encode())
    assert refused.value.kind == "too-deep"


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(NotUnderstood):
        assert scanned(text) == scanned(text)
        parse(text, text.encode())
