"""Who kept their days: applications decided, and opinions answered, by month and by agency. Pure.

The days are those that the entries carry: the desk counts working days and writes the last one
into the entry of a permit, and an opinion says until when it is to be answered. A matter counts in
the period in which that day falls, so each is counted in one period and as one thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from ledger.portal.beijing import day_of
from ledger.portal.index.model import Row
from ledger.portal.opinions.model import Opinion, Step
from ledger.portal.statistics.figure import Figure, Section
from ledger.portal.words import Words

_DECIDED: Final = frozenset({"granted", "refused"})
TELLING: Final = _DECIDED | {"received"}
"""Events of a permit that say whether it was decided in time."""
_ANSWERED: Final = frozenset({Step.REPLIED, Step.CLOSED})
_MEASURES: Final = (
    Words("应办结", "due"),
    Words("按期办结", "in time"),
    Words("逾期办结", "late"),
    Words("逾期未办", "overdue"),
)
_RATE: Final = Words("按期率（%）", "in time, %")


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that had to be done. ``log``: name of the source; ``done``: None, not yet."""

    log: str
    due: date
    done: date | None


@dataclass(frozen=True, slots=True)
class Period:
    """Both days are in it. ``today``: what is due then is not overdue yet."""

    since: date
    until: date
    today: date


@dataclass(frozen=True, slots=True)
class Applications:
    """``without_day``: numbers of those that were received without a day to decide by, by log."""

    matters: tuple[Matter, ...]
    without_day: frozenset[tuple[str, str]]


def applications(rows: Iterable[Row]) -> Applications:
    """Of the entries of permits, in any order. The first decision counts."""
    due: dict[tuple[str, str], date] = {}
    done: dict[tuple[str, str], date] = {}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if row.event not in TELLING or not row.permits:
            continue
        key = row.log, row.permits[0]
        if row.event == "received":
            seen.add(key)
        if (day := _day(row.decide_by)) is not None:
            due[key] = min(day, due.get(key, day))
        if row.event in _DECIDED and (decided := _day(row.time)) is not None:
            done[key] = min(decided, done.get(key, decided))
    matters = tuple(Matter(key[0], day, done.get(key)) for key, day in sorted(due.items()))
    return Applications(matters, frozenset(seen - due.keys()))


def replies(opinions: Iterable[Opinion], names: Mapping[str, str]) -> tuple[Matter, ...]:
    """``names``: the source's by the log's own. The last day that was set counts, and the reply
    to it."""
    return tuple(
        Matter(names[each.log], each.due, each.replied_on if each.step in _ANSWERED else None)
        for each in opinions
        if each.due is not None and each.log in names
    )


def timely(
    matters: Iterable[Matter], period: Period, by_month: Section, by_log: Section
) -> list[Figure]:
    """Two tables of the same matters: those that are due in the period and done or overdue."""
    counted = [
        (each, at)
        for each in matters
        if period.since <= each.due <= period.until and (at := _state(each, period)) is not None
    ]

    def table(section: Section, name_of: Callable[[Matter], str]) -> list[Figure]:
        rows: dict[str, list[int]] = {}
        for each, at in counted:
            cells = rows.setdefault(name_of(each), [0, 0, 0, 0])
            cells[0] += 1
            cells[at] += 1
        return [
            figure for name in sorted(rows) for figure in _row_figures(section, name, rows[name])
        ]

    return [
        *table(by_month, lambda each: f"{each.due:%Y-%m}"),
        *table(by_log, lambda each: each.log),
    ]


def _row_figures(section: Section, name: str, cells: list[int]) -> Iterable[Figure]:
    for words, number in zip(_MEASURES, cells, strict=True):
        yield Figure(section, _in_row(name, words), number, row=name)
    rate = 100 * cells[1] // cells[0]
    yield Figure(section, _in_row(name, _RATE), rate, percent=True, row=name)


def _in_row(name: str, words: Words) -> Words:
    return Words(f"{name} {words.chinese}", f"{name} {words.english}")


def _state(matter: Matter, period: Period) -> int | None:
    """Which of `_MEASURES` it is, at the end of the period; None: neither done nor overdue."""
    if matter.done is not None and matter.done <= period.until:
        return 1 if matter.done <= matter.due else 2
    return 3 if matter.due < period.today else None


def _day(time: str | None) -> date | None:
    """A log may hold a day that there is not."""
    try:
        return None if time is None else day_of(datetime.fromisoformat(time))
    except (ValueError, OverflowError):
        return None
