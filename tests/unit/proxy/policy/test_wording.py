"""Every rule that refuses says so in Chinese, and nothing else is said."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.portal.proof.fields import SERVING_RULES
from proxy.names import RuleName
from proxy.policy.wording import ENDINGS, SENTENCES, ending_in_chinese, in_chinese

SOURCES = Path(__file__).parents[4] / "proxy"
SERVING = {
    *("nothing-protected", "schema-change", "sealed-rows", "catalogue-columns"),
    *("permitted-rows", "seals-nothing", "statistic", "temporary-relation"),
    "withheld-counts",
}
"""Rules of decisions that pass or strip."""
NOBODY_IS_TOLD = {
    *("client-left", "configuration", "demo", "no-answer", "witness"),
    *("certificate", "desk"),  # they are said at the desk, over HTTP
}
"""Labels of errors that end no connection with a word."""
NAMED_ELSEWHERE = {"rule", "error.kind"}
"""Names that are arguments: of `_refuse` below, and of `NotUnderstood`."""
GRAMMAR_S_WORD = "syntax"
"""The one kind of `NotUnderstood` that has another name as a rule."""


def called(module: ast.Module, *names: str) -> Iterator[ast.expr]:
    """The first argument of every call of these functions."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in names:
                yield first


def constants(argument: ast.expr) -> Iterator[str]:
    """The names that an argument may have; it must not be computed in another way than these."""
    match argument:
        case ast.Constant(value=str() as name):
            yield name
        case ast.IfExp(body=body, orelse=orelse):
            yield from constants(body)
            yield from constants(orelse)
        case _:
            assert ast.unparse(argument) in NAMED_ELSEWHERE, ast.unparse(argument)


def names_in(text: str) -> set[str]:
    """Every rule that a source names."""
    module = ast.parse(text)
    found = {name for each in called(module, "RuleName") for name in constants(each)}
    for argument in (*called(module, "NotUnderstood"), *called(module, "_refuse")):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            found.add(argument.value)
    return found - {GRAMMAR_S_WORD}


def every_name() -> set[str]:
    texts = (path.read_text(encoding="utf-8") for path in sorted(SOURCES.rglob("*.py")))
    return set().union(*map(names_in, texts))


def test_a_supervisor_is_told_of_every_rule_that_serves():
    assert SERVING_RULES.keys() == SERVING


def test_every_rule_that_refuses_has_a_sentence_and_every_sentence_its_rule():
    refusing = every_name() - SERVING
    assert refusing - SENTENCES.keys() == set(), "say it in Chinese in proxy/policy/wording.py"
    assert SENTENCES.keys() - refusing == set(), "no rule is called that"


def test_the_rules_that_serve_are_there_and_have_none():
    assert every_name() >= SERVING
    assert all(in_chinese(RuleName(name)) is None for name in SERVING)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('RuleName("a")', {"a"}),
        ('Refusal(RuleName("a" if x else "b"), "why")', {"a", "b"}),
        ('RuleName(error.kind if error.kind != "syntax" else "c")', {"c"}),
        ('raise NotUnderstood("too-long", f"longer than {n}")', {"too-long"}),
        ('NO: Final = _refuse("d", "why")', {"d"}),
    ],
)
def test_a_name_is_found_however_it_is_given(text, names):
    assert names_in(text) == names


@pytest.mark.parametrize("text", ["RuleName(name)", 'RuleName("a" + b)', "RuleName(f'{a}')"])
def test_a_name_that_cannot_be_found_is_noticed(text):
    with pytest.raises(AssertionError):
        names_in(text)


def test_every_error_that_a_client_can_be_told_of_has_a_sentence():
    labels = {
        node.value.value
        for path in sorted(SOURCES.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and ast.unparse(getattr(node, "target", None) or node.targets[0]) == "label"
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }
    assert labels - NOBODY_IS_TOLD == ENDINGS.keys()
    assert all(ending_in_chinese(label) is None for label in NOBODY_IS_TOLD)


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [*SENTENCES.items(), *ENDINGS.items()],
    ids=[*SENTENCES, *(f"ending-{label}" for label in ENDINGS)],
)
def test_a_sentence_is_one_line_says_what_to_do_and_fits_every_encoding_for_chinese(rule, sentence):
    assert sentence in (in_chinese(RuleName(rule)), ending_in_chinese(rule))
    assert sentence.endswith("。")
    assert "；请" in sentence
    assert sentence.isprintable()
    for codec in ("utf-8", "gbk", "gb18030", "gb2312"):
        assert sentence.encode(codec).decode(codec) == sentence


def test_sentences_are_kept_in_order_and_say_different_things():
    assert list(SENTENCES) == sorted(SENTENCES)
    assert list(ENDINGS) == sorted(ENDINGS)
    assert len({*SENTENCES.values(), *ENDINGS.values()}) == len(SENTENCES) + len(ENDINGS)
