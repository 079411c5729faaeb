"""A dossier as one line of JSON, and back. Pure.

These bytes are what the ledger's entry binds and what its payload holds, so they are kept as they
were written and never made anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final, TypeVar

from proxy.desk.model import (
    Application,
    Dossier,
    Purpose,
    RefusalGround,
    RevocationReason,
    Standing,
    State,
)
from proxy.names import PrincipalName
from proxy.policy.permit import Scope

VERSION: Final = 1
LINE_BYTES_MAX: Final = 1 << 18
_T = TypeVar("_T")

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_dossier(dossier: Dossier) -> bytes:
    """One line, without its end."""
    return _encode({"version": VERSION, **_plain(dossier)}).encode()


def _plain(record: Dossier | Application) -> dict[str, object]:
    return {field.name: _plain_value(getattr(record, field.name)) for field in fields(record)}


def _plain_value(value: object) -> object:
    match value:
        case Application():
            return _plain(value)
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def decode_dossier(line: bytes) -> Dossier:
    """The inverse, for bytes nobody vouches for. Raises ValueError, with nothing of them in it."""
    try:
        if len(line) > LINE_BYTES_MAX:
            raise ValueError
        found = json.loads(line)
        if type(found) is not dict or found.pop("version", None) != VERSION:
            raise ValueError
        application = _application(_table(found.pop("application", None), Application))
        return _dossier(_table(found, Dossier, without="application"), application)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ValueError("this is no dossier") from None


def _table(found: object, of: type, without: str = "") -> dict[str, object]:
    names = {field.name for field in fields(of)} - {without}
    if type(found) is not dict or found.keys() != names:
        raise ValueError
    return found


def _application(found: dict[str, object]) -> Application:
    subjects = _of(list, found["subjects"])
    return Application(
        agency=_of(str, found["agency"]),
        principal=PrincipalName(_of(str, found["principal"])),
        standing=Standing(found["standing"]),
        unit=_of(str, found["unit"]),
        letter=_of(str, found["letter"]),
        handler_name=_of(str, found["handler_name"]),
        handler_identity=_of(str, found["handler_identity"]),
        subjects=tuple(_of(str, each) for each in subjects),
        purpose=Purpose(found["purpose"]),
        basis=_of(str, found["basis"]),
        reason=_of(str, found["reason"]),
        use=_of(str, found["use"]),
        scope=Scope(found["scope"]),
        valid_days=_of(int, found["valid_days"]),
        undertaking_sha256=_of(str, found["undertaking_sha256"]),
        operator=_or_none(_text, found["operator"]),
        case=_or_none(_text, found["case"]),
        uses_max=_or_none(_number, found["uses_max"]),
        received_on=_or_none(_date, found["received_on"]),
    )


def _dossier(found: dict[str, object], application: Application) -> Dossier:
    return Dossier(
        number=_of(str, found["number"]),
        application=application,
        state=State(found["state"]),
        received_at=_moment(found["received_at"]),
        received_by=_of(str, found["received_by"]),
        decide_by=_date(found["decide_by"]),
        decided_at=_or_none(_moment, found["decided_at"]),
        decided_by=_or_none(_text, found["decided_by"]),
        ground=_or_none(RefusalGround, found["ground"]),
        valid_until=_or_none(_moment, found["valid_until"]),
        rule=_or_none(_text, found["rule"]),
        uses_max=_or_none(_number, found["uses_max"]),
        ended_at=_or_none(_moment, found["ended_at"]),
        ended_by=_or_none(_text, found["ended_by"]),
        reason=_or_none(lambda each: RevocationReason(_text(each)), found["reason"]),
        cited=_or_none(_text, found["cited"]),
        calendar_known=_of(bool, found["calendar_known"]),
    )


def _of(kind: type[_T], value: object) -> _T:
    if type(value) is not kind:
        raise ValueError
    return value


def _or_none(read: Callable[[object], _T], value: object) -> _T | None:
    return None if value is None else read(value)


def _text(value: object) -> str:
    return _of(str, value)


def _number(value: object) -> int:
    return _of(int, value)


def _date(value: object) -> date:
    return date.fromisoformat(_of(str, value))


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_of(str, value))
    if moment.tzinfo is None:
        raise ValueError
    return moment
