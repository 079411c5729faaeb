"""Pages: escaped, in one of two languages, with times of Beijing."""

import pytest

from ledger.portal import rendering
from ledger.portal.rendering import STATIC, beijing, page
from ledger.portal.words import Language


@pytest.fixture
def template(monkeypatch):
    monkeypatch.setitem(rendering._TEXTS, "x.html", "{{ t('查', 'look') }} {{ value }}")


def test_what_is_put_in_is_escaped(template):
    text = page("x.html", Language.CHINESE, {"value": "<script>'\"&"}).text
    assert text == "查 &lt;script&gt;&#39;&#34;&amp;"
    assert page("x.html", Language.ENGLISH, {"value": 1}).text == "look 1"


def test_times_are_those_of_beijing():
    assert beijing("2025-12-31T16:00:00.000Z") == "2026-01-01 00:00:00"
    assert beijing("") == "—"


@pytest.mark.parametrize(
    ("seconds", "chinese"),
    [(-5, "刚刚"), (59, "刚刚"), (60, "1 分钟前"), (7_199, "119 分钟前"), (7_200, "2 小时前"),
     (172_799, "47 小时前"), (172_800, "2 天前")],
)  # fmt: skip
def test_how_long_ago(seconds, chinese):
    assert rendering._ago(1_000.0, 1_000.0 + seconds, lambda text, _: text) == chinese


def test_files_are_named_once():
    assert {"portal.css", "live.js"} <= STATIC.keys()


def test_no_template_leaves_escaping_out():
    for name, text in rendering._TEXTS.items():
        assert "|safe" not in text.replace(" ", ""), name
        assert "autoescape" not in text, name
