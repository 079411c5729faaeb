"""What goes on in the month: all that is ordinary, and each thing that a supervisor should find.

Days of what goes wrong are counted among the working days before today, of which there are
`WORKING_DAYS_MIN` at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random
from typing import Final

from proxy.demo.month.applications import apply_for_permits
from proxy.demo.month.diary import Diary
from proxy.demo.month.papers import Window
from proxy.demo.month.pen import Pen
from proxy.demo.month.roster import Calendar, Roster, moment
from proxy.demo.month.scans import Scans
from proxy.demo.month.traffic import (
    COURT,
    DESK,
    ELSEWHERE,
    HANDLERS,
    POLICE,
    Traffic,
)

LATE_OFFICER: Final = POLICE[1]
NO_CASE_OFFICERS: Final = (POLICE[2], HANDLERS[0])
LENT_OFFICER: Final = POLICE[3]
LIST_OFFICER: Final = DESK[1]
DRIP_OFFICER: Final = DESK[2]
CURIOUS_OFFICERS: Final = (POLICE[0], HANDLERS[2])
WEEKEND_OFFICER: Final = HANDLERS[1]
DRIP_A_DAY: Final = ((9, 3), (10, 3), (11, 3), (14, 3), (16, 2))
"""At which hour how many people: 14 a day, under every limit of the policy."""
_HOURS: Final = ((8, 30, 205), (14, 0, 230))
"""Where office hours begin, and how many minutes they last."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everybody who acts."""

    pen: Pen
    diary: Diary
    calendar: Calendar
    roster: Roster
    traffic: Traffic
    window: Window
    scans: Scans
    chance: Random


def rehearse(stage: Stage) -> None:
    """Note all of it in the diary."""
    _machines(stage)
    _office_hours(stage)
    _certificates(stage)
    apply_for_permits(
        stage.diary, stage.calendar.working, stage.window, stage.traffic, stage.roster
    )
    _wrong(stage)
    _drip(stage)


def _machines(stage: Stage) -> None:
    """Heartbeats, one an hour; scans at three in the morning; two restarts."""
    days = stage.calendar.days
    for number, day in enumerate(days):
        for hour in range(24):
            stage.diary.note(moment(day, hour, 1), partial(_heartbeat, stage.pen))
        share = (number + 1) / len(days)
        stage.diary.note(moment(day, 3), partial(stage.scans.scan, share))


async def _heartbeat(pen: Pen) -> None:
    pen.heartbeat()


def _office_hours(stage: Stage) -> None:
    for day in stage.calendar.open:
        for officer in (*POLICE, *HANDLERS, *COURT, *DESK[:2]):
            for _ in range(stage.chance.randint(2, 6)):
                at = _in_hours(stage, day)
                stage.diary.note(at, partial(stage.traffic.work, officer, day))


def _in_hours(stage: Stage, day: date) -> float:
    hour, minute, lasts = stage.chance.choice(_HOURS)
    return moment(day, hour, minute) + stage.chance.randrange(lasts * 60)


def _certificates(stage: Stage) -> None:
    """Three or four a day; two of the month are refused, after somebody was curious."""
    working = stage.calendar.working
    for day in working:
        for turn in range(stage.chance.randint(2, 4)):
            issue = partial(stage.window.certify, stage.roster.anybody())
            stage.diary.note(moment(day, 9 + 2 * turn, stage.chance.randrange(60)), issue)
    for officer, (looked, refused) in zip(CURIOUS_OFFICERS, ((3, 6), (10, 12)), strict=True):
        citizen = stage.roster.convicted()
        for hour in (10, 15):
            step = partial(stage.traffic.look_up, officer, working[looked], [citizen])
            stage.diary.note(moment(working[looked], hour, 20), step)
        certify = partial(stage.window.certify, citizen)
        stage.diary.note(moment(working[refused], 15, 40), certify)
    stage.diary.note(moment(working[8], 17, 10), partial(stage.window.take_back, 3))


def _wrong(stage: Stage) -> None:
    diary, traffic, days = stage.diary, stage.traffic, stage.calendar.working
    for turn in range(4):
        late = moment(days[4], 23, 10 + 6 * turn)
        diary.note(late, partial(traffic.work, LATE_OFFICER, days[4]))
    if stage.calendar.closed:
        day = stage.calendar.closed[len(stage.calendar.closed) // 2]
        for turn in range(5):
            step = partial(traffic.work, WEEKEND_OFFICER, day)
            diary.note(moment(day, 6, 5 + 9 * turn), step)
    for officer, day in zip(NO_CASE_OFFICERS, (days[7], days[12]), strict=True):
        for turn in range(7):
            step = partial(traffic.without_case, officer, day)
            diary.note(moment(day, 10 + turn // 4, 7 * turn), step)
    for turn in range(6):
        source = ELSEWHERE if turn % 2 else ""
        step = partial(traffic.work, LENT_OFFICER, days[10], source)
        diary.note(moment(days[10], 9, 8 * turn), step)
    people = [stage.roster.anybody() for _ in range(45)]
    for turn in range(15):
        step = partial(traffic.look_up, LIST_OFFICER, days[9], people[3 * turn : 3 * turn + 3])
        diary.note(moment(days[9], 16, 2 * turn), step)
    for turn in range(2):
        everybody = partial(traffic.everybody, LIST_OFFICER, days[9])
        diary.note(moment(days[9], 16, 40 + turn), everybody)
    for day, count in ((days[6], 9), (days[13], 6)):
        for turn in range(count):
            diary.note(moment(day, 11, 3 * turn), partial(traffic.platform, turn))


def _drip(stage: Stage) -> None:
    """A few people a day, every working day, and never the same."""
    for day in stage.calendar.working:
        for hour, count in DRIP_A_DAY:
            people = [stage.roster.anybody() for _ in range(count)]
            step = partial(stage.traffic.look_up, DRIP_OFFICER, day, people)
            stage.diary.note(moment(day, hour, stage.chance.randrange(55)), step)
