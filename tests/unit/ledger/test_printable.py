import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.printable import as_json_line, many_lines, one_line, pretty

HOSTILE = "a\x1b[2J\u202eb\x07\u200bc\x9b31m"


@given(st.text())
def test_one_line_is_one_printable_line(text: str):
    assert one_line(text).isprintable()
    assert len(one_line(text)) == len(text)


@given(st.text())
def test_only_line_feeds_and_tabs_stay(text: str):
    assert many_lines(text).replace("\n", "").replace("\t", "").isprintable()


@given(st.recursive(st.text() | st.integers(), lambda each: st.dictionaries(st.text(), each)))
def test_json_is_printable_and_unchanged(value: object):
    line = as_json_line(value)
    assert line.isprintable()
    assert json.loads(line) == value


@pytest.mark.parametrize("payload", [HOSTILE.encode(), json.dumps({"sql": HOSTILE}).encode()])
def test_a_payload_steers_no_terminal(payload: bytes):
    assert not {"\x1b", "\u202e", "\x07", "\u200b", "\x9b"} & set(pretty(payload))


def test_a_payload_is_indented_where_it_is_json():
    assert pretty('{"sql":"选"}'.encode()) == '{\n  "sql": "选"\n}'
    assert pretty(b"SELECT 1") == "SELECT 1"
    assert pretty(b"\xff") == "\ufffd"
    assert pretty(b"[" * 100_000)
