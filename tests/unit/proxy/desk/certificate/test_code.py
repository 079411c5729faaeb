"""A code is read back whatever hand typed it, and nothing else is one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.certificate.code import NUMBER_MAX, Code, InvalidCode, log_tag, parse_code
from tests.unit.proxy.desk.certificate.samples import CODE

CODES = st.builds(
    Code,
    st.binary(min_size=4, max_size=4),
    st.integers(0, NUMBER_MAX),
    st.binary(min_size=14, max_size=14),
)


@given(CODES)
def test_a_code_comes_back_as_it_was(code):
    text = str(code)
    assert len(text) == 50
    assert parse_code(text) == code
    assert parse_code(text.lower().replace("-", " ")) == code
    assert parse_code(text.replace("O", "0").replace("I", "1").replace("B", "8")) == code


@given(CODES, st.integers(0, 39), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_letter_is_noticed(code, at, letter):
    plain = str(code).replace("-", "")
    typed = plain[: 2 + at] + letter + plain[3 + at :]
    with contextlib.suppress(InvalidCode):
        # One in 65,536 other texts passes, and is another code.
        assert (parse_code(typed) == code) == (typed == plain)


@given(st.one_of(st.text(), st.from_regex(r"FC[A-Z2-7-]{38,52}", fullmatch=True)))
def test_anything_else_is_no_code_and_never_another_error(text):
    with contextlib.suppress(InvalidCode):
        assert parse_code(str(parse_code(text))) == parse_code(text)


def test_the_salt_is_not_shown_by_accident():
    assert "salt" not in repr(CODE)


def test_what_is_bound_hangs_on_all_of_the_code():
    others = [
        Code(b"logz", 1, CODE.salt), Code(b"logs", 2, CODE.salt), Code(b"logs", 1, b"x" * 14)
    ]  # fmt: skip
    hmacs = {each.printed_hmac(b"x") for each in (CODE, *others)}
    assert len(hmacs) == 4
    assert CODE.printed_hmac(b"x") != CODE.file_hmac(b"x")
    assert CODE.printed_hmac(b"x") != CODE.printed_hmac(b"y")
    assert log_tag("a") != log_tag("b")


def test_a_later_version_is_not_guessed_at():
    import base64
    import hashlib

    body = b"\x02logs" + (1).to_bytes(4, "big") + CODE.salt
    text = base64.b32encode(body + hashlib.sha256(body).digest()[:2]).decode()
    with pytest.raises(InvalidCode):
        parse_code("FC" + text)
