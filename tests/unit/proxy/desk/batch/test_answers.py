"""What a check answers, as bytes: the same for who is sealed and who is clean but the number."""

import csv
import io
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.batch.answers import (
    Answer,
    Answers,
    answer_of,
    csv_file,
    decode_answers,
    encode_answers,
)
from tests.unit.proxy.desk.counter import OTHER, PERSON

FOUND = Answers(
    "xk-20260302-abcdefgh27", 1, "clerk-li", ((PERSON, Answer.NO_RECORD), (OTHER, Answer.RECORD))
)


def test_the_line_binds_the_file_and_is_read_again():
    line = encode_answers(FOUND)
    assert decode_answers(line) == FOUND
    assert json.loads(line)["file_sha256"] == sha256(csv_file(FOUND)).hexdigest()
    assert b"\n" not in line


@pytest.mark.requirement("D11")
def test_the_file_has_number_and_answer_and_no_more():
    text = csv_file(FOUND).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[1:] == [
        [PERSON, "无 / no record to report"],
        [OTHER, "有 / has a record to report"],
    ]
    assert {len(row) for row in rows} == {2}
    assert "clerk-li" not in text


def test_one_boolean_decides():
    assert (answer_of(False), answer_of(True)) == (Answer.NO_RECORD, Answer.RECORD)


@pytest.mark.parametrize(
    "change",
    [
        (b'"no-record"', b'"maybe"'),
        (b'"run":1', b'"run":true'),
        (b'"run":1', b'"run":"1"'),
        (b'"people":[', b'"people":[["1234","record"],'),
        (b'"clerk-li"', b"null"),
        (b"{", b"[{"),
        (b'"version":1', b'"version":2'),
        (b'{"version"', b'{ "version"'),
    ],
)
def test_what_is_no_line_of_ours_is_refused_without_its_text(change):
    line = encode_answers(FOUND)
    assert change[0] in line
    with pytest.raises(ValueError) as refused:
        decode_answers(line.replace(*change, 1))
    assert PERSON not in str(refused.value)


@given(st.binary(max_size=200))
def test_bytes_that_nobody_vouches_for(data):
    with pytest.raises(ValueError, match="no answers"):
        decode_answers(data)


@given(st.lists(st.tuples(st.text(max_size=20), st.sampled_from(Answer)), max_size=5))
def test_numbers_stay_as_they_were_given(people):
    people = [(number.encode(errors="replace").decode(), answer) for number, answer in people]
    found = Answers("xk-1", 3, "li", tuple(people))
    assert decode_answers(encode_answers(found)) == found
    rows = list(csv.reader(io.StringIO(csv_file(found).decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == [number for number, _ in people]
