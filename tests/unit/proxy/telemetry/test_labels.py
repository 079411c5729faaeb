from hypothesis import given
from hypothesis import strategies as st

from proxy.telemetry.labels import OTHER, TOKEN, TokenSet


def test_a_rule_name_is_its_own_label():
    assert TokenSet(distinct_max=1).label("bulk-rows") == "bulk-rows"


def test_text_that_is_no_token_becomes_other():
    tokens = TokenSet(distinct_max=64)
    for text in ("", "张三", "select 1", "Name", "a\n", "a" * 41, "rule_1"):
        assert tokens.label(text) == OTHER, text


def test_the_cap_holds_and_admitted_tokens_keep_their_label():
    tokens = TokenSet(distinct_max=2)
    assert [tokens.label(name) for name in ("a", "b", "c", "a", "b")] == ["a", "b", OTHER, "a", "b"]


@given(st.lists(st.text(max_size=50) | st.from_regex(TOKEN, fullmatch=True), max_size=50))
def test_labels_are_few_and_always_tokens_whatever_comes(texts):
    labels = {TokenSet(distinct_max=8).label(text) for text in texts}
    shared = TokenSet(distinct_max=8)
    capped = {shared.label(text) for text in texts}
    assert all(TOKEN.fullmatch(label) for label in labels | capped)
    assert len(capped - {OTHER}) <= 8
