"""What is asked for, what is printed, and which form an answer leads to. Pure.

Nothing on a form comes from the database but which form it is, and that hangs on one answer:
whether there is a conviction that is not sealed (实施办法第15条;
公安机关办理犯罪记录查询工作规定第10条).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))


class Asked(Enum):
    """CERTIFICATE by the person or a guardian, LETTER by a unit."""

    CERTIFICATE = "certificate"
    LETTER = "letter"


class Form(Enum):
    """Its name in JSON and in the ledger's payload; its title is in `TITLES`."""

    CERTIFICATE = "certificate"
    LETTER = "letter"
    REFUSAL = "refusal"


TITLES: Final = {
    Form.CERTIFICATE: "无犯罪记录证明",
    Form.LETTER: "犯罪记录查询结果告知函",
    Form.REFUSAL: "不予出具无犯罪记录证明通知书",
}


class Applicant(Enum):
    """Who asks: the person, a guardian, or a unit. A unit gets a letter, the others do not."""

    SELF = "self"
    GUARDIAN = "guardian"
    UNIT = "unit"


class Gender(Enum):
    MALE = "男"
    FEMALE = "女"


class IdentityKind(Enum):
    """Closed, as the form prints it."""

    IDENTITY_CARD = "居民身份证"
    PASSPORT = "护照"
    HONG_KONG_MACAO = "港澳居民来往内地通行证"
    TAIWAN = "台湾居民来往大陆通行证"
    PERMANENT_RESIDENT = "外国人永久居留身份证"


class Purpose(Enum):
    """Closed: the form has no room for remarks. Value: what is printed."""

    EMPLOYMENT = "入职就业"
    ABROAD = "出国（境）"
    STUDY = "升学"
    LICENCE = "申请行政许可"
    ADOPTION = "收养"
    PERSONAL = "个人使用"


@dataclass(frozen=True, slots=True)
class Person:
    """As they are to be printed. ``number`` is normalised (`proxy.policy.identity`)."""

    name: str
    gender: Gender
    nationality: str
    identity_kind: IdentityKind
    number: str


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """``applicant_name`` and ``applicant_number`` are of who asks: of the guardian, or of the
    unit's handler. ``unit`` and ``letter`` (公函文号) are a unit's alone. No ``period_from``: from
    the beginning; no ``period_until``: until today."""

    asked: Asked
    person: Person
    purpose: Purpose
    applicant: Applicant
    applicant_name: str
    applicant_number: str
    unit: str = ""
    letter: str = ""
    period_from: date | None = None
    period_until: date | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """Everything on a form that is not the same on all of its kind. Empty: not on this one."""

    form: Form
    number: str
    name: str
    gender: str
    nationality: str
    identity_kind: str
    identity: str
    period: str
    purpose: str
    unit: str
    letter: str
    organ: str
    issued_on: str
    valid_until: str

    def to_json(self) -> dict[str, str]:
        """Field by field, in the order of the class."""
        return {
            name: self.form.value if name == "form" else str(getattr(self, name))
            for name in self.__dataclass_fields__
        }

    def to_bytes(self) -> bytes:
        """One spelling, for `code.Code.printed_hmac`."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":")).encode()


def form_for(asked: Asked, unsealed_conviction: bool) -> Form:
    """The only place where a look-up's answer decides anything."""
    if unsealed_conviction:
        return Form.REFUSAL
    return Form.LETTER if asked is Asked.LETTER else Form.CERTIFICATE


def printed(
    request: CertificateRequest,
    form: Form,
    *,
    number: str,
    organ: str,
    issued_on: date,
    valid_until: date,
) -> Document:
    """What stands on the form, and nothing that does not, so that who reads it has all of it. A
    refusal is valid until it is reviewed and has no last day."""
    in_full, refused = form is Form.CERTIFICATE, form is Form.REFUSAL
    return Document(
        form=form,
        number=number,
        name=request.person.name,
        gender=request.person.gender.value if in_full else "",
        nationality=request.person.nationality if in_full else "",
        identity_kind=request.person.identity_kind.value,
        identity=request.person.number,
        period=_period(request),
        purpose=request.purpose.value,
        unit="" if refused else request.unit,
        letter="" if refused else request.letter,
        organ=organ,
        issued_on=in_chinese(issued_on),
        valid_until="" if refused else in_chinese(valid_until),
    )


def _period(request: CertificateRequest) -> str:
    if request.period_from is None and request.period_until is None:
        return "全时段"
    start = "" if request.period_from is None else f"自{in_chinese(request.period_from)}"
    end = "填发之日" if request.period_until is None else in_chinese(request.period_until)
    return f"{start}至{end}"


def in_chinese(day: date) -> str:
    """2026年01月05日: always as long."""
    return f"{day.year:04}年{day.month:02}月{day.day:02}日"


def today_in_china() -> date:
    """By this machine's clock; dates on a form are China's, wherever it runs."""
    return datetime.now(CHINA).date()
