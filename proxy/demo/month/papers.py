"""What the counter of the month does: applications, decisions on them, certificates. The dossiers,
forms and entries are the desk's; the order of its steps is made up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

from proxy.demo.agency import APPROVER, CLERK, NAME
from proxy.demo.identity import identity_number
from proxy.demo.month.roster import CHINA, Citizen
from proxy.demo.month.sessions import Came, Office, Session, bound
from proxy.desk.batch.answers import Answers, answer_of, encode_answers
from proxy.desk.certificate.code import SALT_BYTES, Code
from proxy.desk.certificate.desk import event_of
from proxy.desk.certificate.form import (
    Applicant,
    Asked,
    CertificateRequest,
    Gender,
    IdentityKind,
    Person,
    form_for,
    printed,
)
from proxy.desk.certificate.form import Purpose as FormPurpose
from proxy.desk.certificate.serials import serial_name
from proxy.desk.certificate.spelling import name_spellings, number_spellings
from proxy.desk.contents import encode_dossier
from proxy.desk.entries import permit_event, permit_of
from proxy.desk.legal_bases import LegalBasis
from proxy.desk.model import (
    Application,
    Dossier,
    Purpose,
    RefusalGround,
    RevocationReason,
    Standing,
    State,
)
from proxy.desk.working_days import WorkingDays
from proxy.names import PrincipalName
from proxy.policy.permit import Scope
from proxy.record.certificates import REVOKED, CertificateEvent, CertificateRegister
from proxy.record.permits import USED, PermitRegister

CERTIFICATE_SOURCE: Final = "127.0.0.1"
_HANDLER: Final = "虚构经办人"
_HANDLER_NUMBER: Final = identity_number(date(1980, 1, 1), 3)
_UNDERTAKING: Final = sha256("保密承诺书（虚构）".encode()).hexdigest()
_USES_MAX: Final = 100
_VALID_DAYS: Final = 180
_NUMBER_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_EARLIEST: Final = date(1, 1, 1)
_LOOKED_UP: Final = Came(rows_count=1, released_bytes=12, milliseconds=30)
_PURPOSES: Final = (FormPurpose.EMPLOYMENT, FormPurpose.STUDY, FormPurpose.ABROAD)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody applies for: the parts of an application that differ."""

    principal: str
    standing: Standing
    unit: str
    purpose: Purpose
    basis: str
    scope: Scope
    reason: str
    people: Sequence[Citizen]
    case: str | None = None
    valid_days: int = 10


@dataclass(frozen=True, slots=True)
class Statements:
    """The look-ups that the desk sends through the proxy."""

    certificate: str
    batch: str


class Window:
    """One counter. Its steps are taken at the time that it is."""

    def __init__(
        self,
        office: Office,
        calendar: WorkingDays,
        bases: Mapping[str, LegalBasis],
        statements: Statements,
        log_tag: bytes,
    ) -> None:
        self._office, self._calendar, self._bases = office, calendar, bases
        self._statements, self._log_tag = statements, log_tag
        self._permits = PermitRegister(office.ledger)
        self._certificates = CertificateRegister(office.ledger)
        self._letters_count = self._serial = 0

    async def receive(self, wish: Wish) -> Dossier:
        """Take an application in."""
        self._letters_count += 1
        now = self._now()
        today = now.astimezone(CHINA).date()
        deadline = self._calendar.deadline(today)
        application = Application(
            agency=NAME,
            principal=PrincipalName(wish.principal),
            standing=wish.standing,
            unit=wish.unit,
            letter=f"虚构函〔{today.year}〕{self._letters_count}号",
            handler_name=_HANDLER,
            handler_identity=_HANDLER_NUMBER,
            subjects=tuple(each.number for each in wish.people),
            purpose=wish.purpose,
            basis=wish.basis,
            reason=wish.reason,
            use="虚构，仅供演示",
            scope=wish.scope,
            valid_days=wish.valid_days,
            undertaking_sha256=_UNDERTAKING,
            case=wish.case,
        )
        letters = "".join(self._office.chance.choice(_NUMBER_LETTERS) for _ in range(10))
        return await self._write(
            Dossier(
                number=f"xk-{today:%Y%m%d}-{letters}",
                application=application,
                state=State.RECEIVED,
                received_at=now,
                received_by=CLERK,
                decide_by=deadline.day,
                calendar_known=deadline.known,
                cited=self._bases[wish.basis].cited,
            )
        )

    async def grant(self, dossier: Dossier) -> Dossier:
        """Permit it, from now on."""
        now = self._now()
        until = now + timedelta(days=dossier.application.valid_days)
        granted = replace(
            dossier, state=State.GRANTED, decided_at=now, decided_by=APPROVER, valid_until=until,
            uses_max=_USES_MAX,
        )  # fmt: skip
        self._office.judging.permits[dossier.number] = permit_of(granted)
        return await self._write(granted)

    async def refuse(
        self, dossier: Dossier, ground: RefusalGround, rule: str | None = None
    ) -> Dossier:
        """Decide not to permit it; by a rule, at once, where one is named."""
        by = None if rule else APPROVER
        return await self._write(
            replace(
                dossier, state=State.REFUSED, decided_at=self._now(), decided_by=by, ground=ground,
                rule=rule,
            )
        )  # fmt: skip

    async def revoke(self, dossier: Dossier, reason: RevocationReason) -> Dossier:
        """Take a permit back."""
        del self._office.judging.permits[dossier.number]
        return await self._write(
            replace(
                dossier, state=State.REVOKED, ended_at=self._now(), ended_by=APPROVER, reason=reason
            )
        )

    async def expire(self, dossier: Dossier) -> Dossier:
        """Its time is over."""
        return await self._write(
            replace(dossier, state=State.EXPIRED, ended_at=dossier.valid_until)
        )

    async def check(self, dossier: Dossier, people: Sequence[Citizen]) -> None:
        """A batch check of everybody on the permit's list."""
        session = self._look_up_session()
        for each in people:
            values = bound(number_spellings(each.number), _EARLIEST, self._today())
            await session.ask(self._statements.batch, _LOOKED_UP, values)
        answers = tuple((each.number, answer_of(each.convicted)) for each in people)
        line = encode_answers(Answers(dossier.number, 1, CLERK, answers))
        await self._permits.write(replace(permit_event(dossier, line), event=USED, officer=CLERK))

    async def certify(self, citizen: Citizen) -> int:
        """Look somebody up and issue a form, or refuse one; its number."""
        values = bound(
            number_spellings(citizen.number), name_spellings(citizen.name), _EARLIEST, self._today()
        )
        await self._look_up_session().ask(self._statements.certificate, _LOOKED_UP, values)
        self._office.pen.now += 0.4
        self._serial += 1
        await self._certificates.write(self._form(citizen))
        return self._serial

    async def take_back(self, serial: int) -> None:
        """Revoke a form."""
        content = json.dumps({"officer": CLERK}, ensure_ascii=False).encode()
        await self._certificates.write(
            CertificateEvent(serial_name(serial), REVOKED, CLERK, content)
        )

    def _look_up_session(self) -> Session:
        return self._office.session("certificate", CERTIFICATE_SOURCE, CLERK)

    def _form(self, citizen: Citizen) -> CertificateEvent:
        chance, today = self._office.chance, self._today()
        request = CertificateRequest(
            Asked.CERTIFICATE,
            Person(
                citizen.name,
                Gender.FEMALE if citizen.woman else Gender.MALE,
                "中国",
                IdentityKind.IDENTITY_CARD,
                citizen.number,
            ),
            chance.choice(_PURPOSES),
            Applicant.SELF,
            citizen.name,
            citizen.number,
        )
        code = Code(self._log_tag, self._serial, chance.randbytes(SALT_BYTES))
        document = printed(
            request,
            form_for(request.asked, citizen.convicted),
            number=f"虚构字〔{today.year}〕{serial_name(self._serial)}号",
            organ=NAME,
            issued_on=today,
            valid_until=today + timedelta(days=_VALID_DAYS),
        )
        # No PDF was drawn: in place of its bytes stand those of what would be on it.
        content = document.to_bytes()
        return event_of(CLERK, request, document, code, content, today, _VALID_DAYS)

    async def _write(self, dossier: Dossier) -> Dossier:
        await self._permits.write(permit_event(dossier, encode_dossier(dossier)))
        return dossier

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._office.pen.now), UTC)

    def _today(self) -> date:
        return self._now().astimezone(CHINA).date()
