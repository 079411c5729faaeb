"""The desk of a service, from its settings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from proxy.desk.calendars import load_working_days
from proxy.desk.desk import Desk, Enforce, Rooms
from proxy.desk.legal_bases import load_legal_bases
from proxy.desk.rules import Terms
from proxy.desk.store import Store
from proxy.policy.law import Law
from proxy.record.history import REMEMBERED_FILE, PermitHistory
from proxy.record.line import Ledger
from proxy.record.permits import PermitRegister
from proxy.settings.desk import Desk as DeskSettings
from proxy.settings.service import Ledger as LedgerSettings
from proxy.telemetry.metrics import Metrics


async def open_desk(
    settings: DeskSettings,
    ledger_settings: LedgerSettings,
    ledger: Ledger,
    metrics: Metrics,
    law: Callable[[], Law],
    enforce: Enforce,
) -> Desk:
    """A desk that has not started. Raises `ConfigurationError`."""
    rooms = await asyncio.to_thread(_rooms, settings, ledger_settings, ledger, metrics)
    return Desk(rooms, law, enforce, time.time)


def terms_of(settings: DeskSettings) -> Terms:
    """What this desk may give. Raises `ConfigurationError`."""
    return Terms(
        agency=settings.agency,
        valid_days_max=settings.valid_days_max,
        uses_max=settings.uses_max,
        batch_subjects_max=settings.batch_subjects_max,
        bases=load_legal_bases(settings.legal_bases_file),
    )


def _rooms(
    settings: DeskSettings, ledger_settings: LedgerSettings, ledger: Ledger, metrics: Metrics
) -> Rooms:
    store = Store(settings.directory)
    store.open()
    return Rooms(
        store=store,
        register=PermitRegister(ledger),
        history=PermitHistory(
            ledger_settings.directory,
            ledger_settings.keys,
            settings.directory / REMEMBERED_FILE,
        ),
        terms=terms_of(settings),
        working_days=load_working_days(settings.calendar_directory),
        metrics=metrics,
    )
