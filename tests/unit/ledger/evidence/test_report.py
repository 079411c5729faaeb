"""The report shows text that its senders chose."""

from html.parser import HTMLParser

import pytest

from ledger.entry import Entry, PayloadReference
from ledger.evidence.proven import ProvenEntry
from ledger.evidence.report import (
    PAGE_END,
    PAGE_ENTRIES_MAX,
    PAYLOAD_CHARACTERS_MAX,
    Summary,
    encoded,
    page_head,
    page_row,
    text_head,
    text_row,
)
from ledger.fields import EntryKind
from tests.unit.ledger.small_log import decision_header

HOSTILE = '</pre><script>alert(1)</script><img src=x onerror="y">&\x1b[2J\u202e'


def proven(ciphertext: bytes = b"c", **header) -> ProvenEntry:
    reference = PayloadReference(2, 1, bytes(32))
    values = {**decision_header(), **header}
    entry = Entry(
        EntryKind.DECISION, "o", "p1", 7, b"", "2026-01-01T00:00:00.000Z", values, reference
    )
    return ProvenEntry(7, b"", entry, (), ciphertext)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("where", ["payload", "header", "summary"])
def test_nothing_of_someone_elses_text_becomes_markup(where):
    summary = Summary([("l", HOSTILE if where == "summary" else "v")], 1)
    header = {"article": HOSTILE} if where == "header" else {}
    payload = HOSTILE.encode() if where == "payload" else b"{}"
    page = "".join([*page_head(summary), page_row(proven(**header), payload), PAGE_END])
    seen = Tags(page)
    allowed = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "table", "tr", "th",
               "td", "code", "ul", "li", "thead", "tbody", "pre"}  # fmt: skip
    assert seen.tags <= allowed
    assert seen.attributes <= {"lang", "charset", "http-equiv", "content"}
    assert "<script>alert(1)</script>" in seen.text
    assert not {"\x1b", "\u202e"} & set(page)
    text = "".join([*text_head(summary), text_row(proven(**header))])
    assert not {"\x1b", "\u202e"} & set(text)


def test_the_page_asks_for_nothing_outside():
    head = "".join(page_head(Summary([], 0)))
    assert "default-src 'none'" in head
    assert "http:" not in head
    assert "https:" not in head
    assert "@media print" in head


def test_an_entry_is_one_line_of_text():
    assert text_row(proven(article="a\nb")).count("\n") == 1
    assert "not in this copy" in text_row(proven(b""))
    assert "not in this copy" not in text_row(proven())


def test_what_is_too_much_is_said_to_be_elsewhere():
    assert "opened/" in page_row(proven(), b"x" * (PAYLOAD_CHARACTERS_MAX + 1))
    assert "opened/" not in page_row(proven(), b"x" * PAYLOAD_CHARACTERS_MAX)
    assert "report.txt" in "".join(page_head(Summary([], PAGE_ENTRIES_MAX + 1)))
    assert list(encoded(["记"])) == ["记".encode()]
