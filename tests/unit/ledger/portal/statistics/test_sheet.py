"""A spreadsheet opens it as it is meant, and runs nothing of it."""

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.statistics.figure import Figure, Section
from ledger.portal.statistics.sheet import TITLES, sheet_of
from ledger.portal.words import Language, Words


def lines(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8-sig")
    return list(csv.reader(StringIO(text, newline="")))


def test_each_figure_is_a_line_in_the_language_asked_for():
    report = [
        Figure(Section.RULES, Words("规则", "rule"), 12),
        Figure(Section.RULES, Words("规则", "rule"), None),
    ]
    data = sheet_of(report, "2026-01-01", "2026-03-31", Language.CHINESE)
    assert data.startswith(b"\xef\xbb\xbf")
    assert lines(data) == [
        ["期间", "2026-01-01 – 2026-03-31", ""],
        ["各规则拒绝次数", "规则", "12"],
        ["各规则拒绝次数", "规则", "不足10或者须一并略去"],
    ]
    assert lines(sheet_of(report, "a", "b", Language.ENGLISH))[1][0] == "Refusals by rule"
    assert set(TITLES) == set(Section)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")))
def test_no_word_of_the_log_is_a_formula(word):
    (_, line) = lines(
        sheet_of([Figure(Section.RULES, Words(word, word), 12)], "", "", Language.CHINESE)
    )
    assert line[1].lstrip("'") == word.lstrip("'")
    assert not line[1].startswith(("=", "+", "-", "@", "\t"))
