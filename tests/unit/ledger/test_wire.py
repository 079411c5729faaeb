import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, InvalidDraft
from ledger.wire import (
    DRAFTS_MAX,
    HELLO,
    PAYLOAD_BYTES_MAX,
    SUBMISSION_BYTES_MAX,
    Acknowledgement,
    CosignedCheckpoint,
    ReceiptReader,
    SubmissionReader,
    decode_submission,
    encode_cosigned,
    encode_receipt,
    encode_submission,
)
from tests.unit.ledger.small_log import decision

payloads = st.none() | st.binary(max_size=200)
receipts = st.builds(
    Acknowledgement, st.integers(0, 2**60), st.integers(1, 4096), st.integers(0, 2**60)
)


def chunked(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(st.lists(payloads, min_size=1, max_size=4), max_size=5), st.lists(st.integers(0)))
def test_submissions_arrive_the_same_in_any_chunking(batches, cuts):
    data = b"".join(
        encode_submission([decision(payload=payload) for payload in batch]) for batch in batches
    )
    reader, arrived = SubmissionReader(), []
    for chunk in chunked(data, cuts):
        reader.feed(chunk)
        arrived += list(reader.submissions())
    assert [[draft.payload for draft in drafts] for drafts in arrived] == batches


@given(st.lists(st.binary(max_size=300) | payloads, max_size=5), st.lists(st.integers(0)))
def test_what_a_courier_brings_is_told_apart_from_submissions(sent, cuts):
    data = b"".join(
        encode_submission([decision(payload=None)]) if each is None else encode_cosigned(each)
        for each in sent
    )
    reader, arrived = SubmissionReader(), []
    for chunk in chunked(data, cuts):
        reader.feed(chunk)
        arrived += list(reader.submissions())
    found = [each.note if isinstance(each, CosignedCheckpoint) else None for each in arrived]
    assert found == sent


def test_what_a_courier_brings_is_no_longer_than_a_submission():
    reader = SubmissionReader()
    reader.feed((SUBMISSION_BYTES_MAX + 1).to_bytes(4) + bytes(4))
    with pytest.raises(FormatError):
        list(reader.submissions())


@given(st.lists(receipts, max_size=8), st.lists(st.integers(0)))
def test_receipts_arrive_the_same_in_any_chunking(sent, cuts):
    reader, arrived = ReceiptReader(), []
    for chunk in chunked(HELLO + b"".join(map(encode_receipt, sent)), cuts):
        reader.feed(chunk)
        arrived += reader.receipts()
    assert reader.greeted
    assert arrived == sent


@given(st.binary(max_size=200))
def test_any_body_is_a_submission_or_is_refused(body: bytes):
    with pytest.raises(FormatError):
        decode_submission(body)


@given(st.binary(min_size=1, max_size=40).filter(lambda data: data[0] != HELLO[0]))
def test_who_does_not_greet_like_a_notary_is_refused(data: bytes):
    reader = ReceiptReader()
    reader.feed(data)
    with pytest.raises(FormatError):
        reader.receipts()


def test_an_impossible_length_is_refused_before_memory_is_taken():
    reader = SubmissionReader()
    reader.feed(b"\xff\xff\xff\xff")
    with pytest.raises(FormatError):
        list(reader.submissions())


@pytest.mark.parametrize(
    "drafts",
    [[], [decision()] * (DRAFTS_MAX + 1), [decision(payload=bytes(PAYLOAD_BYTES_MAX + 1))]],
    ids=["empty", "too many", "too large"],
)
def test_a_batch_outside_the_limits_is_the_callers_fault(drafts):
    with pytest.raises(InvalidDraft):
        encode_submission(drafts)


def test_a_submission_over_the_limit_is_refused():
    with pytest.raises(InvalidDraft):
        encode_submission([decision(payload=bytes(PAYLOAD_BYTES_MAX))] * 17)
