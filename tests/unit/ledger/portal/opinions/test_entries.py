"""A step is what its entry says, and an entry that says something else is none."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import Entry
from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.header import decode_header, encode_header
from ledger.portal.beijing import day_of
from ledger.portal.opinions.entries import MARKS, act_of, draft_of, text_of
from ledger.portal.opinions.model import Act, Result, Step
from ledger.pseudonyms import Pseudonyms

OF = Pseudonyms(b"p" * 32).of
BY = OF("supervisor", "lin")
DAY = date(2026, 3, 2)
TIME = "2026-03-02T04:00:00.000Z"


def entry(kind: EntryKind, header, time: str = TIME) -> Entry:
    return Entry(
        kind=kind,
        origin="procuratorate.example/portal",
        proxy_id="portal",
        sequence=9,
        previous=bytes(32),
        time=time,
        header=header,
        payload=None,
    )


steps = st.builds(
    Act,
    st.sampled_from(Step).filter(lambda step: step is not Step.REPLIED),
    st.from_regex(r"20[0-9]{2}-[1-9][0-9]{0,3}", fullmatch=True),
    st.just(BY),
    st.just(DAY),
    st.just("court.example/fengcun"),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=256).map(tuple),
    st.none() | st.dates(date(2026, 1, 1), date(2099, 12, 31)),
)
replies = st.builds(
    Act, st.just(Step.REPLIED), st.just("2026-7"), st.just(BY), st.just(DAY),
    result=st.sampled_from(Result),
)  # fmt: skip


@given(steps | replies, st.text())
def test_what_is_written_is_read_again(act: Act, text: str):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    draft = draft_of(act, text, "lin", OF)
    line = encode_header(draft.kind, draft.header)
    assert line.startswith(MARKS)
    kind, header = decode_header(line)
    assert act_of(entry(kind, header)) == act
    assert text_of(draft.payload) == text


def test_neither_name_nor_text_is_public():
    act = Act(Step.DRAFTED, "2026-1", BY, DAY, "court", (7,))
    draft = draft_of(act, "某某（虚构）", "lin", OF)
    line = encode_header(draft.kind, draft.header)
    assert "虚构".encode() not in line
    assert b'"lin"' not in line
    assert draft.header["document_hmac"] == OF("opinion", "某某（虚构）")


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        (EntryKind.OPINION, {"opinion": "2026-1", "event": "praised"}),
        (EntryKind.OPINION, {"opinion": "2026-1"}),
        (EntryKind.OPINION, {"opinion": "2026-1", "event": "replied"}),
        (EntryKind.OPINION, {"opinion": "2026-1", "event": "drafted", "entries": ["a:1", "b:2"]}),
        (EntryKind.OPINION, {"opinion": "2026-1", "event": "drafted", "entries": ["a:x"]}),
        (EntryKind.REPLY, {"opinion": "2026-1", "result": "ignored"}),
        (EntryKind.LABEL, {"opinion": "2026-1", "event": "drafted"}),
    ],
)
def test_what_is_no_step_is_said_to_be_none(kind, header):
    with pytest.raises(FormatError):
        act_of(entry(kind, header))


@pytest.mark.parametrize(
    ("time", "day"),
    [("2026-03-01T15:59:59+00:00", 1), ("2026-03-01T16:00:00+00:00", 2)],
)
def test_days_are_those_of_china(time, day):
    assert day_of(datetime.fromisoformat(time).astimezone(UTC)) == date(2026, 3, day)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b'"text"'])
def test_a_payload_without_a_text_is_said_to_be_that(payload):
    with pytest.raises(FormatError):
        text_of(payload)
