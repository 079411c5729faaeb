"""A request to a form that is on record, in one order for everybody.

Is it printable; ask the gate; take a number; draw; keep; record; release. What could fail by what
was written fails before anybody is looked up. The answer is taken at a fixed time, and from there
on all is the same but the words of the form.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from proxy.desk.certificate.code import NUMBER_MAX, SALT_BYTES, Code
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import (
    CHINA,
    CertificateRequest,
    Document,
    Form,
    form_for,
    printed,
)
from proxy.desk.certificate.gate import Gate, at_a_fixed_time
from proxy.desk.certificate.page import render, require_printable_request
from proxy.desk.certificate.serials import serial_name
from proxy.desk.certificate.store import Kept, Store
from proxy.desk.model import Officer, Role
from proxy.record.certificates import ISSUED, REFUSED, REVOKED, CertificateEvent


class Register(Protocol):
    """What the desk needs of `proxy.record.certificates.CertificateRegister`."""

    async def write(self, event: CertificateEvent) -> int: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What does not change from one form to the next. ``log`` is `code.log_tag` of the ledger."""

    organ: str
    number_word: str
    valid_days: int
    answer_every_seconds: float
    log: bytes


@dataclass(frozen=True, slots=True)
class Issued:
    """A form that is on record. ``index`` is its entry's."""

    number: int
    form: Form
    code: Code
    path: Path
    index: int

    @property
    def serial(self) -> str:
        """Its name in the ledger."""
        return serial_name(self.number)


class CertificateDesk:
    """Issues, shows and revokes. One at a time or many; the store keeps numbers apart."""

    def __init__(
        self,
        terms: Terms,
        gate: Gate,
        register: Register,
        store: Store,
        now: Callable[[], datetime] = lambda: datetime.now(CHINA),
    ) -> None:
        self._terms = terms
        self._gate = gate
        self._register = register
        self._store = store
        self._now = now

    async def issue(self, officer: Officer, request: CertificateRequest) -> Issued:
        """Raises `CertificateError` for what cannot be printed, kept, or done by this officer,
        `UpstreamUnavailable` without an answer, `RecordUnavailable` without a ledger."""
        _require_clerk(officer)
        today = self._now().astimezone(CHINA).date()
        await asyncio.to_thread(self._require_printable, request, today)
        convicted = await at_a_fixed_time(
            self._terms.answer_every_seconds,
            self._gate.has_conviction(request, officer=officer.name, today=today),
        )
        form = form_for(request.asked, convicted)
        number = await asyncio.to_thread(self._store.next_serial)
        code = Code(self._terms.log, number, secrets.token_bytes(SALT_BYTES))
        document = self._document(request, form, number, today)
        content = await asyncio.to_thread(self._draw, document, code)
        days = self._terms.valid_days
        event = event_of(officer.name, request, document, code, content, today, days)
        index = await self._register.write(event)
        path = await asyncio.to_thread(self._store.release, number)
        return Issued(number, form, code, path, index)

    async def revoke(self, officer: Officer, number: int) -> int:
        """Take a form back; the entry's index. Raises as `issue` does, and for a number that was
        not given out, or was revoked."""
        _require_clerk(officer)
        await self.form(officer, number)
        if await asyncio.to_thread(self._store.is_revoked, number):
            raise CertificateError("revoked")
        content = json.dumps({"officer": officer.name}, ensure_ascii=False).encode()
        index = await self._register.write(
            CertificateEvent(serial_name(number), REVOKED, officer.name, content)
        )
        await asyncio.to_thread(self._store.revoke, number)
        return index

    async def form(self, officer: Officer, number: int) -> bytes:
        """The PDF again. Raises `CertificateError`."""
        _require_clerk(officer)
        if not 0 < number <= NUMBER_MAX:
            raise CertificateError("unknown")
        return await asyncio.to_thread(self._store.form, number)

    async def check(self, code: Code) -> Kept | None:
        """What was issued under a code, for whoever has it; None for nothing of this desk's."""
        if code.log != self._terms.log:
            return None
        return await asyncio.to_thread(self._store.by_code, code)

    def _require_printable(self, request: CertificateRequest, today: date) -> None:
        documents = [
            self._document(request, form_for(request.asked, answer), NUMBER_MAX, today)
            for answer in (False, True)
        ]
        require_printable_request(request, documents)

    def _document(
        self, request: CertificateRequest, form: Form, number: int, today: date
    ) -> Document:
        return printed(
            request,
            form,
            number=f"{self._terms.number_word}〔{today.year}〕{serial_name(number)}号",
            organ=self._terms.organ,
            issued_on=today,
            valid_until=today + timedelta(days=self._terms.valid_days),
        )

    def _draw(self, document: Document, code: Code) -> bytes:
        content = render(document, code, self._terms.organ)
        self._store.keep(code.number, code, document, content)
        return content


def event_of(
    officer: str,
    request: CertificateRequest,
    document: Document,
    code: Code,
    content: bytes,
    today: date,
    valid_days: int,
) -> CertificateEvent:
    """A form as the ledger has it. ``officer`` is a login, ``content`` the bytes of the file."""
    said = {
        "officer": officer,
        "applicant": request.applicant.value,
        "applicant_name": request.applicant_name,
        "applicant_number": request.applicant_number,
        "code": str(code),
        "printed": document.to_json(),
    }
    last_day = datetime(today.year, today.month, today.day, tzinfo=CHINA)
    return CertificateEvent(
        serial=serial_name(code.number),
        event=REFUSED if document.form is Form.REFUSAL else ISSUED,
        officer=officer,
        content=json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode(),
        person=request.person.number,
        applicant=request.applicant_number,
        purpose=request.purpose.name.lower(),
        valid_until=(last_day + timedelta(days=valid_days + 1)).timestamp(),
        document_hmac=code.printed_hmac(document.to_bytes()),
        file_hmac=code.file_hmac(content),
    )


def _require_clerk(officer: Officer) -> None:
    if Role.CLERK not in officer.roles:
        raise CertificateError("role")
