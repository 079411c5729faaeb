"""Any chunking gives the same frames, and nothing off the list is ever a frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ProtocolViolation
from proxy.wire.postgres.backend import encode_message
from proxy.wire.postgres.framer import Framer, MessageTooLarge

TAGS = {ord("Q"): 64, ord("S"): 0}
messages = st.lists(
    st.one_of(
        st.binary(max_size=64).map(lambda body: encode_message(ord("Q"), body)),
        st.just(encode_message(ord("S"), b"")),
    ),
    max_size=8,
)


def taken(framer):
    frames = []
    while (frame := framer.take()) is not None:
        frames.append(frame.raw)
    return frames


@given(messages, st.data())
def test_any_chunking_gives_the_same_frames(sent, data):
    stream = b"".join(sent)
    framer, frames, position = Framer(TAGS), [], 0
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        framer.feed(stream[position : position + size])
        frames += taken(framer)
        position += size
    assert frames == sent
    assert framer.buffered_bytes == 0


@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_frames_of_the_list_or_a_violation(data):
    framer = Framer(TAGS)
    framer.feed(data)
    try:
        frames = taken(framer)
    except ProtocolViolation:
        return
    assert b"".join(frames) == data[: len(data) - framer.buffered_bytes]
    assert all(frame[0] in TAGS for frame in frames)


@pytest.mark.parametrize(
    "head",
    [b"d\0\0\0\4", b"Q\0\0\0\3", b"Q\0\0\0\0", b"Q\xff\xff\xff\xff", b"Q\0\0\0\x45", b"S\0\0\0\5"],
    ids=["off-the-list", "3", "0", "negative", "one-too-long", "body-where-none"],
)
def test_a_bad_header_is_refused_before_its_body_is_there(head):
    framer = Framer(TAGS)
    framer.feed(head)
    with pytest.raises(ProtocolViolation):
        framer.take()


def test_a_broken_framer_stays_broken():
    framer = Framer(TAGS)
    framer.feed(b"?\0\0\0\4")
    with pytest.raises(ProtocolViolation):
        framer.take()
    framer.feed(encode_message(ord("S"), b""))
    with pytest.raises(ProtocolViolation):
        framer.take()


def test_too_large_says_so_with_its_own_sqlstate():
    framer = Framer(TAGS)
    framer.feed(b"Q\x7f\xff\xff\xff")
    with pytest.raises(MessageTooLarge) as caught:
        framer.take()
    assert caught.value.sqlstate == "54000"


def test_the_rest_is_what_was_not_taken():
    framer = Framer(TAGS)
    framer.feed(encode_message(ord("S"), b"") + b"Q\0")
    framer.take()
    assert (framer.rest(), framer.buffered_bytes) == (b"Q\0", 0)
