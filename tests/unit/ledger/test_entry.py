import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import (
    NO_PREVIOUS,
    PayloadReference,
    check_proxy_id,
    entry_key_name,
    entry_text,
    format_time,
    parse_entry,
)
from ledger.errors import FormatError
from ledger.header import EntryKind, encode_header
from ledger.note import verify_note
from tests.unit.ledger.small_log import ORIGIN, START_MS, decision_header, notary_keys

KEYS = notary_keys()
REFERENCE = PayloadReference(1, 272, bytes(32))


def text(payload: PayloadReference | None = REFERENCE, sequence: int = 7) -> bytes:
    return entry_text(
        kind=EntryKind.DECISION,
        origin=ORIGIN.encode(),
        proxy_id=b"p1",
        sequence=sequence,
        previous=NO_PREVIOUS,
        time=format_time(START_MS),
        header_line=encode_header(EntryKind.DECISION, decision_header()),
        payload=payload,
    )


SIGNED = KEYS.entry.signer()(text())


@pytest.mark.parametrize("payload", [None, REFERENCE])
def test_what_was_written_is_read_back(payload: PayloadReference | None):
    entry, note = parse_entry(KEYS.entry.signer()(text(payload)))
    assert verify_note(note, [KEYS.entry.verifier])
    assert (entry.kind, entry.origin, entry.proxy_id) == (EntryKind.DECISION, ORIGIN, "p1")
    assert (entry.sequence, entry.previous, entry.payload) == (7, NO_PREVIOUS, payload)
    assert (entry.time, entry.header) == ("2026-01-01T00:00:00.000Z", decision_header())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ledger-entry/v1", b"ledger-genesis/v1"),
        (b"ledger-entry/v1", b"ledger-entry/v2"),
        (b"p1 7 ", b"p1 07 "),
        (b"p1 7 ", b"P1 7 "),
        (b"p1 7 ", b"p1  7 "),
        (b"2026-01-01T", b"2026-01-01 "),
        (b"payload chacha20poly1305-epoch 1", b"payload chacha20poly1305-epoch 01"),
        (b"payload chacha", b"payload  chacha"),
        (b'"verdict"', b'"Verdict"'),
        (b"\npayload", b"\nmore\npayload"),
    ],
)
def test_what_is_no_entry_is_refused_even_if_it_is_signed(old: bytes, new: bytes):
    changed = text().replace(old, new, 1)
    assert changed != text()
    with pytest.raises(FormatError):
        parse_entry(KEYS.entry.signer()(changed))


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_flipped_byte_goes_unnoticed(position: int, mask: int):
    damaged = bytearray(SIGNED)
    damaged[position] ^= mask
    with pytest.raises(FormatError):
        verify_note(parse_entry(bytes(damaged))[1], [KEYS.entry.verifier])


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes):
    with pytest.raises(FormatError):
        parse_entry(data)


def test_a_checkpoint_signature_does_not_pass_for_an_entry():
    assert entry_key_name(ORIGIN, "p1") != ORIGIN
    with pytest.raises(FormatError):
        verify_note(parse_entry(KEYS.log.signer()(text()))[1], [KEYS.entry.verifier])


def test_a_reference_knows_its_ciphertext():
    from hashlib import sha256

    reference = PayloadReference(1, 3, sha256(b"abc").digest())
    assert reference.matches(b"abc")
    assert not reference.matches(b"abd")
    assert not reference.matches(b"abcd")


def test_times_are_utc_with_milliseconds():
    assert format_time(1_767_225_600_007) == b"2026-01-01T00:00:00.007Z"


@pytest.mark.parametrize("proxy_id", ["", "P1", "p 1", "p/1", "x" * 65])
def test_proxy_ids_are_plain(proxy_id: str):
    with pytest.raises(FormatError):
        check_proxy_id(proxy_id)
