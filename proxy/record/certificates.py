"""Certificates as entries of the ledger.

The header says that a form was issued, refused or revoked, and which number it has; names and
numbers of people are pseudonyms there. What is printed is the payload, which the notary encrypts
to the supervisors. Both have the same fields for everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ledger.client import EntryKind, HeaderValue
from proxy.record.line import Ledger

ISSUED: Final = "issued"
REFUSED: Final = "refused"
REVOKED: Final = "revoked"


@dataclass(frozen=True, slots=True)
class CertificateEvent:
    """``person`` and ``applicant`` are normalised identity numbers, ``officer`` a login. What is
    None stands in no entry of its ``event``. ``content`` is encrypted."""

    serial: str
    event: str
    officer: str
    content: bytes
    person: str | None = None
    applicant: str | None = None
    purpose: str | None = None
    valid_until: float | None = None
    document_hmac: str | None = None
    file_hmac: str | None = None


class CertificateRegister:
    """Writes certificates into the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def write(self, event: CertificateEvent) -> int:
        """The index of the entry, once it is durable. Raises `RecordUnavailable`."""
        pseudonym = self._ledger.recorder.pseudonyms.of

        def person(value: str | None) -> str | None:
            return None if value is None else pseudonym("person", value)

        header: dict[str, HeaderValue] = {
            "certificate": event.serial,
            "event": event.event,
            "person": person(event.person),
            "applicant": person(event.applicant),
            "handler": pseudonym("officer", event.officer),
            "purpose": event.purpose,
            "valid_until": _utc(event.valid_until),
            "document_hmac": event.document_hmac,
            "file_hmac": event.file_hmac,
        }
        return await self._ledger.entry(EntryKind.CERTIFICATE, header, event.content)


def _utc(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
