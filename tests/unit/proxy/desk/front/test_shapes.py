"""What goes over HTTP: closed, strict, and never quoted."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.front.shapes import (
    ApplicationShape,
    Malformed,
    NoBody,
    RefusalShape,
    read_shape,
    read_texts,
    shown,
    summary,
)  # fmt: skip
from proxy.desk.model import Application, Dossier, RefusalGround, State
from tests.unit.proxy.desk.counter import CASE, PERSON
from tests.unit.proxy.desk.front.house import as_json

GOOD = as_json(CASE)


def read(**changed):
    return read_shape(json.dumps({**GOOD, **changed}).encode(), ApplicationShape)


def test_an_application_goes_over_and_comes_out_as_it_was():
    assert read().application() == CASE
    full = replace(CASE, operator="a", uses_max=3, received_on=date(2026, 3, 1))
    assert read(operator="a", uses_max=3, received_on="2026-03-01").application() == full


def test_every_field_of_an_application_is_there_and_none_besides():
    assert ApplicationShape.model_fields.keys() == Application.__dataclass_fields__.keys()


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("name", [n for n in GOOD if n != "case"])
def test_no_field_of_an_application_may_be_left_out(name):
    with pytest.raises(Malformed) as caught:
        read_shape(json.dumps({n: v for n, v in GOOD.items() if n != name}).encode(),
                   ApplicationShape)  # fmt: skip
    assert [each.field for each in caught.value.fields] == [name]


@pytest.mark.parametrize(
    "changed",
    [{"valid_days": "10"}, {"valid_days": 10.0}, {"valid_days": True}, {"subjects": PERSON},
     {"subjects": []}, {"subjects": ["x"] * 257}, {"unit": ""}, {"unit": "x" * 201},
     {"reason": "x" * 2001}, {"scope": "FULL"}, {"more": 1}, {"unit": None},
     {"undertaking_sha256": "AB" * 32}, {"received_on": 0}, {"received_on": "2026-03-01T00:00"}],
    ids=str,
)  # fmt: skip
def test_a_type_is_not_bent(changed):
    with pytest.raises(Malformed) as caught:
        read(**changed)
    assert PERSON not in repr(caught.value.fields)


def test_the_name_of_an_unknown_field_is_not_repeated():
    with pytest.raises(Malformed) as caught:
        read(**{PERSON: 1})
    assert PERSON not in repr(caught.value.fields)


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{", b'{"ground": "mismatch", "ground": "mismatch"}', b"NaN",
     b'{"ground": NaN}', b'\xff\xfe{"ground"', b"[" * 100_000, b'{"ground": "\\ud800"}',
     b"9" * 10_000, '\ufeff{"ground": "mismatch"}'.encode()],
    ids=lambda data: repr(data[:12]),
)  # fmt: skip
def test_what_is_no_json_of_that_shape_is_refused(data):
    with pytest.raises(Malformed):
        read_shape(data, RefusalShape)


def test_what_is_of_that_shape_is_read():
    assert read_shape(b'{"ground": "mismatch"}', RefusalShape).ground is RefusalGround.MISMATCH
    assert read_shape(b"{}", NoBody) == NoBody()
    assert read_texts({"ground": "mismatch"}, RefusalShape).ground is RefusalGround.MISMATCH


@given(st.binary())
def test_no_bytes_break_the_reader(data):
    with pytest.raises(Malformed):
        read_shape(data, RefusalShape)


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_no_texts_break_the_reader(values):
    with pytest.raises(Malformed):
        read_texts(values, ApplicationShape)


@pytest.mark.requirement("D3")
def test_overdue_is_what_is_not_decided_when_its_day_is_over():
    received = datetime(2026, 3, 2, tzinfo=UTC)
    dossier = Dossier("xk-1", CASE, State.RECEIVED, received, "li", date(2026, 3, 5))
    assert not summary(dossier, date(2026, 3, 5)).overdue
    assert summary(dossier, date(2026, 3, 6)).overdue
    assert not summary(replace(dossier, state=State.REFUSED), date(2026, 3, 6)).overdue
    assert shown(dossier, date(2026, 3, 6)).application.subjects == CASE.subjects
