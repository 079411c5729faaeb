"""A request is right in every part, or is refused without a word of what it said."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.certificate.decoding import REQUEST_BYTES_MAX, decode_request
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import Applicant, Asked, Gender, Purpose
from tests.unit.proxy.desk.certificate.samples import REQUEST, UNIT

TODAY = date(2026, 11, 28)


def decoded(value):
    return decode_request(json.dumps(value).encode(), today=TODAY)


def with_person(**fields):
    return {**REQUEST, "person": {**REQUEST["person"], **fields}}


def test_a_request_by_the_person():
    request = decoded(REQUEST)
    assert (request.asked, request.applicant) == (Asked.CERTIFICATE, Applicant.SELF)
    assert (request.person.gender, request.purpose) == (Gender.MALE, Purpose.EMPLOYMENT)
    assert request.applicant_number == request.person.number == "110105200405100018"


@pytest.mark.requirement("D12")
def test_a_request_by_a_guardian_and_by_a_unit():
    guardian = {"kind": "guardian", "name": "甲父", "number": "P1234567"}
    request = decoded({**REQUEST, "applicant": guardian})
    assert (request.applicant, request.applicant_name) == (Applicant.GUARDIAN, "甲父")
    letter = decoded({**REQUEST, "asked": "letter", "applicant": UNIT})
    assert (letter.asked, letter.unit) == (Asked.LETTER, "示例小学")


def test_numbers_are_normalised():
    wide = with_person(number="１１０１０５ １９４９１２３１ ００２ｘ")
    assert decoded(wide).person.number == "11010519491231002X"


def test_a_period():
    request = decoded({**REQUEST, "period": {"from": "2020-02-29"}})
    assert (request.period_from, request.period_until) == (date(2020, 2, 29), None)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([], "not-json"),
        ({}, "not-json"),
        ({**REQUEST, "more": 1}, "not-json"),
        ({**REQUEST, "asked": "letter"}, "field"),
        ({**REQUEST, "applicant": UNIT}, "field"),
        ({**REQUEST, "applicant": {"kind": "self", "name": "甲父"}}, "field"),
        ({**REQUEST, "applicant": {"kind": "guardian", "name": "甲父"}}, "field"),
        ({**REQUEST, "purpose": "入职就业"}, "field"),
        (with_person(name=""), "field"),
        (with_person(name="  "), "field"),
        (with_person(name=["甲"]), "field"),
        (with_person(name="甲" * 61), "field"),
        (with_person(name="甲\n一"), "characters"),
        (with_person(name="甲\u202e一"), "characters"),
        (with_person(name="甲\u3000一"), "characters"),
        (with_person(name="甲\ud800"), "characters"),
        (with_person(number="110105200405100019"), "identity"),
        (with_person(number="P' OR 1=1"), "identity"),
        (with_person(number=110105200405100018), "field"),
        ({**REQUEST, "period": {"from": "2026-11-29"}}, "date"),
        ({**REQUEST, "period": {"from": "2025-01-01", "until": "2024-01-01"}}, "date"),
        ({**REQUEST, "period": {"until": "2026-11-29"}}, "date"),
        ({**REQUEST, "period": {"from": "2023-02-29"}}, "date"),
        ({**REQUEST, "period": {"from": "20230101"}}, "date"),
        ({**REQUEST, "period": []}, "field"),
    ],
)
def test_what_is_wrong_is_refused_without_repeating_it(value, code):
    with pytest.raises(CertificateError) as refused:
        decoded(value)
    assert refused.value.code == code
    assert "甲" not in str(refused.value)
    assert "1101052004" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_name_that_stands_twice_and_a_long_body():
    twice = json.dumps(REQUEST).replace('"asked":', '"asked": "letter", "asked":', 1)
    for body in (twice.encode(), b"\xff", b"[" * 10_000, b"{" * REQUEST_BYTES_MAX + b"x"):
        with pytest.raises(CertificateError):
            decode_request(body, today=TODAY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PLACES = (
    *((name,) for name in (*REQUEST, "period")),
    *(("person", name) for name in REQUEST["person"]),
    *(("applicant", name) for name in UNIT),
    ("period", "from"),
)


@given(st.sampled_from(PLACES), JSON)
def test_whatever_stands_in_a_field_ends_in_a_request_or_one_error(place, value):
    request = json.loads(json.dumps(REQUEST))
    target = request
    for name in place[:-1]:
        target = target.setdefault(name, {})
    target[place[-1]] = value
    try:
        found = decoded(request)
    except CertificateError:
        return
    assert found.person.name.isprintable()


@given(st.binary(max_size=300))
def test_bytes_end_in_one_error(body):
    with pytest.raises(CertificateError):
        decode_request(body, today=TODAY)
