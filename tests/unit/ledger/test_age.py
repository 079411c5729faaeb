from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.age import (
    TEXT_BYTES_MAX,
    WORK_FACTOR,
    WORK_FACTOR_MAX,
    WrongPassphrase,
    is_protected,
    open_text,
    protect_text,
)
from ledger.errors import FormatError

# Opened by rage 0.11 (pyrage 1.3) as well.
KNOWN = """-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCA5RDFia0dXZllickdsWjJ5
MTU5K3J3IDEwCkdad0JIeDBDdThsdU1uMVBwMm1RNTcreXczaDd2am1RVEZWUXhi
THI5NG8KLS0tIEoyOFVPRGRwVmN4ZDdaWUdZVFZNSEZHY2VTaW4vVlFRWUptemFr
SXBCTXMKm8VBPVBdIy8AUXyYqaVX/lkubuEOrQ3V8tq2B5QsmUBJ6XCU+qc38Cj4
f3htRWhjXIV7hUJggtxf7YZ4e99tJQ32/ZFIVbKc64BKwvKDct4N
-----END AGE ENCRYPTED FILE-----
"""
KNOWN_TEXT = "PRIVATE+KEY+ledger.example/agency1+00000000+AAAA\n"
PASSPHRASE = b"correct horse battery staple"


def armored(data: bytes) -> str:
    encoded = b64encode(data).decode()
    lines = [encoded[at : at + 64] for at in range(0, len(encoded), 64)]
    return "\n".join([KNOWN.splitlines()[0], *lines, KNOWN.splitlines()[-1]])


DATA = b64decode("".join(KNOWN.splitlines()[1:-1]))


def test_what_another_program_opens_too_is_opened():
    assert open_text(KNOWN, PASSPHRASE) == KNOWN_TEXT
    assert open_text(KNOWN.strip(), PASSPHRASE) == KNOWN_TEXT
    assert open_text(armored(DATA), PASSPHRASE) == KNOWN_TEXT


@settings(deadline=None, max_examples=20)
@given(st.text(max_size=300), st.binary(min_size=1, max_size=40))
def test_what_was_protected_is_opened_and_by_nothing_else(text: str, passphrase: bytes):
    made = protect_text(text, passphrase, work_factor=2)
    assert is_protected(made)
    assert open_text(made, passphrase) == text
    with pytest.raises(WrongPassphrase):
        open_text(made, passphrase + b"x")


def test_the_same_text_never_looks_the_same():
    made = {protect_text("text", PASSPHRASE, work_factor=2) for _ in range(5)}
    assert len(made) == 5


def test_what_is_written_takes_its_time():
    assert f" {WORK_FACTOR}\n".encode() in b64decode(
        "".join(protect_text("text", PASSPHRASE).splitlines()[1:-1])
    )
    assert WORK_FACTOR >= 17


@pytest.mark.parametrize("position", range(0, len(DATA), 7))
def test_a_flipped_bit_opens_nothing(position: int):
    changed = bytearray(DATA)
    changed[position] ^= 1
    with pytest.raises(FormatError):
        open_text(armored(bytes(changed)), PASSPHRASE)


@pytest.mark.parametrize("factor", [b"0", b"19", b"20", b"30", b"63", b"99", b"010", b"-1", b"1e1"])
def test_a_hostile_work_factor_takes_no_memory(factor: bytes, monkeypatch: pytest.MonkeyPatch):
    def never(*_: object) -> bytes:
        raise AssertionError("scrypt was run")

    monkeypatch.setattr("ledger.age._stretched", never)
    assert DATA.count(b" 10\n") == 1
    with pytest.raises(FormatError):
        open_text(armored(DATA.replace(b" 10\n", b" " + factor + b"\n")), PASSPHRASE)
    assert WORK_FACTOR_MAX == 18


@pytest.mark.parametrize(
    "text",
    [
        "",
        KNOWN_TEXT,
        KNOWN.replace("BEGIN", "END"),
        "\n".join(KNOWN.splitlines()[:-1]),
        KNOWN + KNOWN,
        " " + KNOWN,
        KNOWN.replace("\n", "\r\n"),
        armored(DATA[:100]),
        armored(DATA[:-50]),
        armored(DATA.replace(b"-> scrypt", b"-> X25519")),
        armored(DATA.replace(b"--- ", b"-> scrypt AAAA 10\n--- ")),
        armored(DATA + b"x" * 2 * TEXT_BYTES_MAX),
    ],
)
def test_what_is_no_such_file_is_refused(text: str):
    with pytest.raises(FormatError):
        open_text(text, PASSPHRASE)


@settings(deadline=None)
@given(st.text())
def test_any_text_is_judged(text: str):
    with pytest.raises(FormatError):
        open_text(text, PASSPHRASE)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_in_armor_are_judged(data: bytes):
    with pytest.raises(FormatError):
        open_text(armored(data), PASSPHRASE)
