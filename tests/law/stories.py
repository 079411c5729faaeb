"""Random people at the edges of the law, as `Story` values, and simpler ones for a failure.

Everything is synthetic; the areas 999xxx of the identity numbers do not exist.
"""

from __future__ import annotations

import calendar
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from tests.law.model import Accused, File, Judgment, Notice, Person, Stored, Story

LAST_OFFENCE_YEAR = 2024
NO_DATES: tuple[Stored, ...] = (
    *(None, "1900-01-01", "9999-12-31", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"),
    *("0044-03-15 BC", "1909-12-31", "1910-01-01"),
)
ROLES = (*("CONVICT",) * 6, "DEFENDANT", "SUSPECT", "嫌疑人", "VICTIM", "WITNESS", "PARTY")
RESULTS = (*("GUILTY",) * 8, "EXEMPT", "ACQ_EVID", "ACQ_LAW", "NO_PUNISH", "TERMINATED", "guilty")
PENALTIES = (
    *("FIXED",) * 8,
    "LIFE",
    "DEATH",
    "DETENTION",
    "CONTROL",
    "FINE",
    "POLIT",
    "有期",
    None,
)
TERMS_MONTHS = (*(59, 60, 61) * 3, 1, 6, 36, 72, 180, 300, 301, 999, -61, 0, None)
KEPT = ("person", "file", "result", "status", "role", "in_force")
"""What a simpler story keeps as it is."""
GROUNDS = (*("18-1", "18-2", "18-3") * 4, "7", "18-4", "", None)
WIDE = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


def story(dice: random.Random, today: dt.date) -> Story:
    """One to three people in one to three files; most have one of each."""
    births = [_birth(dice) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    people = tuple(
        Person(_number(dice, born), _recorded(dice, born), _penalty_acts(dice, born))
        for born in births
    )
    files_count = dice.choice((1, 1, 1, 1, 2, 3))
    accused = tuple(
        _accused(dice, number % len(people), births[number % len(people)], today, files_count)
        for number in range(dice.choice((len(people), len(people), len(people) + 1)))
        if dice.random() < 0.97
    )
    files = tuple(_file(dice, number, births, accused) for number in range(files_count))
    return Story(people, files, accused)


def simpler(whole: Story) -> Iterator[Story]:
    """The same story with something left out, the largest things first."""
    for name in ("accused", "people", "files"):
        for number in range(len(getattr(whole, name))):
            if (smaller := _without(whole, name, number)) is not None:
                yield smaller
    for name in ("people", "files", "accused"):
        rows = getattr(whole, name)
        for number, row in enumerate(rows):
            for plainer in _plainer(row):
                yield replace(whole, **{name: (*rows[:number], plainer, *rows[number + 1 :])})


def _without(whole: Story, name: str, number: int) -> Story | None:
    """A row less, where nothing refers to it; what comes behind it is counted anew."""
    rows = getattr(whole, name)
    left = (*rows[:number], *rows[number + 1 :])
    if name == "accused":
        if any(file.papers for file in whole.files):
            return None
        return replace(whole, accused=left)
    field = "person" if name == "people" else "file"
    used = any(getattr(accused, field) == number for accused in whole.accused)
    if used or (name == "files" and any(file.parent is not None for file in whole.files)):
        return None
    accused = tuple(
        replace(each, **{field: getattr(each, field) - (getattr(each, field) > number)})
        for each in whole.accused
    )
    return replace(whole, **{name: left, "accused": accused})


def _plainer(row: Any) -> Iterator[Any]:
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, tuple):
            for number, element in enumerate(value):
                rest = (*value[:number], *value[number + 1 :])
                yield replace(row, **{field.name: rest})
                if isinstance(element, Judgment | Notice):
                    for plainer in _plainer(element):
                        changed = (*value[:number], plainer, *value[number + 1 :])
                        yield replace(row, **{field.name: changed})
        elif field.name not in KEPT and value not in (None, False):
            yield replace(row, **{field.name: False if value is True else None})


def _birth(dice: random.Random) -> dt.date:
    """Every third of them at the end of February, and of these many in leap years."""
    year = dice.randrange(1925, 2008)
    if dice.random() < 0.33:
        if dice.random() < 0.5:
            year -= year % 4
        leap = calendar.isleap(year)
        month, day = dice.choice(((2, 28), (2, 29) if leap else (3, 1), (3, 1)))
        return dt.date(year, month, day)
    return dt.date(year, 1, 1) + dt.timedelta(days=dice.randrange(365))


def _about_18(dice: random.Random, born: dt.date) -> str:
    """Within two days of the eighteenth birthday, or 28 February or 1 March of that year."""
    year = born.year + 18
    if dice.random() < 0.2:
        return dice.choice((f"{year}-02-28", f"{year}-03-01"))
    last = calendar.monthrange(year, born.month)[1]
    birthday = dt.date(year, born.month, min(born.day, last))
    return (birthday + dt.timedelta(days=dice.randrange(-2, 3))).isoformat()


def _act(dice: random.Random, born: dt.date, today: dt.date) -> Stored:
    chance = dice.random()
    if chance < 0.6:
        return _about_18(dice, born)
    if chance < 0.7:
        return dice.choice(NO_DATES)
    if chance < 0.73:
        return (today + dt.timedelta(days=dice.choice((0, 1)))).isoformat()
    years = dice.choice((-1, 10, 16, 17, 18, 19, 30))
    return (born + dt.timedelta(days=365 * years + dice.randrange(366))).isoformat()


def _recorded(dice: random.Random, born: dt.date) -> Stored:
    chance = dice.random()
    if chance < 0.6:
        return born.isoformat()
    if chance < 0.8:
        return dice.choice(NO_DATES)
    return (born + dt.timedelta(days=dice.choice((-1, 1, -366, 366)))).isoformat()


def _number(dice: random.Random, born: dt.date) -> Stored:
    if dice.random() < 0.3:
        return None
    if dice.random() < 0.15:
        born += dt.timedelta(days=dice.choice((-1, 1, -400, 400)))
    digits = f"{born:%Y%m%d}"
    if dice.random() < 0.1:
        digits = digits[:4] + dice.choice(
            ("0000", "0010", "0100", "0132", "0229", "0230", "0231", "0431", "1301", "9999")
        )
    if dice.random() < 0.03:
        digits = dice.choice(("1900", "1909", "1800", "2099", "2100")) + digits[4:]
    body = f"{dice.choice('1239')}99{dice.randrange(1000):03d}{digits}"
    body, check = _checked(body + f"{dice.randrange(1000):03d}")
    if dice.random() < 0.3:  # an X is rare by itself
        ended = (_checked(body[:-1] + last) for last in "0123456789")
        body, check = max(ended, key=lambda pair: pair[1])
    number = body + check
    chance = dice.random()
    if chance < 0.15:
        number = body + dice.choice("0123456789X")
    elif chance < 0.3:
        number = body[:6] + body[8:]
    elif chance < 0.36:
        number = dice.choice(
            ("身份证遗失", "", "0" + number[1:], number[:-1], number + "1", "X" * 18)
        )
    return _written(dice, number)[:20]  # as long as the column


def _checked(body: str) -> tuple[str, str]:
    """The first seventeen places and the check digit that belongs to them (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body, "10X98765432"[total % 11]


def _written(dice: random.Random, number: str) -> str:
    """As clerks and exports write it: wide, small, padded, broken up."""
    match dice.randrange(10):
        case 0:
            return number.translate(WIDE)
        case 1:
            return number.lower()
        case 2:
            return number.lower().translate(WIDE)
        case 3:
            return number + dice.choice((" ", "　", "\t", "\r", "\n", "\r\n"))
        case 4:
            return dice.choice((" ", "　", "\t")) + number
        case 5:
            return f"{number[:6]} {number[6:]}"
        case 6:
            return number[:3] + number[3:9].translate(WIDE) + number[9:]
        case _:
            return number


def _accused(
    dice: random.Random, person: int, born: dt.date, today: dt.date, files_count: int
) -> Accused:
    first = _act(dice, born, today)
    last = dice.choice((None, first, _act(dice, born, today)))
    return Accused(
        person=person,
        file=dice.randrange(files_count),
        role=dice.choice(ROLES),
        first=first,
        last=last,
        main_before_18=dice.choice((None, None, True, False)),
        optout=dice.random() < 0.2,
        judgments=tuple(_judgment(dice, today) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))),
        notices=tuple(_notice(dice, today) for _ in range(dice.choice((0, 0, 0, 0, 1, 2)))),
        charge_months=tuple(
            dice.choice(TERMS_MONTHS) for _ in range(dice.choice((0, 1, 2, 3)))
        ),
        not_prosecuted=dice.random() < 0.2,
    )  # fmt: skip


def _judgment(dice: random.Random, today: dt.date) -> Judgment:
    effective: Stored = (dt.date(2005, 1, 1) + dt.timedelta(days=dice.randrange(7000))).isoformat()
    if dice.random() < 0.2:
        effective = "2020-01-01"  # two of one day
    elif dice.random() < 0.3:
        near = (today + dt.timedelta(days=dice.choice((0, 1)))).isoformat()
        effective = dice.choice((*NO_DATES, near, near))
    return Judgment(
        result=dice.choice(RESULTS),
        penalty=dice.choice(PENALTIES),
        term_months=dice.choice(TERMS_MONTHS),
        suspended_months=dice.choice((None, None, 24, 36, 60, 61, 72)),
        effective_on=effective,
        in_force=dice.random() < 0.85,
    )


def _notice(dice: random.Random, today: dt.date) -> Notice:
    if dice.random() < 0.3:
        return Notice("ACTIVE")
    near = (today + dt.timedelta(days=dice.choice((0, 1)))).isoformat()
    since = dice.choice(("2022-02-02", "2022-02-02", "2022-02-02", near, dice.choice(NO_DATES)))
    status = dice.choice((*("UNSEALED",) * 8, "unsealed", "PENDING"))
    return Notice(status, dice.choice(GROUNDS), since)


def _penalty_acts(dice: random.Random, born: dt.date) -> tuple[Stored, ...]:
    if dice.random() < 0.8:
        return ()
    return tuple(
        _about_18(dice, born) if dice.random() < 0.7 else dice.choice(NO_DATES)
        for _ in range(dice.choice((1, 1, 2)))
    )


def _file(
    dice: random.Random, number: int, births: list[dt.date], accused: tuple[Accused, ...]
) -> File:
    incident = _about_18(dice, births[0]) if dice.random() < 0.8 else dice.choice(NO_DATES)
    victims = tuple(
        (_number(dice, births[0]), _recorded(dice, births[0]))
        for _ in range(dice.choice((0, 0, 0, 1, 2)))
    )
    own = [None, *(who for who, each in enumerate(accused) if each.file == number)]
    papers = tuple(
        (dice.choice(own), dice.choice((None, *range(len(births)))))
        for _ in range(dice.choice((0, 0, 1, 2)))
    )
    parent = dice.randrange(number) if number and dice.random() < 0.6 else None
    return File(incident, parent, victims, papers)
