from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from ledger.countersignature import CountersignerKey, to_der, with_countersignature
from ledger.errors import FormatError
from ledger.note import SigningKey, parse_note, verify_note

POINT = b"\x04" + bytes(range(64))
KEY = CountersignerKey("agency.example/sm2", POINT)
VALUE = bytes(range(1, 65))
DER = encode_dss_signature(int.from_bytes(VALUE[:32]), int.from_bytes(VALUE[32:]))
LINE = KEY.signature(VALUE).to_line()


def test_the_key_id_is_what_the_format_says():
    hashed = b"agency.example/sm2\n\xffsm2-with-sm3/v1" + POINT
    assert KEY.id == sha256(hashed).digest()[:4]
    encoded = b64encode(b"\xffsm2-with-sm3/v1" + POINT).decode()
    assert str(KEY) == f"agency.example/sm2+{KEY.id.hex()}+{encoded}"
    assert CountersignerKey.parse(f"{KEY}\n") == KEY


@pytest.mark.parametrize("answer", [VALUE, DER, LINE], ids=["r || s", "DER", "line"])
def test_a_signer_may_answer_in_three_ways(answer: bytes):
    signature = KEY.read_answer(answer)
    assert signature == KEY.signature(VALUE)
    assert to_der(signature) == DER


ANSWERS = {
    "nothing": b"",
    "short": VALUE[:-1],
    "long": VALUE + b"\n",
    "another key's line": LINE.replace(b"agency", b"agenda"),
    "another key id": b"\xe2\x80\x94 agency.example/sm2 " + b64encode(bytes(68)) + b"\n",
    "two lines": LINE * 2,
    "a line that breaks off": LINE[:-1],
    "a line with a short signature": KEY.signature(VALUE[:63]).to_line(),
    "DER and more": DER + b"\0",
    "DER with a long length": b"\x30\x81" + DER[1:],
    "a negative number": b"\x30\x06\x02\x01\xff\x02\x01\x01",
    "a number of 33 bytes": encode_dss_signature(1 << 256, 1),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_any_other_answer_is_refused(answer: bytes):
    with pytest.raises(FormatError):
        KEY.read_answer(answer)


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda end: b"\x30" + end)))
def test_bytes_of_any_kind_are_a_signature_or_refused(answer: bytes):
    try:
        signature = KEY.read_answer(answer)
    except FormatError:
        return
    assert len(signature.value) == 64
    assert answer in (signature.value, to_der(signature), signature.to_line())


KEYS = {
    "no parts": "agency.example/sm2",
    "another hash": str(KEY).replace(KEY.id.hex(), "00000000"),
    "an Ed25519 key": str(SigningKey("a", bytes(32)).verifier),
    "a type without its name": "a+00000000+/w==",
}


@pytest.mark.parametrize("text", KEYS.values(), ids=KEYS)
def test_other_keys_are_refused(text: str):
    with pytest.raises(FormatError):
        CountersignerKey.parse(text)


@given(st.text(max_size=120))
def test_texts_of_any_kind_are_a_key_or_refused(text: str):
    for parse in (CountersignerKey.parse, lambda pem: CountersignerKey.from_pem("a", pem)):
        with pytest.raises(FormatError):
            parse(text)


@pytest.mark.parametrize("point", [b"", POINT[:-1], b"\x02" + POINT[1:]])
def test_a_point_is_whole_and_uncompressed(point: bytes):
    with pytest.raises(FormatError):
        CountersignerKey("a", point)


def test_readers_who_do_not_know_the_line_go_on_as_before():
    log = SigningKey("ledger.example/agency1", bytes(32))
    note = parse_note(log.signer()(b"ledger.example/agency1\n1\nroot\n"))
    more = parse_note(with_countersignature(note, KEY.signature(VALUE)))
    assert more.text == note.text
    assert len(more.signatures) == 2
    assert verify_note(more, [log.verifier]) == (log.verifier,)
    assert KEY.require_in(more.signatures) == KEY.signature(VALUE)
    with pytest.raises(FormatError, match="did not sign"):
        KEY.require_in(note.signatures)
