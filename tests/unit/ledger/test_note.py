import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError, SignatureInvalid
from ledger.note import (
    Algorithm,
    SigningKey,
    VerifierKey,
    check_name,
    decode_base64,
    parse_note,
    verify_note,
)

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
KEY = SigningKey("ledger.example/agency1", hashlib.sha256(b"seed").digest())
OTHER = SigningKey("ledger.example/agency1", b"o" * 32)
SIGNED = KEY.signer()(b"one\ntwo\n")


def test_the_key_of_the_specification_parses_and_prints_the_same():
    key = VerifierKey.parse(SPEC_KEY)
    assert (key.name, key.algorithm, str(key)) == ("example.com/foo", Algorithm.ED25519, SPEC_KEY)


def test_the_key_id_is_that_of_the_vector():
    expected = "ledger.example/agency1+4edd067e+AfFl4eX3wpDlLy7e8/urYMuudL/TJ0+OXuHeM0XJVKFm"
    assert str(KEY.verifier) == expected


def test_a_private_key_survives_its_text_and_hides_from_repr():
    assert SigningKey.parse(KEY.to_text()) == KEY
    assert KEY.seed.hex() not in repr(KEY)
    assert "seed" not in repr(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+hash",
        SPEC_KEY.replace("530d903a", "530d903b"),
        SPEC_KEY.replace("foo", "fo o"),
        "example.com/foo+530d903a+AAAA",
        SPEC_KEY + "=",
    ],
)
def test_a_key_that_is_none_is_refused(text: str):
    with pytest.raises(FormatError):
        VerifierKey.parse(text)
    with pytest.raises(FormatError):
        SigningKey.parse(f"PRIVATE+KEY+{text}")


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\n", "\x07"])
def test_a_name_has_no_space_and_no_plus(name: str):
    with pytest.raises(FormatError):
        check_name(name)


def test_a_signed_note_opens_with_its_key_only():
    note = parse_note(SIGNED)
    assert note.text == b"one\ntwo\n"
    assert verify_note(note, [KEY.verifier]) == (KEY.verifier,)
    with pytest.raises(SignatureInvalid):
        verify_note(note, [OTHER.verifier])


def test_unknown_signatures_are_ignored_and_known_bad_ones_are_not():
    line = OTHER.signer()(b"something else\n").split(b"\n\n")[1]
    both = parse_note(SIGNED + line)
    assert verify_note(both, [KEY.verifier]) == (KEY.verifier,)
    with pytest.raises(SignatureInvalid):
        verify_note(both, [KEY.verifier, OTHER.verifier])


def test_the_text_may_hold_blank_lines_because_the_last_one_splits():
    signed = KEY.signer()(b"one\n\ntwo\n")
    note = parse_note(signed)
    assert note.text == b"one\n\ntwo\n"
    assert verify_note(note, [KEY.verifier])


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_flipped_byte_goes_unnoticed(position: int, mask: int):
    damaged = bytearray(SIGNED)
    damaged[position] ^= mask
    with pytest.raises(FormatError):
        verify_note(parse_note(bytes(damaged)), [KEY.verifier])


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda tail: SIGNED + tail))
def test_any_bytes_parse_or_are_refused(data: bytes):
    try:
        note = parse_note(data)
    except FormatError:
        return
    assert data.startswith(note.text + b"\n")
    assert 1 <= len(note.signatures) <= 16


@given(st.binary(max_size=40))
def test_base64_has_one_spelling(data: bytes):
    from base64 import b64encode

    text = b64encode(data).decode()
    assert decode_base64(text) == data
    for other in (text + "\n", text + "=", " " + text):
        with pytest.raises(FormatError):
            decode_base64(other)


def test_a_note_over_the_limit_is_refused_before_it_is_read():
    with pytest.raises(FormatError):
        parse_note(SIGNED, note_bytes_max=len(SIGNED) - 1)
