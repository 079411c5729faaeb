"""After a restart: dossiers from the desk's files, where they are what the ledger says.

The ledger says how each application stands, and binds the dossier by a keyed digest. A file that is
missing, broken or other than what was recorded is no dossier: what it was for is not in force.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.desk.contents import decode_dossier
from proxy.desk.entries import permit_event
from proxy.desk.model import Dossier, State
from proxy.desk.store import Store, is_number
from proxy.record.history import PermitEntry
from proxy.record.permits import PermitRegister

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``unusable_count``: granted by the ledger, not at their end, and without their dossier."""

    dossiers: Mapping[str, Dossier]
    unusable_count: int


def rebuild(
    latest: Mapping[str, PermitEntry], store: Store, register: PermitRegister, now: float
) -> Rebuilt:
    """Blocks. ``latest`` has the last entry of each application."""
    dossiers: dict[str, Dossier] = {}
    unusable_count = lost_count = 0
    for number, entry in latest.items():
        dossier = _dossier(number, entry, store, register)
        if dossier is not None:
            dossiers[number] = dossier
        elif entry.event == State.GRANTED.value and _until(entry) > now:
            unusable_count += 1
            _log.error(
                "a permit is not in force: its dossier is missing, or is not what was recorded",
                extra={"permit": number},
            )
        else:
            lost_count += 1
    if lost_count:
        _log.error(
            "dossiers are missing, or are not what was recorded",
            extra={"entries_count": lost_count},
        )
    if unrecorded := sum(number not in latest for number in store.numbers()):
        _log.warning(
            "files of applications that are not in the ledger count for nothing",
            extra={"entries_count": unrecorded},
        )
    return Rebuilt(dossiers, unusable_count)


def _dossier(
    number: str, entry: PermitEntry, store: Store, register: PermitRegister
) -> Dossier | None:
    if not is_number(number):
        return None
    wanted = entry.header.get("document_hmac")
    # A step that was stored and never recorded stands behind the one that was.
    for line in store.steps(number):
        if register.document_hmac(line) != wanted:
            continue
        try:
            dossier = decode_dossier(line)
            event = permit_event(dossier, line)
        except ValueError:
            return None
        # The digest alone would do; the header once more costs an attacker the second half.
        good = dossier.number == number and register.says(entry.header, event)
        return dossier if good else None
    return None


def _until(entry: PermitEntry) -> float:
    """When it ends by its entry, Unix seconds; without an end it does not."""
    until = entry.header.get("valid_until")
    if not isinstance(until, str):
        return float("inf")
    return datetime.fromisoformat(until).astimezone(UTC).timestamp()
