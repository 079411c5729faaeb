"""The people the tour asks about. They come first in the register, with the same numbers each time.

Two of them stole together: 张示例 was sixteen, and the law seals it; 赵示例 was thirty-two. The
notice to seal came to the agency, and nobody there carried it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from proxy.demo.identity import identity_number
from proxy.demo.people import Names
from proxy.demo.register import Register

_MINOR_BORN, _ADULT_BORN = date(2004, 5, 10), date(1988, 8, 8)
_STOLEN_ON = date(2021, 3, 2)
_FILED_ON, _CLOSED_ON, _IN_FORCE_ON = date(2021, 3, 9), date(2022, 1, 18), date(2022, 1, 29)
_RECEIVED_ON = date(2022, 2, 7)


@dataclass(frozen=True, slots=True)
class Figure:
    """Somebody with a judgment; ``cp_id`` and ``judgment_no`` find it."""

    name: str
    id_no: str
    cp_id: int
    judgment_no: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who stands in no table."""

    name: str
    id_no: str


@dataclass(frozen=True, slots=True)
class Cast:
    """``notice_id`` is of the notice to seal the minor's record, which nobody carried out."""

    case_no: str
    minor: Figure
    adult: Figure
    stranger: Stranger
    notice_id: int


def introduce(register: Register, names: Names) -> Cast:
    """Add them to an empty register."""
    case_no = "(2022)示刑初0001号"
    case_id = register.add(
        "case_file", case_no, "01", "盗窃", names.organisations[0], _STOLEN_ON, _FILED_ON,
        _CLOSED_ON, None,
    )  # fmt: skip
    minor = _convict(register, case_id, "张示例", _MINOR_BORN, 18)
    adult = _convict(register, case_id, "赵示例", _ADULT_BORN, 30)
    register.sealed.add(minor.cp_id)
    register.profiles |= {minor.cp_id: "minor", adult.cp_id: "adult"}
    register.add(
        "victim", case_id, "孙示例", identity_number(date(2010, 6, 1), 2), date(2010, 6, 1),
        "示例市示例路1号", "示例中学", "10000000000",
    )  # fmt: skip
    notice_id = register.add(
        "seal_notice", minor.cp_id, "示封〔2022〕1号", names.organisations[0], _IN_FORCE_ON,
        _RECEIVED_ON, None, "ACTIVE", None, None,
    )  # fmt: skip
    # The same letters as the minor's name, so that a form about either is as long. A test sees to
    # it that nobody of the others has the number.
    stranger = Stranger("张例示", identity_number(date(2004, 9, 9), 7))
    return Cast(case_no, minor, adult, stranger, notice_id)


def _convict(register: Register, case_id: int, name: str, born: date, months: int) -> Figure:
    number = identity_number(born, 1)
    person_id = register.add("person", name, "1", number, born, "示例市示例路2号", "10000000001")
    cp_id = register.add(
        "case_person", case_id, person_id, "CONVICT", _STOLEN_ON, _STOLEN_ON, None, False
    )
    judgment_no = f"(2022)示刑初{cp_id:05}号"
    register.add("charge", cp_id, "盗窃罪", _STOLEN_ON, months)
    register.add("sentence", cp_id, "GUILTY", "FIXED", months, judgment_no, _IN_FORCE_ON)
    register.add(
        "document",
        case_id,
        cp_id,
        "JUDGMENT",
        f"{name}盗窃案判决书",
        "正文从略(虚构)",
        _IN_FORCE_ON,
    )
    return Figure(name, number, cp_id, judgment_no)
