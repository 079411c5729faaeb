"""Batch checks of a service, from its settings."""

from __future__ import annotations

from proxy.desk.batch.desk import BatchDesk, BatchRooms, Permits, UseCounter
from proxy.desk.certificate.opening import open_list_gate
from proxy.desk.store import Store
from proxy.record.line import Ledger
from proxy.record.permits import PermitRegister
from proxy.settings.service import Settings
from proxy.telemetry.metrics import Metrics


def open_batch_desk(
    settings: Settings, ledger: Ledger, permits: Permits, uses: UseCounter, metrics: Metrics
) -> BatchDesk:
    """For a desk that has started. ``settings`` has a [desk]. Reads files; blocking. Raises
    `ConfigurationError`."""
    assert settings.desk is not None
    certificate = settings.certificate
    rooms = BatchRooms(
        gate=open_list_gate(settings),
        store=Store(settings.desk.directory),
        register=PermitRegister(ledger),
        uses=uses,
        metrics=metrics,
        answer_every_seconds=1.0 if certificate is None else certificate.answer_every_ms / 1000,
    )
    return BatchDesk(rooms, permits)
