import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.wal import (
    SEGMENT_HEADER_BYTES,
    Frame,
    SegmentHeader,
    WalDamaged,
    decode_frame,
    decode_segment_header,
    encode_frame,
    encode_segment_header,
    join_segments,
    scan_segment,
    segment_name,
)

ORIGIN = "ledger.example/agency1"
HEADER = SegmentHeader(ORIGIN, 3, b"r" * 32, 1)
ENCODED_HEADER = encode_segment_header(HEADER)

items = st.lists(st.tuples(st.binary(max_size=60), st.binary(max_size=60)), min_size=1, max_size=4)


def frame(first_index: int, count: int = 2, mark: bytes = b"") -> Frame:
    entries = tuple(b"entry %d" % (first_index + offset) + mark for offset in range(count))
    return Frame(first_index, entries, (b"c",) * count, b"checkpoint")


def segment(first_index: int, *frames: Frame, spare_bytes: int = 64) -> tuple[str, bytes]:
    header = encode_segment_header(SegmentHeader(ORIGIN, first_index, bytes(32), 1))
    body = b"".join(map(encode_frame, frames))
    return segment_name(first_index), header + body + bytes(spare_bytes)


@given(st.integers(0, 2**60), items, st.binary(max_size=60))
def test_frames_survive_the_round_trip(first_index: int, pairs, note: bytes):
    entries, ciphertexts = zip(*pairs, strict=True)
    made = Frame(first_index, entries, ciphertexts, note)
    encoded = encode_frame(made)
    assert len(encoded) % 8 == 0
    assert decode_frame(encoded) == (made, len(encoded))
    assert made.end_index == first_index + len(entries)


@given(st.data())
def test_no_flipped_bit_in_a_frame_goes_unnoticed(data: st.DataObject):
    encoded = bytearray(encode_frame(frame(5)))
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(FormatError):
        decode_frame(bytes(encoded))


@given(st.binary(max_size=400))
def test_any_bytes_are_judged_as_a_segment(data: bytes):
    with pytest.raises(FormatError):
        decode_frame(data)
    with pytest.raises(FormatError):
        decode_segment_header(data, ORIGIN)
    frames, _ = scan_segment(ENCODED_HEADER + data, 3)
    assert frames == []


def test_a_segment_header_survives_and_is_bound_to_its_log():
    assert len(ENCODED_HEADER) == SEGMENT_HEADER_BYTES
    assert decode_segment_header(ENCODED_HEADER, ORIGIN) == HEADER
    with pytest.raises(FormatError, match="another log"):
        decode_segment_header(ENCODED_HEADER, "other.example/a")


@given(st.integers(0, SEGMENT_HEADER_BYTES - 1), st.integers(1, 255))
def test_no_flipped_byte_in_a_header_goes_unnoticed(position: int, mask: int):
    damaged = bytearray(ENCODED_HEADER)
    damaged[position] ^= mask
    with pytest.raises(FormatError):
        decode_segment_header(bytes(damaged), ORIGIN)


@given(st.data())
def test_a_torn_last_frame_is_cut_and_the_rest_stays(data: st.DataObject):
    _, whole = segment(0, frame(0), frame(2), frame(4), spare_bytes=0)
    last = len(encode_frame(frame(4)))
    kept = data.draw(st.integers(1, last - 1))
    torn = whole[: len(whole) - last + kept].ljust(len(whole), b"\0")
    if torn == whole:
        return
    frames, torn_bytes = scan_segment(torn, 0)
    assert frames == [frame(0), frame(2)]
    assert torn_bytes > 0


@pytest.mark.parametrize("broken", [0, 1])
def test_a_broken_frame_before_a_whole_one_is_damage(broken: int):
    _, data = segment(0, frame(0), frame(2), frame(4))
    position = SEGMENT_HEADER_BYTES + broken * len(encode_frame(frame(0))) + 40
    damaged = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    with pytest.raises(WalDamaged) as damage:
        scan_segment(damaged, 0)
    assert damage.value.index == 2 * broken


def test_segments_continue_each_other():
    joined = join_segments([segment(0, frame(0)), segment(2, frame(2), frame(4))], ORIGIN)
    assert joined.frames == (frame(0), frame(2), frame(4))
    assert (joined.end_index, joined.torn_bytes) == (6, 0)


def test_a_copy_made_by_recovery_replaces_what_it_repeats():
    joined = join_segments([segment(0, frame(0), frame(2)), segment(2, frame(2))], ORIGIN)
    assert joined.frames == (frame(0), frame(2))


def test_of_a_copy_and_what_it_replaces_the_longer_counts():
    """Killed before a sync, recovered into the first, and then the power failed: the second lost
    what was never synced, and its removal."""
    copy = segment(2, frame(2), frame(4), frame(6))
    for remains in ([], [frame(4)]):
        joined = join_segments([copy, segment(4, *remains)], ORIGIN)
        assert joined.frames == (frame(2), frame(4), frame(6))
        assert joined.end_index == 8


def test_an_empty_segment_tells_where_the_log_ends():
    assert join_segments([segment(7)], ORIGIN).end_index == 7
    assert join_segments([], ORIGIN).end_index == 0


@pytest.mark.parametrize(
    "segments",
    [
        [segment(0, frame(0)), segment(4, frame(4))],
        [segment(0, frame(0), frame(2)), segment(2, frame(2, mark=b"!"))],
        [(segment_name(1), segment(0, frame(0))[1])],
        [(segment_name(0), b"short")],
    ],
    ids=["gap", "contradiction", "misnamed", "no header"],
)
def test_segments_that_do_not_fit_are_damage(segments):
    with pytest.raises(WalDamaged):
        join_segments(segments, ORIGIN)
