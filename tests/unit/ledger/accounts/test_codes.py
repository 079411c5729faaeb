"""Codes of the second factor."""

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from ledger.accounts.codes import STEP_SECONDS, Codes, code_at, enrolment, new_secret
from ledger.errors import ConfigurationError

# RFC 6238 appendix B, the last six of its eight digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
    (2000000000, "279037"), (20000000000, "353130"),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_standard(seconds, code):
    assert code_at(SECRET, seconds // STEP_SECONDS) == code


@pytest.fixture
def codes(tmp_path):
    return Codes(tmp_path / "codes.json")


def test_one_is_good_a_step_early_and_a_step_late_and_no_longer(tmp_path):
    now = 1_000 * STEP_SECONDS
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        codes = Codes(tmp_path / f"{steps}.json")
        assert codes.take("li", SECRET, code_at(SECRET, 1_000 + steps), now) is good


def test_none_is_good_twice_nor_one_before_it(codes, tmp_path):
    now = 1_000 * STEP_SECONDS
    assert codes.take("li", SECRET, code_at(SECRET, 1_000), now)
    for again in (codes, Codes(tmp_path / "codes.json")):
        assert not again.take("li", SECRET, code_at(SECRET, 1_000), now)
        assert not again.take("li", SECRET, code_at(SECRET, 999), now)
    assert codes.take("li", SECRET, code_at(SECRET, 1_001), now)
    assert codes.take("wang", SECRET, code_at(SECRET, 1_000), now)


@pytest.mark.parametrize("code", ["", "1", "abcdef", "0000000", "\u0660" * 6, "\ud800"])
def test_what_is_no_code_is_refused(codes, code):
    assert not codes.take("li", SECRET, code, 1_000.0)


def test_a_code_whose_use_cannot_be_remembered_is_not_good(tmp_path):
    codes = Codes(tmp_path / "gone" / "codes.json")
    with pytest.raises(OSError):
        codes.take("li", SECRET, code_at(SECRET, 1_000), 1_000 * STEP_SECONDS)


@pytest.mark.parametrize("text", ["", "[]", '{"li": "1"}', '{"li": true}', "\x00"])
def test_a_memory_that_is_damaged_is_said(tmp_path, text):
    file = tmp_path / "codes.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError, match="damaged"):
        Codes(file)


def test_the_memory_holds_no_secret(codes, tmp_path):
    codes.take("li", SECRET, code_at(SECRET, 1_000), 1_000 * STEP_SECONDS)
    assert json.loads((tmp_path / "codes.json").read_text()) == {"li": 1_000}


def test_an_enrolment_is_what_authenticators_read():
    secret = new_secret()
    assert len(base64.b32decode(secret)) == 20
    assert secret != new_secret()
    uri = urlsplit(enrolment(secret, "李 a&b", "Fengcun"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    said = parse_qs(uri.query)
    assert (said["secret"], said["issuer"]) == ([secret], ["Fengcun"])
    assert (said["digits"], said["period"], said["algorithm"]) == (["6"], ["30"], ["SHA1"])
    assert "&" not in uri.path
