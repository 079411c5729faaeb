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


@given(messages, st.data())
def test_a_divisible_message_comes_in_pieces_as_soon_as_it_is_there(sent, data):
    stream = b"".join(sent)
    framer, frames, position = Framer(TAGS, {ord("Q")}), [], 0
    while position < len(stream):
        size = data.draw(st.integers(1, len(stream) - position))
        framer.feed(stream[position : position + size])
        frames += taken(framer)
        assert framer.buffered_bytes < 5
        position += size
    assert framer.buffered_bytes == 0
    assert all(encode_message(frame[0], frame[5:]) == frame for frame in frames)
    ends = [frame for frame in frames if frame[:1] == b"S"]
    assert ends == [message for message in sent if message[:1] == b"S"]
    bodies = [message[5:] for message in sent if message[:1] == b"Q"]
    assert b"".join(frame[5:] for frame in frames) == b"".join(bodies)


def test_a_piece_ends_where_its_message_does():
    framer = Framer(TAGS, {ord("Q")})
    framer.feed(b"Q\0\0\0\x08ab")
    assert taken(framer) == [encode_message(ord("Q"), b"ab")]
    framer.feed(b"cdQ\0\0\0\4S\0\0\0\4")
    assert taken(framer) == [
        encode_message(ord("Q"), b"cd"),
        encode_message(ord("Q"), b""),
        encode_message(ord("S"), b""),
    ]


def test_a_divisible_message_has_a_longest_body_all_the_same():
    framer = Framer(TAGS, {ord("Q")})
    framer.feed(b"Q\0\0\0\x44" + b"x" * 64)
    assert len(taken(framer)) == 1
    framer.feed(b"Q\0\0\0\x45")
    with pytest.raises(MessageTooLarge):
        framer.take()


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
