"""What is read out of a payload, which may hold anything."""

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.proof.statement import (
    TEXT_CHARACTERS_MAX,
    VALUES_MAX,
    Statement,
    in_lines,
    read_statement,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
NAMES = st.sampled_from(
    ["text", "sent", "text_base64", "text_start", "parameters", "operator", "case", "user"]
)
SQL = st.lists(
    st.sampled_from(
        [
            *("SELECT", "from", "Where", "order by", "left join", "'from where'", '"from"'),
            *("e'\\' from'", "$a$ from $a$", "-- from\n", "/* from */", "'", "$$", "\n", "\t", ";"),
            *("人", "x"),
        ]
    )
).map(" ".join)  # fmt: skip


def read(**row: object) -> Statement:
    return read_statement(json.dumps(row).encode())


def test_clauses_begin_lines():
    told = in_lines("SELECT a FROM t LEFT JOIN u ON x WHERE b = 1 AND c ORDER BY a LIMIT 3")
    assert told == "SELECT a\nFROM t\nLEFT JOIN u ON x\nWHERE b = 1 AND c\nORDER BY a\nLIMIT 3"


@pytest.mark.parametrize(
    "quoted",
    ["' from x '", "'it''s from x'", '" from x "', "E'\\' from x'", "$a$ from x $a$",
     "/* from x */", "-- from x"],
)  # fmt: skip
def test_what_stands_in_quotes_is_not_broken(quoted: str):
    assert in_lines(f"SELECT {quoted}") == f"SELECT {quoted}"


@given(SQL | st.text())
def test_only_white_space_becomes_another(text: str):
    told = in_lines(text)
    assert "".join(told.split()) == "".join(text.split())
    assert len(told.split()) == len(text.split())


def test_a_text_of_another_encoding_is_read():
    told = read(text_base64=b64encode(b"SELECT '\xb7'").decode())
    assert told.text == "SELECT '\ufffd'"


def test_a_text_that_was_cut_says_so():
    told = read(text_start="SELECT 1", text_bytes=10**6, text_sha256="0" * 64)
    assert (told.text, told.cut, told.raw) == ("SELECT 1", True, None)


def test_what_was_sent_is_shown_where_it_is_another():
    assert read(text="a", sent="a").sent == ""
    assert read(text="a", sent="b").sent == "b"


def test_parameters():
    values = [b64encode(b"abc").decode(), None, b64encode(b"\xff").decode(), "no base64", 7]
    told = read(text="x", parameters={"formats": [], "values": values})
    assert [each.shown for each in told.values] == ["abc", "NULL", "0xff", "\ufffd", "\ufffd"]
    binary = read(text="x", parameters={"formats": [1], "values": values[:1]})
    assert binary.values[0].shown == "0x616263"
    many = read(text="x", parameters={"formats": [0], "values": [None] * 10_000})
    assert len(many.values) == VALUES_MAX


def test_a_payload_that_is_no_statement_is_shown_whole():
    assert read_statement(b"\xff\x1b[2J").other == "\ufffd\ufffd[2J"
    assert '"a": 1' in read(a=1).other


def test_what_is_too_long_to_read_is_cut():
    told = read(text="x" * (TEXT_CHARACTERS_MAX + 1))
    assert len(told.lines) == TEXT_CHARACTERS_MAX + 1
    assert told.cut
    assert told.raw == "x" * (TEXT_CHARACTERS_MAX + 1)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode())
       | st.dictionaries(NAMES, JSON).map(lambda row: json.dumps(row).encode()))  # fmt: skip
def test_nothing_keeps_it_from_being_read(payload: bytes):
    told = read_statement(payload)
    for text in (told.lines, told.text, told.sent, told.other, *(v.shown for v in told.values)):
        assert all(c.isprintable() or c in "\n\t" for c in text)


def test_deep_nesting_is_read_as_text():
    assert read_statement(b"[" * 100_000).other.startswith("[[")
