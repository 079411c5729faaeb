"""A subject and its text say the same, and no other subject has that text."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.subject import subject_as_written, subject_of, subject_text
from tests.unit.proxy.server.certificate import make_certificate, subject

KINDS = st.sampled_from(["CN", "O"])
# What certificates may hold as UTF8String; a name is not empty.
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(KINDS, VALUES), min_size=1, max_size=3))
def test_the_text_names_one_subject(parts):
    rdns = [x509.RelativeDistinguishedName(subject(**{kind: value})) for kind, value in parts]
    text = subject_text(x509.Name(rdns))
    assert subject_as_written(text) == text
    assert x509.Name.from_rfc4514_string(text) == x509.Name(rdns)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (subject(O="agency", CN="desk"), "CN=desk,O=agency"),
        (subject(CN="desk", O="agency"), "O=agency,CN=desk"),
        (subject(CN="desk,O=agency"), r"CN=desk\,O=agency"),
        (subject(CN="a\0b"), r"CN=a\00b"),
        (subject(CN=" # "), r"CN=\ #\ "),
        (subject(CN="查询窗口"), "CN=查询窗口"),
    ],
)
def test_what_is_special_is_escaped(name, text):
    assert subject_text(name) == text


@pytest.mark.parametrize("written", ["O=a+CN=b", "CN=b+O=a"])
def test_a_part_with_several_values_has_one_text(written):
    assert subject_as_written(written) == "CN=b+O=a"


@pytest.mark.parametrize("written", ["", "desk", "CN=", "CN=desk,", "=x", "CN=a, O=b", "CN=\ud800"])
def test_what_is_no_subject_is_refused(written):
    with pytest.raises(ValueError):
        subject_as_written(written)


NOW = datetime.now(UTC)


def test_the_subject_of_a_certificate_is_read_from_it(tmp_path):
    assert subject_of(make_certificate(tmp_path).der, NOW) == "CN=localhost"
    with pytest.raises(ValueError):
        subject_of(b"\x30\x03\x02\x01\x01", NOW)


def test_a_certificate_that_has_ended_since_it_was_verified_names_nobody(tmp_path):
    with pytest.raises(ValueError, match="expired"):
        subject_of(make_certificate(tmp_path).der, NOW + timedelta(days=2))
