"""The law on sealing, written once more: plain dates and rules, from the law, not from SQL. Pure.

A third opinion beside the shipped policy and the reference views. It says of a `Story`, a few
people and files that belong together, which rows somebody without a permit may see and which of
these are masked. Nothing of the policy is read here.

The articles are those of the sealing measures (未成年人犯罪记录封存的实施办法) unless another law
is named.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

Stored = str | None
"""What stands in a column: dates as text too, for old data hold what is no date of Python's."""

EARLIEST = dt.date(1910, 1, 1)
"""Before it stand the values that mean "not known": 1900-01-01 and the like."""
ALL_PENALTIES_SEALED_FROM = dt.date(2026, 1, 1)  # 治安管理处罚法 Art. 136
FIVE_YEARS_MONTHS = 60
LONGEST_TERM_MONTHS = 25 * 12  # 刑法 Art. 69
UNSEALING_GROUNDS = ("18-1", "18-2", "18-3")
NOT_ACCUSED = ("VICTIM", "WITNESS", "PARTY")

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643


@dataclass(frozen=True, slots=True)
class Judgment:
    """``term_months`` is the term decided for all charges together; suspension leaves it."""

    result: str
    penalty: Stored = None
    term_months: int | None = None
    suspended_months: int | None = None
    effective_on: Stored = None
    in_force: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    status: str
    ground: Stored = None
    unsealed_on: Stored = None


@dataclass(frozen=True, slots=True)
class Accused:
    """Somebody in a file, in one role. ``person`` and ``file`` are numbers within the story."""

    person: int
    file: int
    role: str
    first: Stored = None
    last: Stored = None
    main_before_18: bool | None = None
    optout: bool = False
    judgments: tuple[Judgment, ...] = ()
    notices: tuple[Notice, ...] = ()
    charge_months: tuple[int | None, ...] = ()
    not_prosecuted: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    id_no: Stored = None
    born: Stored = None
    penalty_acts: tuple[Stored, ...] = ()
    """Administrative penalties, by the day of the act."""


@dataclass(frozen=True, slots=True)
class File:
    incident: Stored = None
    parent: int | None = None
    victims: tuple[tuple[Stored, Stored], ...] = ()
    """Identity number and date of birth."""
    papers: tuple[tuple[int | None, int | None], ...] = ()
    """Whose of the story's accused it is, None for the whole file's; and which of the story's
    people it names in its text."""


@dataclass(frozen=True, slots=True)
class Story:
    people: tuple[Person, ...]
    files: tuple[File, ...]
    accused: tuple[Accused, ...]


Row = tuple[str, int, bool]
"""Table, number of the row within the story's rows of that table, and whether it is masked."""


def seen(story: Story, today: dt.date) -> set[Row]:
    """Everything of the story that may be seen on that day."""
    shown = [
        stays(story, each, today) if each.role in NOT_ACCUSED else not sealed(story, each, today)
        for each in story.accused
    ]
    return {
        *_people(story, shown, today),
        *_with_their_person(story, shown),
        *_files(story, shown, set(_people(story, shown, today)), today),
        *_penalties(story, today),
    }


def sealed(story: Story, accused: Accused, today: dt.date) -> bool:
    """Articles 4, 7, 18 and 22; whatever is not proved stays sealed (应封尽封)."""
    if accused.role in NOT_ACCUSED:
        return False
    if accused.notices:  # Art. 11, 12: a notice is obeyed until it is lifted, whatever the data say
        return not all(lifted(notice, today) for notice in accused.notices)
    if adult(story.people[accused.person], accused, today):
        return False
    judgment = final(accused.judgments, today)
    if judgment is None:  # undecided, not prosecuted (Art. 3)
        return True
    if accused.optout and judgment.result == "ACQ_EVID":  # Art. 7, with the court's consent
        return False
    return not heavy(judgment)


def stays(story: Story, each: Accused, today: dt.date) -> bool:
    """A victim, witness or party goes with the file. A minor then, whose name nobody learns
    (未成年人保护法 Art. 103), stays where no other record says who it is."""
    accused = [one for one in story.accused if one.file == each.file]
    accused = [one for one in accused if one.role not in NOT_ACCUSED]
    if accused and all(sealed(story, one, today) for one in accused):
        return False
    if grown(story, each, today):
        return True
    others = [one for one in story.accused if one.person == each.person]
    return not story.people[each.person].penalty_acts and all(
        one.file == each.file and one.role in NOT_ACCUSED for one in others
    )


def grown(story: Story, each: Accused, today: dt.date) -> bool:
    """Proved to have been over eighteen when what the file is about happened."""
    person = story.people[each.person]
    return not _minor_victim(person.id_no, person.born, story.files[each.file].incident, today)


def lifted(notice: Notice, today: dt.date) -> bool:
    """Art. 18, 19: by a decision that names its ground, from the day on that it names."""
    return (
        notice.status == "UNSEALED"
        and notice.ground in UNSEALING_GROUNDS
        and day(notice.unsealed_on, today) is not None
    )


def heavy(judgment: Judgment) -> bool:
    """Art. 4, 24: five years exactly are sealed. A term that nobody can get proves nothing."""
    if judgment.result != "GUILTY":
        return False
    if judgment.penalty in ("LIFE", "DEATH"):
        return True
    months = judgment.term_months
    return (
        judgment.penalty == "FIXED"
        and months is not None
        and FIVE_YEARS_MONTHS < months <= LONGEST_TERM_MONTHS
    )


def final(judgments: tuple[Judgment, ...], today: dt.date) -> Judgment | None:
    """The judgment that counts: of those in force the last; a retrial's takes its place."""
    found, since = None, EARLIEST
    for judgment in judgments:
        effective = day(judgment.effective_on, today)
        if judgment.in_force and effective is not None and effective >= since:
            found, since = judgment, effective
    return found


def adult(person: Person, accused: Accused, today: dt.date) -> bool:
    """Proved to have been over eighteen at the act that counts (Art. 4)."""
    eighteenth = eighteenth_birthday(person.id_no, person.born, today)
    first, last = day(accused.first, today), day(accused.last, today)
    if eighteenth is None:
        return False
    if first is not None and first > eighteenth:
        return last is None or last > eighteenth  # an end before the beginning proves nothing
    return accused.main_before_18 is False and last is not None and last > eighteenth


def eighteenth_birthday(id_no: Stored, born: Stored, today: dt.date) -> dt.date | None:
    """The last day somebody is a minor by the favourable source; None where none is good.

    周岁 is reached on the day after the birthday; who was born on 29 February has it on the
    month's last day (民法典 Art. 202). Of two sources the younger counts (刑诉解释 Art. 146). A
    number alone counts where nothing is wrong with it.
    """
    registered, printed = day(born, today), birth_digits(id_no)
    if registered is None:
        if printed is None or not _flawless(plain(id_no), printed, today):
            return None
        return _eighteen_years_on(*printed)
    own = _eighteen_years_on(registered.year, registered.month, registered.day)
    return own if printed is None else max(own, _eighteen_years_on(*printed))


def _eighteen_years_on(year: int, month: int, day_of_month: int) -> dt.date:
    last = calendar.monthrange(year + 18, month)[1]
    return dt.date(year + 18, month, min(day_of_month, last))


def day(stored: Stored, today: dt.date) -> dt.date | None:
    """A date that can be one; None for all that stands in the place of one."""
    if stored is None or not _DATE.fullmatch(stored):
        return None
    found = dt.date.fromisoformat(stored)
    return found if EARLIEST <= found <= today else None


def plain(id_no: Stored) -> str:
    """An identity number as it is meant: narrow digits, a capital X, no blanks."""
    out = []
    for character in id_no or "":
        if "０" <= character <= "９":
            out.append(chr(ord(character) - ord("０") + ord("0")))
        elif character in "xＸｘ":
            out.append("X")
        elif character not in " \t\r\n　":
            out.append(character)
    return "".join(out)


def birth_digits(id_no: Stored) -> tuple[int, int, int] | None:
    """Year, month and day in a number of 18 or 15 places; they need not be of the calendar."""
    number = plain(id_no)
    if not number.isascii() or not number[:17].isdigit() or number.startswith("0"):
        return None
    if len(number) == 18 and (number[17].isdigit() or number[17] == "X"):
        digits = number[6:14]
    elif len(number) == 15:
        digits = "19" + number[6:12]
    else:
        return None
    year, month, day_of_month = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not 1900 <= year <= 2099 or not 1 <= month <= 12 or not 1 <= day_of_month <= 31:
        return None
    return year, month, day_of_month


def _flawless(number: str, printed: tuple[int, int, int], today: dt.date) -> bool:
    """A day that was, and the right check digit; numbers of 15 places have none."""
    year, month, day_of_month = printed
    if day_of_month > calendar.monthrange(year, month)[1]:
        return False
    if not EARLIEST <= dt.date(year, month, day_of_month) <= today:
        return False
    if len(number) == 15:
        return True
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[17]


def _people(story: Story, shown: list[bool], today: dt.date) -> Iterator[Row]:
    """A register of offenders: who is in it for nothing but what is sealed is not in it, nor is
    who is in it as a minor victim, witness or party."""
    for number, person in enumerate(story.people):
        open_penalties = [_penalty_open(person, act, today) for act in person.penalty_acts]
        known = [is_shown and (each.role not in NOT_ACCUSED or grown(story, each, today))
                 for is_shown, each in zip(shown, story.accused, strict=True)
                 if each.person == number]  # fmt: skip
        if any(known) or any(open_penalties) or not (known or open_penalties):
            yield "person", number, False


def _with_their_person(story: Story, shown: list[bool]) -> Iterator[Row]:
    judgment = charge = decision = 0
    for number, (accused, is_shown) in enumerate(zip(story.accused, shown, strict=True)):
        if is_shown:
            yield "case_person", number, False
        for _ in accused.judgments:
            if is_shown:
                yield "sentence", judgment, False
            judgment += 1
        for _ in accused.charge_months:
            if is_shown:
                yield "charge", charge, False
            charge += 1
        if accused.not_prosecuted:
            if is_shown:
                yield "non_prosecution", decision, False
            decision += 1


def _files(story: Story, shown: list[bool], people: set[Row], today: dt.date) -> Iterator[Row]:
    """Art. 5: a file is gone with its accused, and labelled where one of several is sealed."""
    has_sealed = [False for _ in story.files]
    has_open = [False for _ in story.files]
    for accused, is_shown in zip(story.accused, shown, strict=True):
        if accused.role not in NOT_ACCUSED:
            (has_open if is_shown else has_sealed)[accused.file] = True
    victim = paper = 0
    for number, file in enumerate(story.files):
        gone = has_sealed[number] and not has_open[number]
        if not gone:
            family = [other for other in range(len(story.files)) if _split(story, number, other)]
            yield "case_file", number, any(has_sealed[other] for other in family)
        for id_no, born in file.victims:
            if not gone:
                yield "victim", victim, _minor_victim(id_no, born, file.incident, today)
            victim += 1
        for whose, named in file.papers:
            if not gone and (whose is None or (shown[whose] and _named(story, whose, people))):
                told = _sealed_in_the_family(story, shown, number, named)
                yield "document", paper, has_sealed[number] or told
            paper += 1


def _named(story: Story, whose: int, people: set[Row]) -> bool:
    """A paper of a victim, witness or party says who that is."""
    each = story.accused[whose]
    return each.role not in NOT_ACCUSED or ("person", each.person, False) in people


def _sealed_in_the_family(story: Story, shown: list[bool], file: int, who: int | None) -> bool:
    """Art. 5, 6: somebody sealed in a file that was split from this one is not named here."""
    return any(
        each.person == who
        and each.role not in NOT_ACCUSED
        and not is_shown
        and _split(story, file, each.file)
        for each, is_shown in zip(story.accused, shown, strict=True)
    )


def _split(story: Story, one: int, other: int) -> bool:
    """The same file, or one was split off the other, or both off a third."""
    parents = story.files[one].parent, story.files[other].parent
    return one == other or one == parents[1] or other == parents[0] or (
        parents[0] is not None and parents[0] == parents[1]
    )  # fmt: skip


def _minor_victim(id_no: Stored, born: Stored, incident: Stored, today: dt.date) -> bool:
    """未成年人保护法 Art. 103: who cannot be shown to have been an adult has no name."""
    happened = day(incident, today)
    if happened is None or day(born, today) is None:
        return True
    eighteenth = eighteenth_birthday(id_no, born, today)
    return eighteenth is None or happened <= eighteenth


def _penalties(story: Story, today: dt.date) -> Iterator[Row]:
    number = 0
    for person in story.people:
        for act in person.penalty_acts:
            if _penalty_open(person, act, today):
                yield "admin_penalty", number, False
            number += 1


def _penalty_open(person: Person, act: Stored, today: dt.date) -> bool:
    """预防未成年人犯罪法 Art. 59: minors'; 治安管理处罚法 Art. 136: from 2026 on everybody's."""
    done, registered = day(act, today), day(person.born, today)
    if today >= ALL_PENALTIES_SEALED_FROM or done is None or registered is None:
        return False
    eighteenth = eighteenth_birthday(person.id_no, person.born, today)
    return eighteenth is not None and done > eighteenth
