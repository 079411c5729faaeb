"""A dossier is written and read back as it was, and nothing else is read as one."""

import contextlib
import json
from dataclasses import fields
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.desk.contents import LINE_BYTES_MAX, decode_dossier, encode_dossier
from proxy.desk.model import (
    Application,
    Dossier,
    Purpose,
    RefusalGround,
    RevocationReason,
    Standing,
    State,
)
from proxy.policy.permit import Scope
from tests.unit.proxy.desk.test_documents import DOSSIER

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(timezones=st.just(UTC))
dates = st.dates(date(2000, 1, 1))
maybe = st.none()
applications = st.builds(
    Application,
    **dict.fromkeys(("agency", "principal", "unit", "letter", "handler_name"), text),
    **dict.fromkeys(("handler_identity", "basis", "reason", "use"), text),
    standing=st.sampled_from(Standing),
    subjects=st.lists(text, max_size=3).map(tuple),
    purpose=st.sampled_from(Purpose),
    scope=st.sampled_from(Scope),
    valid_days=st.integers(0, 400),
    undertaking_sha256=text,
    operator=maybe | text,
    case=maybe | text,
    uses_max=maybe | st.integers(0, 9),
    received_on=maybe | dates,
)
dossiers = st.builds(
    Dossier,
    number=text,
    application=applications,
    state=st.sampled_from(State),
    received_at=moments,
    received_by=text,
    decide_by=dates,
    decided_at=maybe | moments,
    decided_by=maybe | text,
    ground=maybe | st.sampled_from(RefusalGround),
    valid_until=maybe | moments,
    rule=maybe | text,
    uses_max=maybe | st.integers(0, 9),
    ended_at=maybe | moments,
    ended_by=maybe | text,
    reason=maybe | st.sampled_from(RevocationReason),
    calendar_known=st.booleans(),
    cited=maybe | text,
)


@given(dossiers)
def test_what_is_written_is_read_back_and_is_one_line(dossier):
    line = encode_dossier(dossier)
    assert b"\n" not in line
    assert decode_dossier(line) == dossier
    assert encode_dossier(decode_dossier(line)) == line


def test_every_field_is_in_the_line():
    found = json.loads(encode_dossier(DOSSIER))
    assert found.keys() == {field.name for field in fields(Dossier)} | {"version"}
    assert found["application"].keys() == {field.name for field in fields(Application)}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.data())
def test_a_line_with_another_value_is_a_dossier_or_none(data):
    found = json.loads(encode_dossier(DOSSIER))
    table = data.draw(st.sampled_from([found, found["application"]]))
    table[data.draw(st.sampled_from(sorted(table)))] = data.draw(json_values)
    line = json.dumps(found).encode()
    with contextlib.suppress(ValueError):
        assert isinstance(decode_dossier(line), Dossier)
        return
    with pytest.raises(ValueError, match=r"^this is no dossier$") as refused:
        decode_dossier(line)
    assert refused.value.__suppress_context__


@given(st.binary(max_size=200))
def test_no_bytes_break_it(line):
    with pytest.raises(ValueError, match="this is no dossier"):
        decode_dossier(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"version":1}',
        encode_dossier(DOSSIER).replace(b'"version":1', b'"version":2'),
        encode_dossier(DOSSIER)[:-1] + b',"more":1}',
        encode_dossier(DOSSIER).replace(b"2026-03-02T15:00:00+00:00", b"2026-03-02T15:00:00"),
        encode_dossier(DOSSIER) + b" " * LINE_BYTES_MAX,
        b'{"number":' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "null", "nested", "bare", "version", "more", "no zone", "long", "number"],
)
def test_what_is_no_dossier_is_refused(line):
    with pytest.raises(ValueError, match="this is no dossier"):
        decode_dossier(line)
