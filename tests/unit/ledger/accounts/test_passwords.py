"""Hashes of passwords."""

import hashlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts.passwords import (
    PASSWORD_CHARACTERS_MIN,
    hash_password,
    parse_password_hash,
    password_problem,
)

SALT, HASH = b64encode(b"s" * 16).decode(), b64encode(b"h" * 32).decode()


def test_a_hash_is_scrypt_with_a_salt_of_its_own_and_fits_its_password_alone():
    one, other = hash_password("a long password 密码"), hash_password("a long password 密码")
    assert one.salt != other.salt
    assert one.digest != other.digest
    assert one.digest == hashlib.scrypt(
        "a long password 密码".encode(), salt=one.salt, n=one.n, r=one.r, p=one.p, dklen=32,
        maxmem=1 << 27,
    )  # fmt: skip
    assert one.fits("a long password 密码")
    for wrong in ("a long password 密", "A long password 密码", "", "\ud800", "x" * 2_000):
        assert not one.fits(wrong)


def test_what_is_written_is_read_again():
    kept = hash_password("some password")
    assert parse_password_hash(str(kept)) == kept


@pytest.mark.parametrize(
    "text",
    ["", "plain password", f"scrypt$1024$8$1${SALT}${HASH}", f"scrypt$32769$8$1${SALT}${HASH}",
     f"scrypt$32768$8$99${SALT}${HASH}", f"scrypt$32768$8$1$AAAA${HASH}",
     f"scrypt$32768$8$1${SALT}$AAAA", f"scrypt$32768$8$1$%%%${HASH}",
     f"scrypt$9999999$8$1${SALT}${HASH}", f"md5$32768$8$1${SALT}${HASH}"],
)  # fmt: skip
def test_what_is_no_hash_or_costs_too_little_or_too_much_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        parse_password_hash(text)


@given(st.text())
def test_no_text_breaks_the_reader(text):
    with pytest.raises(ValueError):
        parse_password_hash(text)


@pytest.mark.parametrize(
    ("password", "bad"),
    [("x7!kQ-aa.zRt", False), ("短口令", True), ("a" * 40, True), ("clerk-li-and", False),
     ("abcdefghijk", True), ("new\nline in it", True), ("x1y2" * 400, True),
     ("a-name.as-long", True)],
)  # fmt: skip
def test_a_password_has_to_be_one(password, bad):
    assert PASSWORD_CHARACTERS_MIN == 12
    assert (password_problem(password, "A-name.as-long") is not None) is bad
