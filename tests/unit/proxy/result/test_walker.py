"""Chunks in any cutting are the same messages, rows are counted once, and no byte is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import UpstreamUnavailable
from proxy.result.walker import Walker
from proxy.wire.postgres.backend import COPY_DATA, DATA_ROW, encode_message

COMPLETE, READY = ord("C"), ord("Z")
TAGS = {COMPLETE: 40, READY: 1}
rows = st.binary(min_size=2, max_size=60).map(lambda body: encode_message(DATA_ROW, body))
copied = st.binary(max_size=60).map(lambda body: encode_message(COPY_DATA, body))
others = st.one_of(
    st.binary(max_size=40).map(lambda body: encode_message(COMPLETE, body)),
    st.just(encode_message(READY, b"I")),
)
streams = st.lists(st.one_of(rows, rows, copied, others), max_size=10)


@given(streams, st.data())
def test_any_chunking_gives_the_same_messages_rows_and_bytes(messages, data):
    stream = b"".join(messages)
    walker, position = Walker(TAGS), 0
    seen, rows_count, whole, out = [], 0, True, []
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        walk = walker.feed(stream[position : position + size])
        position += size
        expected = 0
        for stretch in walk.stretches:
            assert stretch.start == expected
            expected = stretch.end
            rows_count += stretch.rows_count
            if stretch.tag != DATA_ROW:
                seen.append(walk.data[stretch.start : stretch.end])
        assert expected == walk.end
        out.append(walk.data[: walk.end])
        if walk.end:
            whole = walk.whole
    assert b"".join(out) == stream
    assert whole
    assert seen == [message for message in messages if message[0] not in (DATA_ROW, COPY_DATA)]
    assert rows_count == sum(message[0] in (DATA_ROW, COPY_DATA) for message in messages)


def test_a_chunk_without_cuts_is_the_very_object_that_came():
    chunk = encode_message(DATA_ROW, b"\0\1" + b"x" * 1000) * 3
    walk = Walker(TAGS).feed(chunk)
    assert walk.data is chunk
    assert [(s.rows_count, s.start, s.end) for s in walk.stretches] == [(3, 0, len(chunk))]


def test_the_beginning_of_a_row_is_passed_on_and_known_to_be_open():
    row = encode_message(DATA_ROW, b"\0\1" + b"x" * 100)
    walker = Walker(TAGS)
    first = walker.feed(row[:30])
    assert (first.end, first.whole, first.stretches[0].rows_count) == (30, False, 1)
    second = walker.feed(row[30:])
    assert (second.whole, second.stretches[0].rows_count) == (True, 0)


@pytest.mark.parametrize(
    "data",
    [b"G\0\0\0\4", b"C\0\0\0\x2d", b"C\0\0\0\3", b"D\0\0\0\5", b"C\xff\xff\xff\xff"],
    ids=["off-the-list", "too-long", "too-short", "row-without-a-count", "negative"],
)
def test_messages_outside_the_protocol_end_the_walk_for_good(data):
    walker = Walker(TAGS)
    with pytest.raises(UpstreamUnavailable):
        walker.feed(data)
    with pytest.raises(UpstreamUnavailable):
        walker.feed(encode_message(READY, b"I"))


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_arbitrary_bytes_raise_nothing_else(chunks):
    walker = Walker(TAGS)
    try:
        for chunk in chunks:
            walker.feed(chunk)
    except UpstreamUnavailable:
        return
