"""A dossier as an entry of the ledger, and as the permit that statements are judged by. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

from proxy.desk.model import Dossier, State
from proxy.policy.attribution import valid_claim
from proxy.policy.identity import normalise_identity
from proxy.policy.permit import Permit, Scope
from proxy.record.permits import LABEL, PermitEvent

_SHOWS_SEALED = frozenset({Scope.FULL, Scope.CONVICTION})
_CHINA: Final = timezone(timedelta(hours=8))


def permit_event(dossier: Dossier, document: bytes) -> PermitEvent:
    """How the dossier stands, as the ledger has it. ``document`` is the dossier as stored.

    Where a permit lets somebody see what is sealed for a case, that case's file is to be labelled
    (第6条), and the entry says so. Raises ValueError for a dossier that no desk has made.
    """
    application = dossier.application
    granted = dossier.state is State.GRANTED
    label = granted and application.case is not None and application.scope in _SHOWS_SEALED
    return PermitEvent(
        number=dossier.number,
        event=dossier.state.value,
        document=document,
        principal=application.principal,
        unit=application.unit,
        handler=normalise_identity(application.handler_identity),
        officer=dossier.received_by,
        subjects=tuple(normalise_identity(each) for each in application.subjects),
        purpose=application.purpose.value,
        # What is on no list is in no header, either: somebody has written it by hand.
        basis=dossier.cited or "none",
        scope=application.scope.value,
        undertaking=application.undertaking_sha256,
        approver=dossier.ended_by if dossier.state is State.REVOKED else dossier.decided_by,
        operator=claim(application.operator),
        case=claim(application.case),
        valid_from=_seconds(dossier.decided_at) if dossier.valid_until else None,
        valid_until=_seconds(dossier.valid_until),
        uses_max=dossier.uses_max,
        reason=_reason(dossier),
        label=LABEL if label else None,
        decide_by=_seconds(_end_of(dossier.decide_by)),
    )


def permit_of(dossier: Dossier) -> Permit:
    """What a granted application lets see. Raises ValueError for one that is not granted."""
    if dossier.state is not State.GRANTED or not dossier.decided_at or not dossier.valid_until:
        raise ValueError("it was not granted")
    application = dossier.application
    return Permit(
        number=dossier.number,
        principal=application.principal,
        scope=application.scope,
        subjects=tuple(normalise_identity(each) for each in application.subjects),
        valid_from=dossier.decided_at.timestamp(),
        valid_until=dossier.valid_until.timestamp(),
        operator=claim(application.operator),
        case=claim(application.case),
        uses_max=dossier.uses_max,
    )


def claim(written: str | None) -> str | None:
    """An operator or case as statements are attributed to it. Raises ValueError where no
    statement can be: without it the permit would count for everybody."""
    if written is None:
        return None
    if (spelt := valid_claim(written)) is None:
        raise ValueError("no statement can be attributed to this")
    return spelt


def _reason(dossier: Dossier) -> str | None:
    match dossier.state:
        case State.REFUSED:
            return None if dossier.ground is None else dossier.ground.value
        case State.REVOKED:
            return None if dossier.reason is None else dossier.reason.value
        case _:
            return None


def _end_of(day: date) -> datetime:
    """The last second of a day in China."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=_CHINA)


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
