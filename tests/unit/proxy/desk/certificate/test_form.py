"""Which form an answer leads to, and what stands on it."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.certificate.form import (
    Asked,
    Form,
    form_for,
    in_chinese,
    printed,
    today_in_china,
)
from proxy.desk.certificate.layout import boxes
from tests.unit.proxy.desk.certificate.samples import DOCUMENT, LETTER, REFUSAL, REQUEST, UNIT
from tests.unit.proxy.desk.certificate.test_decoding import decoded

RECORDS = st.lists(st.booleans())
"""Convictions of somebody; True where one is sealed."""


@pytest.mark.requirement("E3", "E4")
@given(st.sampled_from(Asked), RECORDS)
def test_sealed_convictions_lead_nowhere(asked, records):
    """Any history, with and without its sealed part, by the one answer the gate gives."""
    seen = any(not sealed for sealed in records)
    form = form_for(asked, seen)
    assert form is form_for(asked, any(not sealed for sealed in records if not sealed))
    if all(records):
        assert form is form_for(asked, False) is not Form.REFUSAL
    else:
        assert form is Form.REFUSAL


def test_the_document_is_of_the_request_alone():
    document = printed(
        decoded(REQUEST), Form.CERTIFICATE, number=DOCUMENT.number, organ=DOCUMENT.organ,
        issued_on=date(2026, 11, 28), valid_until=date(2027, 5, 27),
    )  # fmt: skip
    assert document == DOCUMENT
    assert replace(DOCUMENT, name="甲二").to_bytes() != DOCUMENT.to_bytes()
    assert list(DOCUMENT.to_json()) == list(DOCUMENT.__dataclass_fields__)


@pytest.mark.parametrize("form", Form)
def test_what_is_bound_is_what_stands_on_the_form(form):
    """Who has the paper alone can say all that the ledger has bound."""
    letter = decoded({**REQUEST, "asked": "letter", "applicant": UNIT})
    request = decoded(REQUEST) if form is Form.CERTIFICATE else letter
    document = printed(
        request, form, number=DOCUMENT.number, organ=DOCUMENT.organ,
        issued_on=date(2026, 11, 28), valid_until=date(2027, 5, 27),
    )  # fmt: skip
    assert document == {each.form: each for each in (DOCUMENT, LETTER, REFUSAL)}[form]
    said = {field for field, text in document.to_json().items() if text} - {"form"}
    assert said <= boxes(form).keys()


@pytest.mark.parametrize(
    ("period", "said"),
    [
        (None, "全时段"),
        ({"from": "2020-01-02"}, "自2020年01月02日至填发之日"),
        ({"until": "2021-12-31"}, "至2021年12月31日"),
        ({"from": "2020-01-02", "until": "2021-12-31"}, "自2020年01月02日至2021年12月31日"),
    ],
)
def test_a_period_is_written_out(period, said):
    request = decoded({**REQUEST, "period": period} if period else REQUEST)
    document = printed(
        request, Form.REFUSAL, number="", organ="",
        issued_on=date(2026, 11, 28), valid_until=date(2027, 5, 27),
    )  # fmt: skip
    assert (document.period, document.valid_until) == (said, "")


def test_days_have_one_length():
    assert len(in_chinese(date(1, 1, 1))) == len(in_chinese(today_in_china())) == 11
