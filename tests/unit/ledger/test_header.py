import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, InvalidDraft
from ledger.header import EntryKind, decode_header, encode_header, judge_header
from tests.unit.ledger.small_log import decision_header

LINE = encode_header(EntryKind.DECISION, decision_header())


def test_a_header_is_one_line_with_its_kind_first():
    assert LINE.startswith(b'{"kind":"decision","verdict":"rewrite",')
    assert b"\n" not in LINE
    assert b'" ' not in LINE
    assert decode_header(LINE) == (EntryKind.DECISION, decision_header())


def test_the_order_of_the_caller_does_not_matter():
    backwards = dict(reversed(decision_header().items()))
    assert encode_header(EntryKind.DECISION, backwards) == LINE


def test_none_and_absent_are_the_same():
    with_none = {**decision_header(), "permit": None}
    assert encode_header(EntryKind.DECISION, with_none) == LINE


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": "x"},
        {"unknown": None},
        {"verdict": None},
        {"verdict": "deny because of Zhang San"},
        {"rule": 'x","verdict":"allow'},
        {"policy": "0" * 63},
    ],
)
def test_what_is_off_the_list_is_refused(change):
    with pytest.raises(InvalidDraft):
        encode_header(EntryKind.DECISION, {**decision_header(), **change})


def test_a_required_field_must_be_there():
    header = decision_header()
    del header["rule"]
    with pytest.raises(InvalidDraft, match="'rule'"):
        encode_header(EntryKind.DECISION, header)


SECOND_SPELLINGS = [
    LINE.replace(b":", b": ", 1),
    LINE.replace(b"{", b'{"kind":"decision",', 1),
    LINE.replace(b'"verdict":"rewrite"', b'"verdict":"allow","verdict":"rewrite"'),
    LINE.replace(b"rewrite", b"rewr\\u0069te"),
    LINE[:-1] + b',"extra":1}',
    LINE + b"\n",
    b" " + LINE,
    LINE.replace(b"decision", b"decisions"),
    LINE.replace(b'"rule":"sealed-rows",', b""),
    b"",
    b"null",
    b'{"kind":"decision"}',
    LINE.replace("刑".encode(), b"\xff"),
]


@pytest.mark.parametrize("line", SECOND_SPELLINGS)
def test_there_is_no_second_spelling(line: bytes):
    with pytest.raises(FormatError):
        judge_header(line)


@given(st.integers(0, len(LINE) - 1), st.binary(max_size=3))
def test_a_line_that_is_accepted_is_what_would_have_been_written(position: int, patch: bytes):
    mutated = LINE[:position] + patch + LINE[position + len(patch) :]
    try:
        kind, header = decode_header(mutated)
    except FormatError:
        return
    assert encode_header(kind, header) == mutated


@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data: bytes):
    with pytest.raises(FormatError):
        judge_header(data)


@given(st.text(max_size=60))
def test_no_text_can_add_a_field(text: str):
    try:
        line = encode_header(EntryKind.DECISION, {**decision_header(), "rule": text})
    except InvalidDraft:
        return
    assert decode_header(line)[1] == {**decision_header(), "rule": text}
