"""What may be applied for, and granted. Pure: decided on the application, the policy and the list
of legal bases, never on whether there is a record.

Two sorts. What is wrong with the *form* is told to the clerk, who mends it, and nothing is taken
in (`check_form`). What the *law* refuses is taken in, refused at once and recorded (`objection`);
it is asked again when somebody decides, and whenever the policy changes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from proxy.desk.errors import DeskError
from proxy.desk.legal_bases import LegalBasis
from proxy.desk.model import Application, Officer, Purpose, RefusalGround, Role, Standing
from proxy.names import PrincipalName
from proxy.policy.attribution import valid_claim
from proxy.policy.identity import has_check_digit, normalise_identity
from proxy.policy.law import Law, PrincipalKind
from proxy.policy.permit import SCOPES_OF, Scope

SUBJECTS_MAX: Final = 20
RECEIVED_DAYS_MAX: Final = 60
_LINE_MAX: Final = 200
_TEXT_MAX: Final = 2_000
_EIGHTEEN_DIGITS: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_OF_NOTHING: Final = sha256(b"").hexdigest()
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What this desk may give: the section `[desk]` and the list of legal bases."""

    agency: str
    valid_days_max: int
    uses_max: int
    batch_subjects_max: int
    bases: Mapping[str, LegalBasis]


@dataclass(frozen=True, slots=True)
class Objection:
    """The rule that refuses an application, and the ground that its decision names."""

    rule: str
    ground: RefusalGround


def check_form(application: Application, terms: Terms, law: Law, today: date) -> None:
    """Raises `DeskError` with the first thing that is wrong with how it was filled in."""
    for name, value, length_max in _texts(application):
        _check_text(name, value, length_max)
    for name in ("operator", "case"):
        if (claim := getattr(application, name)) is not None and valid_claim(claim) is None:
            raise DeskError("field-characters", name)
    if application.agency != terms.agency:
        raise DeskError("agency", "agency")
    check_identity("handler_identity", application.handler_identity)
    _check_subjects(application, terms)
    if (
        _DIGEST.fullmatch(application.undertaking_sha256) is None
        or application.undertaking_sha256 == _OF_NOTHING
    ):
        raise DeskError("undertaking", "undertaking_sha256")
    if not 1 <= application.valid_days <= terms.valid_days_max:
        raise DeskError("valid-days", "valid_days")
    if application.uses_max is not None and not 1 <= application.uses_max <= terms.uses_max:
        raise DeskError("uses-max", "uses_max")
    if application.received_on is not None and not (
        today - timedelta(days=RECEIVED_DAYS_MAX) <= application.received_on <= today
    ):
        raise DeskError("received-on", "received_on")
    if application.purpose is Purpose.CASE and application.case is None:
        raise DeskError("case-missing", "case")
    if kind_of(law, application.principal) is None:
        raise DeskError("principal", "principal")


def _texts(application: Application) -> Iterator[tuple[str, str, int]]:
    """Every field that is written by hand, and how long it may be."""
    for name in ("agency", "principal", "unit", "letter", "handler_name", "handler_identity"):
        yield name, getattr(application, name), _LINE_MAX
    yield "basis", application.basis, _LINE_MAX
    for name in ("reason", "use"):
        yield name, getattr(application, name), _TEXT_MAX
    for name in ("operator", "case"):
        if (value := getattr(application, name)) is not None:
            yield name, value, _LINE_MAX


def _check_text(name: str, value: str, length_max: int) -> None:
    if not value.strip():
        raise DeskError("field-missing", name)
    if len(value) > length_max:
        raise DeskError("field-too-long", name)
    # Characters that are not assigned stay: names are written with private ones.
    lines = "\n" if length_max == _TEXT_MAX else ""
    if any(unicodedata.category(each) in _UNSEEN and each not in lines for each in value):
        raise DeskError("field-characters", name)


def check_identity(name: str, written: str) -> str:
    """The number as it is compared. Raises `DeskError`; the number is not in it."""
    try:
        number = normalise_identity(written)
    except ValueError:
        raise DeskError("identity", name) from None
    if _EIGHTEEN_DIGITS.fullmatch(number) and not has_check_digit(number):
        raise DeskError("identity-check-digit", name)
    return number


def _check_subjects(application: Application, terms: Terms) -> None:
    batch = application.scope is Scope.BATCH
    if not 1 <= len(application.subjects) <= (terms.batch_subjects_max if batch else SUBJECTS_MAX):
        raise DeskError("subjects-count", "subjects")
    numbers = [check_identity("subjects", each) for each in application.subjects]
    if len(set(numbers)) != len(numbers):
        raise DeskError("subjects-twice", "subjects")


def kind_of(law: Law, name: PrincipalName) -> PrincipalKind | None:
    """What the policy says a principal is; of two of a name, a platform comes first."""
    kinds = {each.kind for each in law.principals if each.name == name}
    if PrincipalKind.PLATFORM in kinds or len(kinds) > 1:
        return PrincipalKind.PLATFORM
    return kinds.pop() if kinds else None


def objection(application: Application, terms: Terms, law: Law) -> Objection | None:
    """The first rule of law that refuses it; None where a person may decide."""
    kind = kind_of(law, application.principal)
    basis = terms.bases.get(application.basis)
    for rule, ground, refuses in _RULES:
        if refuses(application, kind, basis):
            return Objection(rule, ground)
    return None


_Refuses = Callable[[Application, PrincipalKind | None, LegalBasis | None], bool]
_RULES: Final[tuple[tuple[str, RefusalGround, _Refuses], ...]] = (
    # 第10条: 不得向任何平台提供. Before all others, and no setting comes near it.
    (
        "platform-standing",
        RefusalGround.PLATFORM_OR_BULK,
        lambda a, kind, basis: a.standing is Standing.PLATFORM,
    ),
    (
        "platform-principal",
        RefusalGround.PLATFORM_OR_BULK,
        lambda a, kind, basis: kind in (None, PrincipalKind.PLATFORM),
    ),
    # 刑事诉讼法第286条: 国家规定. What is not on the list is none.
    ("no-basis", RefusalGround.NO_BASIS, lambda a, kind, basis: basis is None),
    (
        "basis-purpose",
        RefusalGround.MISMATCH,
        lambda a, kind, basis: basis is None or a.purpose not in basis.purposes,
    ),
    # 第16条: 查阅, 摘抄, 复制 are for judicial organs, for a case.
    (
        "full-judicial",
        RefusalGround.NO_STANDING,
        lambda a, kind, basis: a.scope is Scope.FULL and a.standing is not Standing.JUDICIAL,
    ),
    (
        "full-case",
        RefusalGround.MISMATCH,
        lambda a, kind, basis: a.scope is Scope.FULL and a.purpose is not Purpose.CASE,
    ),
    (
        "case-standing",
        RefusalGround.NO_STANDING,
        lambda a, kind, basis: (
            a.purpose is Purpose.CASE and a.standing not in (Standing.JUDICIAL, Standing.STATE)
        ),
    ),
    # 未成年人保护法第62条 is the one reason for a list of people.
    (
        "batch-purpose",
        RefusalGround.PLATFORM_OR_BULK,
        lambda a, kind, basis: a.scope is Scope.BATCH and a.purpose is not Purpose.CLOSE_CONTACT,
    ),
    # 未成年人保护法第103条: the purpose has one scope, and the scope one purpose.
    (
        "missing-child",
        RefusalGround.MISMATCH,
        lambda a, kind, basis: (
            (a.scope is Scope.MISSING_CHILD) is not (a.purpose is Purpose.MISSING_CHILD)
        ),
    ),
    (
        "scope-kind",
        RefusalGround.NO_STANDING,
        lambda a, kind, basis: kind is None or a.scope not in SCOPES_OF[kind],
    ),
)


def one_name(written: str) -> str:
    """A login as it is compared: what looks the same is the same person."""
    plain = unicodedata.normalize("NFKC", written).casefold()
    return "".join(
        each for each in plain if not each.isspace() and unicodedata.category(each) != "Cf"
    )


def check_batch(officer: Officer, application: Application) -> None:
    """Whether this officer may run a list's check. Raises `DeskError`; who the permit was given to
    alone is asked for by their name here, too."""
    check_officer(officer, Role.CLERK)
    if application.scope is not Scope.BATCH:
        raise DeskError("not-batch")
    if application.operator is not None and one_name(application.operator) != one_name(
        officer.name
    ):
        raise DeskError("operator-bound")


def check_officer(officer: Officer, role: Role, not_by: str | None = None) -> None:
    """Raises `DeskError` for who has not the role, or took in what they would decide on."""
    if role not in officer.roles or not one_name(officer.name):
        raise DeskError("role")
    if not_by is not None and one_name(officer.name) == one_name(not_by):
        raise DeskError("own-application")
