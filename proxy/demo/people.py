"""Several thousand people who do not exist, and what they did. Pure: the same seed, the same rows.

Each case takes people drawn from `PROFILES`; dates are worked out backwards from the day it
happened, so that everybody in a case has the age their profile asks for. Nothing happens after
`LAST_DAY`: judgments are in force whatever the day the demo runs on.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from proxy.demo.identity import (
    SEQUENCE_MAX,
    eighteenth_birthday,
    identity_number,
    misprinted,
    old_identity_number,
)
from proxy.demo.profiles import PROFILES, Age, Outcome, Profile
from proxy.demo.register import Cell, Register

LAST_DAY = date(2024, 12, 31)
_MODERN = (date(2013, 1, 1), date(2021, 12, 31))
_BEFORE_2012 = (date(1992, 1, 1), date(2008, 12, 31))

_MEASURES = ("ARREST", "DETENTION", "BAIL", "RESIDENCE")
_HELP = (("BANGJIAO", "帮教考察记录"), ("XINLI", "心理疏导记录"), ("JIUZHU", "司法救助记录"))
_CASES_JOINT = 0.15
_CASES_SPLIT = 0.4
_REOFFENDING = 0.08
_APPLICATIONS_COUNT = 40
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Names:
    """What people and places are called; ``config/demo/names.toml``."""

    surnames: Sequence[str]
    marks: Sequence[str]
    tellers: Sequence[str]
    streets: Sequence[str]
    schools: Sequence[str]
    organisations: Sequence[str]
    charges: Mapping[str, str]
    """Cause of a case -> charge."""


class Population:
    """Fills a `Register`. One object, one population."""

    def __init__(self, names: Names, *, seed: int, register: Register) -> None:
        self.register = register
        self._names = names
        self._chance = random.Random(seed)  # noqa: S311 (reproducible, not secret)
        self._numbers_taken = {row[3] for row in register.rows["person"]}
        causes = list(names.charges)
        self._causes = causes, [len(causes) - place for place in range(len(causes))]

    def populate(self, *, cases_count: int, bystanders_count: int) -> Register:
        """``cases_count`` criminal cases with their people, and others who have no record."""
        for profile in PROFILES:  # at least one of each, whatever the dice say
            self._case([profile])
        for _ in range(cases_count - len(PROFILES)):
            self._case(self._accused())
        for _ in range(bystanders_count):
            self._bystander()
        for number in range(1, _APPLICATIONS_COUNT + 1):
            self._application(number)
        return self.register

    def _accused(self) -> list[Profile]:
        count = 1
        if self._chance.random() < _CASES_JOINT:
            count = self._chance.choice((2, 2, 2, 3))
        drawn = self._chance.choices(PROFILES, [p.share for p in PROFILES], k=count)
        return [p for p in drawn if p.before_2012 is drawn[0].before_2012]

    def _case(self, accused: Sequence[Profile]) -> None:
        happened = self._day(*(_BEFORE_2012 if accused[0].before_2012 else _MODERN))
        cause = self._chance.choices(*self._causes)[0]
        case_id = self._case_file("01", cause, happened, None)
        mixed = len({p.sealed for p in accused}) > 1
        split = mixed and self._chance.random() < _CASES_SPLIT
        child_id = self._case_file("01", cause, happened, case_id) if split else case_id
        for profile in accused:
            self._accuse(child_id if profile.sealed else case_id, cause, profile, happened)
        if len(accused) > 1:
            self._document(case_id, None, "REPORT", f"{cause}案全案审查报告", self._after(happened))
        if self._chance.random() < 0.6:
            self._victim(case_id, happened)

    def _case_file(self, kind: str, cause: str, happened: date, parent: int | None) -> int:
        filed = happened + self._chance.randint(1, 40) * _DAY
        closed = filed + self._chance.randint(60, 300) * _DAY
        number = len(self.register.rows["case_file"]) + 1
        return self.register.add(
            "case_file", f"({closed.year})示刑初{number:04}号", kind, cause,
            self._chance.choice(self._names.organisations), happened, filed, closed, parent,
        )  # fmt: skip

    def _accuse(self, case_id: int, cause: str, profile: Profile, happened: date) -> None:
        offset = self._chance.randint(*profile.first)
        born = _eighteen_years_before(happened - offset * _DAY)
        person_id = self._person(profile.age, born)
        self._involve(case_id, person_id, cause, profile, eighteenth_birthday(born) + offset * _DAY)
        again = eighteenth_birthday(born) + self._chance.randint(1, 900) * _DAY
        offends_again = self._chance.random() < _REOFFENDING
        if profile.name == "minor" and again <= _MODERN[1] and offends_again:
            adult = next(p for p in PROFILES if p.name == "adult")
            later_id = self._case_file("01", cause, again, None)
            self._involve(later_id, person_id, cause, adult, again)

    def _involve(
        self, case_id: int, person_id: int, cause: str, profile: Profile, first: date
    ) -> None:
        last = first + self._chance.randint(*profile.lasted_days) * _DAY
        dates = (first, last) if profile.offence_dated else (None, None)
        cp_id = self.register.add(
            "case_person", case_id, person_id, profile.role, *dates,
            profile.main_before_18, profile.opted_out,
        )  # fmt: skip
        self.register.profiles[cp_id] = profile.name
        if profile.sealed:
            self.register.sealed.add(cp_id)
        decided = self._after(last)
        months = profile.outcome.months if profile.outcome is not None else None
        term = self._chance.randint(*months) if months is not None else None
        self.register.add("charge", cp_id, self._names.charges[cause], dates[0], term)
        if profile.outcome is not None:
            self._judgment(cp_id, case_id, cause, profile.outcome, term, decided)
        if profile.not_prosecuted is not None:
            number = len(self.register.rows["non_prosecution"]) + 1
            self.register.add(
                "non_prosecution", cp_id, profile.not_prosecuted, decided,
                f"示检刑不诉〔{decided.year}〕{number}号",
            )  # fmt: skip
        if profile.notice is not None:
            self._notice(cp_id, profile.notice, decided)
        self._proceedings(cp_id, person_id, profile, last, decided)

    def _judgment(
        self, cp_id: int, case_id: int, cause: str, outcome: Outcome, term: int | None, day: date
    ) -> None:
        number = len(self.register.rows["sentence"]) + 1
        judgment_no = f"({day.year})示刑初{number:05}号"
        self.register.add(
            "sentence", cp_id, outcome.code, outcome.penalty, term, judgment_no,
            day if outcome.effective else None,
        )  # fmt: skip
        self._document(case_id, cp_id, "JUDGMENT", f"{cause}案判决书 {judgment_no}", day)

    def _notice(self, cp_id: int, status: str, day: date) -> None:
        number = len(self.register.rows["seal_notice"]) + 1
        unsealed: tuple[Cell, Cell] = (None, None)
        if status == "UNSEALED":
            unsealed = ("18-1", min(day + 200 * _DAY, LAST_DAY))
        self.register.add(
            "seal_notice", cp_id, f"示封〔{day.year}〕{number}号", self._names.organisations[0],
            day, day + _DAY, day + 3 * _DAY, status, *unsealed,
        )  # fmt: skip

    def _proceedings(
        self, cp_id: int, person_id: int, profile: Profile, last: date, decided: date
    ) -> None:
        """What a case leaves behind on its way: measures, reports, help, earlier penalties."""
        chance, add = self._chance, self.register.add
        if chance.random() < 0.5:
            add("coercive_measure", cp_id, chance.choice(_MEASURES), last + 2 * _DAY, decided)
        if profile.sealed and chance.random() < 0.4:
            add("social_investigation", cp_id, last + 30 * _DAY, "社会调查报告(虚构)")
            kind, content = chance.choice(_HELP)
            add("guidance_record", cp_id, kind, decided + 5 * _DAY, f"{content}(虚构)")
        if chance.random() < 0.1:
            acted = last - 200 * _DAY
            add("admin_penalty", person_id, acted, "罚款200元", acted + 2 * _DAY)

    def _document(self, case_id: int, cp_id: int | None, kind: str, title: str, day: date) -> None:
        self.register.add("document", case_id, cp_id, kind, title, "正文从略(虚构)", day)

    def _victim(self, case_id: int, happened: date) -> None:
        age = self._chance.choice((Age.REGISTERED, Age.REGISTERED, Age.NOTHING))
        young = self._chance.random() < 0.4
        years = self._chance.randint(8, 17) if young else self._chance.randint(20, 60)
        born = happened - years * 365 * _DAY
        self.register.add(
            "victim", case_id, self._name(), *self._age(age, born, self._chance.randint(0, 1)),
            self._address(), self._chance.choice(self._names.schools) if young else None,
            self._phone() if young else None,
        )  # fmt: skip

    def _bystander(self) -> None:
        """A person with nothing on record: in no case at all, or in one as witness or party."""
        person_id = self._person(Age.REGISTERED, self._day(date(1960, 1, 1), date(2008, 12, 31)))
        role = self._chance.choice((None, None, "WITNESS", "VICTIM", "PARTY"))
        if role is None:
            return
        happened = self._day(*_MODERN)
        kind = "02" if role == "PARTY" else "01"
        case_id = self._case_file(kind, "合同纠纷" if kind == "02" else "盗窃", happened, None)
        self.register.add("case_person", case_id, person_id, role, None, None, None, False)

    def _application(self, number: int) -> None:
        """Somebody's employer asked the agency about them."""
        asked = self._day(*_MODERN)
        subject = self._chance.choice(self.register.rows["person"])
        self.register.add(
            "query_application", self._chance.choice(self._names.schools), "SCHOOL", subject[3],
            "入职查询", "未成年人保护法第62条", f"示函〔{asked.year}〕{number}号", asked,
            self._chance.choice(("GRANTED", "REFUSED")), asked + 2 * _DAY,
        )  # fmt: skip

    def _person(self, age: Age, born: date) -> int:
        woman = self._chance.randint(0, 1)
        number, registered = self._age(age, born, woman)
        return self.register.add(
            "person", self._name(), "2" if woman else "1", number, registered, self._address(),
            self._phone(),
        )  # fmt: skip

    def _age(self, age: Age, born: date, woman: int) -> tuple[str | None, date | None]:
        """The identity number and the date of birth that the register has."""
        match age:
            case Age.REGISTERED:
                return self._number(born, woman), born
            case Age.NUMBER:
                return self._number(born, woman), None
            case Age.OLD_NUMBER:
                return old_identity_number(born, self._chance.randint(0, SEQUENCE_MAX)), None
            case Age.MISPRINT:
                return misprinted(self._number(born, woman)), None
            case Age.CONFLICT:
                return self._number(born, woman), born - 3 * 365 * _DAY
            case Age.NOTHING:
                return None, None
            case Age.CENTURY:
                return None, date(1900, 1, 1)
            case Age.FOREVER:
                return None, date(9999, 12, 31)

    def _number(self, born: date, woman: int) -> str:
        """One that nobody in the register has."""
        while True:
            sequence = 2 * self._chance.randint(0, SEQUENCE_MAX // 2) + 1 - woman
            number = identity_number(born, sequence)
            if number not in self._numbers_taken:
                self._numbers_taken.add(number)
                return number

    def _name(self) -> str:
        names, pick = self._names, self._chance.choice
        return pick(names.surnames) + pick(names.marks) + pick(names.tellers)

    def _address(self) -> str:
        return f"示例市{self._chance.choice(self._names.streets)}{self._chance.randint(1, 999)}号"

    def _phone(self) -> str:
        # 100 begins no subscriber's number.
        return f"100{self._chance.randint(0, 99_999_999):08}"

    def _day(self, start: date, end: date) -> date:
        return start + self._chance.randint(0, (end - start).days) * _DAY

    def _after(self, day: date) -> date:
        return min(day + self._chance.randint(60, 400) * _DAY, LAST_DAY)


def _eighteen_years_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 18)
    except ValueError:
        return day.replace(year=day.year - 18, day=28)
