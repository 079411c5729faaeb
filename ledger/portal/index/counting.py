"""Counts entries of one log's index over time, out of sums that were kept while it was filled."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from ledger.errors import FormatError
from ledger.portal.index.filling import CHINA_HOURS, DAY_HOURS, HOUR_MS
from ledger.portal.index.headline import KIND_CODES, time_ms_of
from ledger.portal.index.model import By, Counted, Each, Tally
from ledger.portal.index.schema import known_word

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {code: kind.value for kind, code in KIND_CODES.items()}
_WORDS: Final = (By.PRINCIPAL, By.VERDICT, By.RULE)
_NAMED: Final = (*_WORDS, By.EVENT)
_LENGTHS: Final = {Each.HOUR: 13, Each.DAY: 10, Each.MONTH: 7, Each.ALL: 0}
"""Characters of an RFC 3339 time that name such a stretch of time."""
HOURS_OFF_MAX: Final = 14


def count_log(
    connection: sqlite3.Connection, log: str, by: By, each: Each, tally: Tally, hours: int
) -> list[Counted]:
    """`hours`: how far the clock by which days are told is ahead of UTC. In order of time.

    Raises `FormatError` for a date that there is not.
    """
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    days = each is not Each.HOUR and hours == CHINA_HOURS and _of_whole_days(tally)
    terms, values = _terms(connection, tally, days=days)
    if terms is None:
        return []
    stretch = "day" if days else "hour"
    column = "0" if by is By.LOG else by.value
    text = (
        f"SELECT {stretch}, {column}, sum(entries_count), sum(rows_count) FROM tally_{stretch}"
        f"{' WHERE ' if terms else ''}{' AND '.join(terms)} GROUP BY 1, 2"
    )
    names = _names(connection, by) if by in _NAMED else _KINDS
    for number, code, entries_count, rows_count in connection.execute(text, values):
        value = log if by is By.LOG else names.get(code, "")
        hour = number * DAY_HOURS if days else number + hours
        counted = sums[_label(hour, each), value]
        counted[0] += entries_count
        counted[1] += rows_count
    return [Counted(*key, *counted) for key, counted in sorted(sums.items())]


def values_of(connection: sqlite3.Connection, by: By) -> Iterator[str]:
    """What that field has been in this log, in no order."""
    names = _names(connection, by) if by in _NAMED else _KINDS
    for (code,) in connection.execute(f"SELECT DISTINCT {by.value} FROM tally_day"):
        if code in names:
            yield names[code]


def offset_hours(offset_minutes: int) -> int:
    """Raises `FormatError`: entries are counted by the hour."""
    hours, minutes = divmod(offset_minutes, 60)
    if minutes or abs(hours) > HOURS_OFF_MAX:
        raise FormatError("entries are counted by the hour, on a clock whole hours from UTC")
    return hours


def _of_whole_days(tally: Tally) -> bool:
    """Of China, so that what was counted by the day will do."""
    ends = [_hour(end) for end in (tally.since, tally.until) if end is not None]
    return all((hour + CHINA_HOURS) % DAY_HOURS == 0 for hour in ends)


def _hour(moment: str) -> int:
    return time_ms_of(moment) // HOUR_MS


def _terms(
    connection: sqlite3.Connection, tally: Tally, *, days: bool
) -> tuple[list[str] | None, list[int]]:
    """None where there is nothing to count."""
    terms, values = list[str](), list[int]()
    if tally.kinds:
        terms.append(f"kind IN ({', '.join('?' * len(tally.kinds))})")
        values += [KIND_CODES[kind] for kind in sorted(tally.kinds)]
    for name in _WORDS:
        if (word := getattr(tally, name.value)) is not None:
            number = known_word(connection, word)
            if number is None:
                return None, values
            terms.append(f"{name.value} = ?")
            values.append(number)
    for end, sign in ((tally.since, ">="), (tally.until, "<")):
        if end is not None:
            terms.append(f"{'day' if days else 'hour'} {sign} ?")
            values.append((_hour(end) + CHINA_HOURS) // DAY_HOURS if days else _hour(end))
    return terms, values


def _names(connection: sqlite3.Connection, by: By) -> dict[int, str]:
    """Words that field has been; 0 is none."""
    text = f"SELECT id, value FROM word WHERE id IN (SELECT {by.value} FROM tally_day)"
    return dict(connection.execute(text).fetchall())


@lru_cache(maxsize=20_000)
def _label(hour: int, each: Each) -> str:
    try:
        moment = _EPOCH + timedelta(hours=hour)
    except OverflowError:
        moment = datetime.max.replace(
            tzinfo=UTC
        )  # the last hours of the last year, on a clock ahead of UTC
    return moment.isoformat()[: _LENGTHS[each]]
