"""Whatever the quick reading takes, the full one reads the same."""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import parse_entry
from ledger.errors import FormatError
from ledger.fetch import DirectoryLog, read_bundle
from ledger.note import SigningKey, verify_note
from ledger.verify.shape import Shape
from tests.unit.ledger.small_log import ORIGIN, PROXY_ID, log_of, notary_keys

KEY = notary_keys().entry.verifier
SHAPE = Shape(ORIGIN, PROXY_ID, KEY)


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Genesis, key, boot, decisions with payload, stop."""
    log = log_of(tmp_path_factory.mktemp("shape") / "log", 6)
    return read_bundle(DirectoryLog(log.root), 0, 10)


def require_same(index: int, previous: bytes, data: bytes, *, signatures: bool) -> bool:
    """Was it taken? If so, the full reading says the same."""
    read = SHAPE.read(index, previous, data, signatures=signatures)
    if read is None:
        return False
    entry, note = parse_entry(data)
    if signatures:
        verify_note(note, [KEY])
    assert [(each.name, each.key_id) for each in note.signatures] == [(KEY.name, KEY.id)]
    assert (entry.origin, entry.proxy_id) == (ORIGIN, PROXY_ID)
    assert (entry.sequence, entry.previous) == (index, previous)
    payload = entry.payload
    reference = (None, 0, b"") if payload is None else (
        payload.epoch, payload.ciphertext_bytes, b64encode(payload.digest))  # fmt: skip
    assert read == (entry.kind.value, entry.time, *reference)
    return True


def test_what_the_writer_writes_is_taken_but_for_what_binds_later_entries(entries):
    for signatures in (True, False):
        taken = [
            require_same(index, sha256(entries[index - 1]).digest(), data, signatures=signatures)
            for index, data in enumerate(entries)
        ]
        assert taken == [False, False, *[True] * 7, False]


def test_a_changed_entry_is_taken_only_for_what_it_is(entries):
    """3,000 changes of a byte, a part, or both; most are refused, and none is read differently."""
    chance = random.Random(7)
    refused = 0
    for _ in range(3000):
        index = chance.randrange(2, 10)
        data, previous = bytearray(entries[index]), sha256(entries[index - 1]).digest()
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(1, 40)]
            case 2:
                data[at:at] = data[chance.randrange(len(data)) :][: chance.randrange(1, 40)]
            case 3:
                data[at] = chance.choice(b'\n"0Aa{}=+/ \xe2')
        if bytes(data) != entries[index]:
            assert not require_same(index, previous, bytes(data), signatures=True)
        refused += not require_same(index, previous, bytes(data), signatures=False)
    assert 1000 < refused < 3000


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_judged(data):
    assert not require_same(1, bytes(32), data, signatures=False)


def _without_signature(data: bytes) -> bytes:
    return data[: data.rindex(b"\n\n") + 1]


SECOND_SPELLINGS = {
    "space": (b'":"', b'": "'),
    "escape": (b'"rewrite"', b'"\\u0072ewrite"'),
    "identity number": (b'"rewrite"', b'"a-110105491231002"'),
    "second field": (b'"kind":"decision"', b'"kind":"decision","kind":"decision"'),
    "control character": (b"rewrite", b"rew\x00ite"),
    "no UTF-8": (b"rewrite", b"rewrit\xff"),
    "leading zero": (b" 272 ", b" 0272 "),
    "blank line": (b"\n{", b"\n\n{"),
    "year of five digits": (b"\n2026-", b"\n12026-"),
}


@pytest.mark.parametrize(("old", "new"), SECOND_SPELLINGS.values(), ids=SECOND_SPELLINGS)
def test_no_second_spelling_is_taken_though_it_is_signed(entries, old, new):
    text = _without_signature(entries[4])
    assert old in text or old == b" 272 "
    if old == b" 272 ":
        old = b" " + text.rsplit(b" ", 2)[1] + b" "
        new = b" 0" + old[1:]
    sign = notary_keys().entry.signer()
    previous = sha256(entries[3]).digest()
    assert require_same(4, previous, sign(text), signatures=True)
    signed = sign(text.replace(old, new, 1))
    assert SHAPE.read(4, previous, signed, signatures=True) is None
    with pytest.raises(FormatError):
        parse_entry(signed)


def test_base64_has_one_spelling(entries):
    """The spare bits of the last letter, in the signature and in the payload's digest."""
    data, previous = entries[4], sha256(entries[3]).digest()
    for end in (b"=\n\n", b"=\n"):
        at = data.index(end) if end == b"=\n\n" else len(data) - 2
        other = data[: at - 1] + bytes([data[at - 1] + 1]) + data[at:]
        start = max(other.rfind(b" ", 0, at), 0) + 1
        assert b64decode(other[start : at + 1]) == b64decode(data[start : at + 1])
        assert SHAPE.read(4, previous, other, signatures=False) is None


def test_another_key_of_the_same_name_is_not_taken(entries):
    other = SigningKey(KEY.name, b"o" * 32)
    signed = other.signer()(_without_signature(entries[4]))
    previous = sha256(entries[3]).digest()
    assert SHAPE.read(4, previous, signed, signatures=False) is None
    assert Shape(ORIGIN, PROXY_ID, other.verifier).read(4, previous, signed, signatures=True)


def test_a_percent_sign_in_a_name_is_no_format():
    assert (
        Shape("100%d.example/log", PROXY_ID, KEY).read(1, bytes(32), b"", signatures=True) is None
    )
