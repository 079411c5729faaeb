from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.evidence.moments import parse_moment


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-01-31", "2026-01-31T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
        ("2026-01-31T08:00:00+08:00", "2026-01-31T00:00:00.000Z", None),
        ("2026-01-31 08:00:00.1239Z", "2026-01-31T08:00:00.123Z", None),
        ("1969-12-31", "1969-12-31T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_a_date_is_a_day_and_a_time_is_a_moment(text: str, since: str, until: str | None):
    assert parse_moment(text) == since
    assert parse_moment(text, until=True) == (until or since)


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "12", "2026-02-30", "2026-01-31T08:00:00", "2026-01-31T25:00:00Z"),
        *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00+99:99"),
        *("٢٠٢٦-01-01", "0900-01-01", "9999-12-31T24:00:00Z"),
    ],
)
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(FormatError):
        parse_moment(text)
    with pytest.raises(FormatError):
        parse_moment(text, until=True)


@given(st.text(alphabet="0123456789-:TZ+. ", max_size=30) | st.text(max_size=30))
def test_any_text_is_judged(text: str):
    try:
        found = parse_moment(text)
    except FormatError:
        return
    assert len(found) == 24
    assert parse_moment(found) == found


@given(
    st.datetimes(datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2200-01-01")),
    st.integers(-14 * 60, 14 * 60),
)
def test_times_compare_as_they_follow(naive: datetime, offset_minutes: int):
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    expected = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert parse_moment(moment.isoformat(timespec="seconds"))[:19] == expected[:19]
