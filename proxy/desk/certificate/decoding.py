"""A request as it comes in, in JSON. Every part of it has to be right; nothing is guessed. Pure.

    {"asked": "certificate",                       or "letter"
     "applicant": {"kind": "self"},                or "guardian", "unit", with name and number
     "person": {"name": ..., "gender": "male", "nationality": "中国",
                "identity_kind": "identity-card", "number": ...},
     "purpose": "employment",
     "period": {"from": "2020-01-01", "until": "2025-12-31"}}

A unit's applicant has `unit` and `letter` as well. `period`, and each end of it, may be left out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Final, TypeVar

from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import (
    Applicant,
    Asked,
    CertificateRequest,
    Gender,
    IdentityKind,
    Person,
    Purpose,
)
from proxy.policy.identity import has_check_digit, is_old_form, normalise_identity

REQUEST_BYTES_MAX: Final = 16_384
_CHARACTERS_MAX: Final = 60
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

E = TypeVar("E", bound=Enum)


def decode_request(body: bytes, *, today: date) -> CertificateRequest:
    """Raises `CertificateError`, which repeats nothing of what was sent."""
    if len(body) > REQUEST_BYTES_MAX:
        raise CertificateError("too-long")
    try:
        text = body.decode("utf-8")
        value: object = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        raise CertificateError("not-json") from None
    fields = _object(value, "", {"asked", "applicant", "person", "purpose"}, {"period"})
    asked = _word(fields, "asked", Asked)
    applicant = fields["applicant"]
    kind, who = _applicant(applicant)
    if (kind is Applicant.UNIT) is not (asked is Asked.LETTER):
        raise CertificateError("field", "applicant.kind")
    person = _person(fields["person"])
    period_from, period_until = _period(fields.get("period"), today)
    return CertificateRequest(
        asked=asked,
        person=person,
        purpose=_word(fields, "purpose", Purpose),
        applicant=kind,
        applicant_name=who.get("name", person.name),
        applicant_number=who.get("number", person.number),
        unit=who.get("unit", ""),
        letter=who.get("letter", ""),
        period_from=period_from,
        period_until=period_until,
    )


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two values for one name, readers differ in which they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _object(
    value: object, field: str, required: set[str], optional: set[str]
) -> Mapping[str, object]:
    if not isinstance(value, dict) or not required <= value.keys() <= required | optional:
        raise CertificateError("field" if field else "not-json", field or None)
    return value


def _applicant(value: object) -> tuple[Applicant, dict[str, str]]:
    names = {"name", "number", "unit", "letter"}
    fields = _object(value, "applicant", {"kind"}, names)
    kind = _word(fields, "kind", Applicant, "applicant.kind")
    wanted = {
        Applicant.SELF: set[str](),
        Applicant.GUARDIAN: {"name", "number"},
        Applicant.UNIT: names,
    }[kind]
    if fields.keys() - {"kind"} != wanted:
        raise CertificateError("field", "applicant")
    who = {name: _text(fields[name], f"applicant.{name}") for name in wanted - {"number"}}
    if "number" in wanted:
        who["number"] = _number(fields["number"], "applicant.number", IdentityKind.PASSPORT)
    return kind, who


def _person(value: object) -> Person:
    wanted = {"name", "gender", "nationality", "identity_kind", "number"}
    fields = _object(value, "person", wanted, set())
    kind = _word(fields, "identity_kind", IdentityKind, "person.identity_kind")
    return Person(
        name=_text(fields["name"], "person.name"),
        gender=_word(fields, "gender", Gender, "person.gender"),
        nationality=_text(fields["nationality"], "person.nationality"),
        identity_kind=kind,
        number=_number(fields["number"], "person.number", kind),
    )


def _word(fields: Mapping[str, object], name: str, kind: type[E], field: str | None = None) -> E:
    """A member by its name in small letters with hyphens."""
    words = {member.name.lower().replace("_", "-"): member for member in kind}
    written = fields[name]
    if not isinstance(written, str) or written not in words:
        raise CertificateError("field", field or name)
    return words[written]


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _CHARACTERS_MAX:
        raise CertificateError("field", field)
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise CertificateError("field", field)
    if any(unicodedata.category(each)[0] in "CMZ" and each != " " for each in text):
        raise CertificateError("characters", field)
    return text


def _number(value: object, field: str, kind: IdentityKind) -> str:
    if not isinstance(value, str):
        raise CertificateError("field", field)
    try:
        number = normalise_identity(value)
    except ValueError:
        raise CertificateError("identity", field) from None
    if len(number) > _CHARACTERS_MAX // 2:
        raise CertificateError("identity", field)
    if kind is IdentityKind.IDENTITY_CARD and not (has_check_digit(number) or is_old_form(number)):
        raise CertificateError("identity", field)
    return number


def _period(value: object, today: date) -> tuple[date | None, date | None]:
    if value is None:
        return None, None
    fields = _object(value, "period", set(), {"from", "until"})
    start, end = (_date(fields.get(name), f"period.{name}") for name in ("from", "until"))
    if (start or date.min) > (end or today) or (end or today) > today:
        raise CertificateError("date", "period")
    return start, end


def _date(value: object, field: str) -> date | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise CertificateError("date", field)
