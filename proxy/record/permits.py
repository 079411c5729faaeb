"""What became of an application for a permit, as an entry of the ledger.

The public header holds no name and no number of a person. The payload, which the notary encrypts
to the supervisors, is the dossier byte for byte as the desk keeps it, and `document_hmac` binds
both: what the desk reads later is either what was recorded, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ledger.client import EntryKind, HeaderValue
from ledger.pseudonyms import Pseudonyms
from proxy.record.line import Ledger

USED: Final = "used"
"""The event of an entry by which answers were given under a permit: one use."""
DOSSIER_DOMAIN: Final = "dossier"
LABEL: Final = "含犯罪记录封存信息"
"""What the file of a case is marked with that used sealed information (实施办法第6条)."""


@dataclass(frozen=True, slots=True)
class PermitEvent:
    """One step of an application. Names and numbers of people are as the desk writes them; here
    they become pseudonyms. ``subjects`` are normalised identity numbers, ``document`` the dossier
    after this step or, of a use, what was answered. ``reason`` is a code; times, Unix seconds;
    ``decide_by`` is the last second to decide."""

    number: str
    event: str
    document: bytes
    principal: str
    unit: str
    handler: str
    officer: str
    subjects: tuple[str, ...]
    purpose: str
    basis: str
    scope: str
    undertaking: str
    approver: str | None = None
    operator: str | None = None
    case: str | None = None
    valid_from: float | None = None
    valid_until: float | None = None
    uses_max: int | None = None
    reason: str | None = None
    label: str | None = None
    decide_by: float | None = None


def permit_header(event: PermitEvent, pseudonyms: Pseudonyms) -> dict[str, HeaderValue]:
    """The public header, without what there is nothing of."""

    def person(domain: str, value: str | None) -> str | None:
        return None if value is None else pseudonyms.of(domain, value)

    header: dict[str, HeaderValue] = {
        "permit": event.number,
        "event": event.event,
        "principal": event.principal,
        "unit": pseudonyms.of("unit", event.unit),
        "handler": pseudonyms.of("person", event.handler),
        "approver": person("officer", event.approver),
        "subjects": [pseudonyms.of("person", each) for each in event.subjects],
        "purpose": event.purpose,
        "basis": event.basis,
        "scope": event.scope,
        "case": person("case", event.case),
        "valid_from": _utc(event.valid_from),
        "valid_until": _utc(event.valid_until),
        "uses_max": event.uses_max,
        "undertaking": pseudonyms.of("undertaking", event.undertaking),
        "reason": event.reason,
        "operator": person("operator", event.operator),
        "officer": pseudonyms.of("officer", event.officer),
        "label": event.label,
        "document_hmac": pseudonyms.of(DOSSIER_DOMAIN, event.document),
        "decide_by": _utc(event.decide_by),
    }
    return {name: value for name, value in header.items() if value is not None}


class PermitRegister:
    """Writes permits into the ledger, and tells whether what was written is this."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def write(self, event: PermitEvent) -> int:
        """The index of the entry, once it is durable. Raises `RecordUnavailable`."""
        header = permit_header(event, self._ledger.recorder.pseudonyms)
        return await self._ledger.entry(EntryKind.PERMIT, header, event.document)

    def document_hmac(self, document: bytes) -> str:
        """What an entry says of these bytes."""
        return self._ledger.recorder.pseudonyms.of(DOSSIER_DOMAIN, document)

    def says(self, header: Mapping[str, HeaderValue], event: PermitEvent) -> bool:
        """Whether an entry's header is, field by field, what this event would be written as.

        Entries of older logs do not say `decide_by`; the digest of the dossier covers it."""
        expected = permit_header(event, self._ledger.recorder.pseudonyms)
        if "decide_by" not in header:
            expected.pop("decide_by", None)
        return dict(header) == expected


def _utc(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
