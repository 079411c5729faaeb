"""Times as a prosecutor reads them: Beijing's, which has had no summer time since 1991. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

BEIJING: Final = timezone(timedelta(hours=8))


def day_of(moment: datetime) -> date:
    """Which day it is there at that moment, which knows its zone."""
    return moment.astimezone(BEIJING).date()


def beijing(unix_seconds: float) -> str:
    """`2026-01-01 08:00:00`; of a clock beyond reason, the number."""
    try:
        moment = datetime.fromtimestamp(unix_seconds, UTC).astimezone(BEIJING)
    except (OverflowError, ValueError, OSError):
        return f"@{unix_seconds:.0f}"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def beijing_of(time: str) -> str:
    """Of a time as entries have it, in UTC; what is no time stays as it is."""
    try:
        moment = datetime.fromisoformat(time).astimezone(BEIJING)
    except (OverflowError, ValueError):
        return time
    return f"{moment:%Y-%m-%d %H:%M:%S}"
