"""Times as people give them: a date, or RFC 3339. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.entry import format_time
from ledger.errors import FormatError

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def parse_moment(text: str, *, until: bool = False) -> str:
    """A time as entries have it, `2026-01-01T00:00:00.000Z`, so that both compare as strings.

    A date is a day of UTC: its beginning, or with `until` the beginning of the day after it.
    Raises `FormatError`.
    """
    try:
        if _DATE.fullmatch(text):
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            moment = day + timedelta(days=1) if until else day
        elif _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
        else:
            raise FormatError("a time looks like 2026-01-31 or 2026-01-31T08:00:00+08:00")
    except (ValueError, OverflowError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("there is no such date or time") from error
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    try:
        return format_time(since // timedelta(milliseconds=1)).decode()
    except (ValueError, OverflowError, OSError) as error:
        raise FormatError("there is no such date or time") from error
