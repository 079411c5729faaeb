"""What is printed can be read again, numbers and Chinese alike, and it is no more than that."""

import io

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.portal.statistics.figure import SMALL, Figure, Section, for_outside
from ledger.portal.statistics.printed import Basis, Cover, print_of
from ledger.portal.words import Language, Words

ROOT = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
COVER = Cover(
    "2026-01-01",
    "2026-03-31",
    "2026-04-01 08:30:00",
    [
        Basis("法院（虚构）", "court.example/log", 12_345, 12_400, ROOT),
        Basis("公安", "police.example/log", None, None, None),
    ],
)
REPORT = [
    Figure(Section.ACCESS, Words("访问请求", "Statements"), 4_321),
    Figure(Section.PERMITS, Words("受理查询申请", "Applications received"), 7),
    Figure(Section.PERMITS_BY_MONTH, Words("2026-03 应办结", "2026-03 due"), 20, row="2026-03"),
    Figure(Section.PERMITS_BY_MONTH, Words("2026-03 按期", "2026-03 in time"), 17, row="2026-03"),
    Figure(Section.PERMITS_BY_MONTH, Words("2026-03 逾期", "2026-03 late"), 3, row="2026-03"),
]


def read(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_figures_and_what_they_rest_on_are_there_in_chinese():
    text = read(print_of(for_outside(REPORT), COVER, Language.CHINESE))
    for words in (
        *("封存记录查询监督统计", "供参考", "2026-01-01 – 2026-03-31", "2026-04-01 08:30:00"),
        *("法院（虚构）", "court.example/log", "12,345", "12,400", ROOT, "公安"),
        *("访问请求", "4,321", "查询申请按期办结（按月）", "一律略去", "不是证据"),
    ):
        assert words in text
    assert text.count(f"不足{SMALL}或者须一并略去") == 4


def test_what_is_withheld_is_nowhere_in_the_file():
    lines = read(print_of(for_outside(REPORT), COVER, Language.ENGLISH)).splitlines()
    assert not {"7", "3", "17", "20"} & {line.split()[-1] for line in lines if line.split()}
    kept = read(print_of(REPORT, COVER, Language.ENGLISH)).splitlines()
    assert {"7", "3", "17", "20"} <= set(kept)
    assert "For reference only" in "".join(lines)
    assert not [line for line in lines if "访问" in line]


def test_a_long_report_goes_on_to_the_next_page():
    many = [Figure(Section.RULES, Words(f"规则{n}", f"rule-{n}"), 100 + n) for n in range(120)]
    pdf = pypdf.PdfReader(io.BytesIO(print_of(many, COVER, Language.CHINESE)))
    assert len(pdf.pages) >= 3
    text = "\n".join(page.extract_text() for page in pdf.pages)
    for n in range(120):
        assert text.split(f"规则{n}\n")[1].split()[0] == str(100 + n)
    for number, page in enumerate(pdf.pages, 1):
        assert f"供参考  {number}" in page.extract_text()


def test_the_file_names_nobody_and_says_no_more_of_where_it_was_made():
    pdf = pypdf.PdfReader(io.BytesIO(print_of(REPORT, COVER, Language.CHINESE)))
    assert pdf.metadata is not None
    assert pdf.metadata.author in (None, "")
    assert pdf.metadata.title == "封存记录查询监督统计"
    assert pdf.attachments == {}


@pytest.mark.parametrize("word", ["很" * 300, "\U0002a700 rule", "\u202e()\\", "x" * 200])
def test_a_word_of_the_log_that_does_not_fit_takes_no_number_away(word):
    report = [Figure(Section.RULES, Words(word, word), 4_242)]
    assert "4,242" in read(print_of(report, COVER, Language.CHINESE))


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40), st.integers(0, 10**9))
def test_whatever_a_rule_is_called_it_is_printed(word, number):
    text = read(
        print_of([Figure(Section.RULES, Words(word, word), number)], COVER, Language.CHINESE)
    )
    assert f"{number:,}" in text
