"""The kinds of people the law tells apart, as a table: what was done at what age, how it ended, how
the age is known, and whether the record is sealed. The demo's population is drawn from it.

Articles are those of 《关于未成年人犯罪记录封存的实施办法》 (2022) unless another law is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["SUSPECT", "DEFENDANT", "CONVICT"]
ResultCode: TypeAlias = Literal[
    "GUILTY", "EXEMPT", "ACQ_EVID", "ACQ_LAW", "NO_PUNISH", "TERMINATED"
]
PenaltyKind: TypeAlias = Literal["FIXED", "LIFE", "DETENTION", "CONTROL", "FINE"]
NonProsecution: TypeAlias = Literal["STATUTORY", "DISCRETION", "EVIDENCE", "CONDITIONAL"]
NoticeStatus: TypeAlias = Literal["ACTIVE", "UNSEALED"]

Days: TypeAlias = tuple[int, int]
"""From and to, both included, counted from the eighteenth birthday, on which one is a minor."""

YEAR = 365
MINOR: Days = (-4 * YEAR, 0)
GROWN: Days = (1, 30 * YEAR)


class Age(Enum):
    """What the register knows of a person's age."""

    REGISTERED = "a date of birth, and an identity number that agrees"
    NUMBER = "an identity number alone"
    OLD_NUMBER = "a 15-digit identity number alone"
    MISPRINT = "an identity number alone, its check character wrong"
    CONFLICT = "a date of birth, and an identity number that says younger"
    NOTHING = "neither"
    CENTURY = "the date 1900-01-01, which stands for unknown"
    FOREVER = "the date 9999-12-31, which stands for unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A judgment. ``months`` is the range of the final term; None where none is recorded."""

    code: ResultCode
    penalty: PenaltyKind | None = None
    months: tuple[int, int] | None = None
    effective: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind. ``share`` is its weight among all; ``sealed`` is what the law says of it.

    ``lasted_days`` is how long the acts went on after the first one.
    """

    name: str
    article: str
    share: int
    sealed: bool
    first: Days
    outcome: Outcome | None = None
    role: Role = "CONVICT"
    age: Age = Age.REGISTERED
    lasted_days: tuple[int, int] = (0, 0)
    main_before_18: bool | None = None
    opted_out: bool = False
    not_prosecuted: NonProsecution | None = None
    notice: NoticeStatus | None = None
    before_2012: bool = False
    offence_dated: bool = True


def _fixed(low: int, high: int) -> Outcome:
    return Outcome("GUILTY", "FIXED", (low, high))


_SHORT, _LIGHT, _HEAVY = _fixed(1, 60), _fixed(6, 36), _fixed(61, 180)
_DETAINED = Outcome("GUILTY", "DETENTION", (1, 6))
_ACROSS_BEGIN, _ACROSS_LASTED = (-300, -30), (320, 500)
_NOT_PROSECUTED: tuple[tuple[NonProsecution, int], ...] = (
    ("STATUTORY", 3), ("DISCRETION", 12), ("EVIDENCE", 4), ("CONDITIONAL", 16),
)  # fmt: skip

PROFILES: tuple[Profile, ...] = (
    Profile("adult", "第4条", 560, False, GROWN, _fixed(3, 150)),
    Profile("adult-detention", "第4条", 60, False, GROWN, _DETAINED),
    Profile("adult-day-after-birthday", "2006年解释第2条", 6, False, (1, 1), _LIGHT),
    Profile("adult-by-number", "第4条", 12, False, (4 * YEAR, 20 * YEAR), _LIGHT, age=Age.NUMBER),
    Profile("adult-not-prosecuted", "第3条", 40, False, GROWN, role="SUSPECT",
            not_prosecuted="DISCRETION"),
    Profile("adult-notice", "第11条", 4, True, GROWN, _LIGHT, notice="ACTIVE"),
    Profile("minor", "第4条第1款", 110, True, MINOR, _SHORT),
    Profile("minor-on-birthday", "2006年解释第2条", 6, True, (0, 0), _LIGHT),
    Profile("minor-exactly-five-years", "第24条", 6, True, MINOR, _fixed(60, 60)),
    Profile("minor-over-five-years", "第4条第1款", 18, False, MINOR, _HEAVY),
    Profile("minor-life", "第4条第1款", 3, False, MINOR, Outcome("GUILTY", "LIFE")),
    Profile("minor-detention", "第4条第1款", 8, True, MINOR, _DETAINED),
    Profile("minor-control", "第4条第1款", 6, True, MINOR, Outcome("GUILTY", "CONTROL", (3, 24))),
    Profile("minor-fine", "第4条第1款", 8, True, MINOR, Outcome("GUILTY", "FINE")),
    Profile("minor-exempt", "第4条第1款", 8, True, MINOR, Outcome("EXEMPT")),
    Profile("minor-term-missing", "第4条第1款", 3, True, MINOR, Outcome("GUILTY", "FIXED")),
    Profile("straddling-main-before", "第4条第2款", 8, True, outcome=_LIGHT, main_before_18=True,
            first=_ACROSS_BEGIN, lasted_days=_ACROSS_LASTED),
    Profile("straddling-main-after", "第4条第2款", 8, False, outcome=_LIGHT, main_before_18=False,
            first=_ACROSS_BEGIN, lasted_days=_ACROSS_LASTED),
    Profile("straddling-undecided", "第4条第2款", 5, True, outcome=_LIGHT, first=_ACROSS_BEGIN,
            lasted_days=_ACROSS_LASTED),
    Profile("minor-no-punishment", "第3条", 4, True, MINOR, Outcome("NO_PUNISH"),
            role="DEFENDANT"),
    Profile("minor-terminated", "第3条", 3, True, MINOR, Outcome("TERMINATED"), role="DEFENDANT"),
    Profile("minor-acquitted-by-law", "第3条", 3, True, MINOR, Outcome("ACQ_LAW"),
            role="DEFENDANT"),
    Profile("minor-acquitted-for-evidence", "第7条", 4, True, MINOR, Outcome("ACQ_EVID"),
            role="DEFENDANT"),
    Profile("minor-acquitted-opted-out", "第7条", 2, False, MINOR, Outcome("ACQ_EVID"),
            role="DEFENDANT", opted_out=True),
    *(
        Profile(f"minor-not-prosecuted-{kind.lower()}", "第3条", share, True, MINOR,
                role="SUSPECT", not_prosecuted=kind)
        for kind, share in _NOT_PROSECUTED
    ),
    Profile("minor-pending", "未成年人保护法第103条", 10, True, MINOR, role="SUSPECT"),
    Profile("minor-not-yet-final", "未成年人保护法第103条", 4, True, MINOR, role="DEFENDANT",
            outcome=Outcome("GUILTY", "FIXED", (72, 120), effective=False)),
    Profile("minor-before-2012", "第23条", 20, True, MINOR, _SHORT, before_2012=True),
    Profile("minor-old-number", "第23条", 6, True, MINOR, _SHORT, age=Age.OLD_NUMBER,
            before_2012=True),
    Profile("minor-unsealed", "第18条", 4, False, MINOR, _LIGHT, notice="UNSEALED"),
    Profile("minor-notice", "第11条", 20, True, MINOR, _SHORT, notice="ACTIVE"),
    Profile("age-in-conflict", "刑诉解释第146条", 4, True, (-2 * YEAR, 0), _LIGHT,
            age=Age.CONFLICT),
    Profile("age-misprinted", "刑诉解释第146条", 3, True, GROWN, _LIGHT, age=Age.MISPRINT),
    Profile("age-unknown", "刑诉解释第146条", 4, True, GROWN, _LIGHT, age=Age.NOTHING),
    Profile("age-dirty-1900", "刑诉解释第146条", 3, True, GROWN, _LIGHT, age=Age.CENTURY),
    Profile("age-dirty-9999", "刑诉解释第146条", 3, True, GROWN, _LIGHT, age=Age.FOREVER),
    Profile("offence-undated", "刑诉解释第146条", 3, True, GROWN, _LIGHT, offence_dated=False),
)  # fmt: skip
