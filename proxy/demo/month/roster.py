"""Who is asked for in the month, and when offices are open. Pure: the demo's register, a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from random import Random
from typing import Final

from proxy.demo.identity import IDENTITY_CHARACTERS, SEQUENCE_MAX, identity_number
from proxy.demo.register import Register
from proxy.desk.working_days import WorkingDays

CHINA: Final = timezone(timedelta(hours=8))
DAYS_COUNT: Final = 30
WORKING_DAYS_MIN: Final = 15
"""In any thirty days, the longest holidays included; what goes wrong happens on one of them."""
SEALED_COUNT: Final = 8
_ADULT: Final = "adult"
_BORN: Final = date(1985, 1, 1)


@dataclass(frozen=True, slots=True)
class Citizen:
    """Somebody who does not exist. ``shown``: the register has them, and no record of theirs is
    sealed; ``convicted``: it has a judgment of an adult."""

    name: str
    number: str
    woman: bool
    shown: bool
    convicted: bool


class Roster:
    """People in an order of its own, each given out once."""

    def __init__(self, register: Register, seed: int) -> None:
        chance = Random(seed)  # noqa: S311 (reproducible, not secret)
        found = _citizens(register)
        chance.shuffle(found)
        self._convicted = [each for each in found if each.convicted]
        self._sealed = [each for each in found if not each.shown][:SEALED_COUNT]
        kept = {each.number for each in (*self._convicted, *self._sealed)}
        self._others = [each for each in found if each.number not in kept]
        self._strangers_count = 0

    def convicted(self) -> Citizen:
        """Somebody whose certificate is refused."""
        return self._convicted.pop()

    def sealed(self) -> Citizen:
        """Somebody whom nobody sees without a permit; there are `SEALED_COUNT` of them."""
        return self._sealed.pop()

    def anybody(self) -> Citizen:
        """Somebody else; who is in no table once the register has nobody left."""
        if self._others:
            return self._others.pop()
        self._strangers_count += 1
        days, sequence = divmod(self._strangers_count, SEQUENCE_MAX)
        number = identity_number(_BORN + timedelta(days=days), sequence)
        return Citizen("无此人", number, woman=sequence % 2 == 0, shown=False, convicted=False)


def _citizens(register: Register) -> list[Citizen]:
    """Those with a number of eighteen characters, each number once."""
    cases: dict[object, list[int]] = {}
    for row in register.rows["case_person"]:
        cases.setdefault(row[2], []).append(int(str(row[0])))
    found: dict[str, Citizen] = {}
    for person_id, name, gender, number, *_ in register.rows["person"]:
        own = cases.get(person_id, [])
        if isinstance(number, str) and len(number) == IDENTITY_CHARACTERS:
            shown = register.sealed.isdisjoint(own)
            adult = bool(own) and all(register.profiles.get(each) == _ADULT for each in own)
            found[number] = Citizen(str(name), number, gender == "2", shown, shown and adult)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the month, oldest first, of China. The last one is today."""

    days: Sequence[date]
    working: Sequence[date]
    """Those before today on which offices were open."""
    closed: Sequence[date]
    """The others before today."""
    open: Sequence[date]
    """``working``, and today where offices are open."""

    @classmethod
    def until(cls, now: float, office: WorkingDays) -> Calendar:
        """The thirty days that end with that of ``now``, in Unix seconds."""
        today = datetime.fromtimestamp(now, CHINA).date()
        days = [today - timedelta(days=back) for back in reversed(range(DAYS_COUNT))]
        working = [day for day in days[:-1] if office.is_working(day)]
        closed = [day for day in days[:-1] if not office.is_working(day)]
        return cls(days, working, closed, [*working, *([today] * office.is_working(today))])


def moment(day: date, hour: int, minute: int = 0, second: int = 0) -> float:
    """Unix seconds of a time of day in China."""
    return datetime.combine(day, time(hour, minute, second), CHINA).timestamp()
