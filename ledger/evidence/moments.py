"""Times as people give them: a date, or RFC 3339. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from ledger.entry import format_time
from ledger.errors import FormatError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_MIN: Final = 1000  # four digits, as the comparison needs them
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
        if moment.year < _YEAR_MIN:
            raise FormatError("there is no such date or time in any log")
        return format_time((moment - _EPOCH) // timedelta(milliseconds=1)).decode()
    except FormatError:
        raise
    except (ValueError, OverflowError, OSError) as error:
        raise FormatError("there is no such date or time") from error
