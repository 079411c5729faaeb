"""A notary that hangs is a ledger that failed: after the deadline nothing waits for it any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.service.load import CLIENTS_COUNT, Journal, clients, recorded
from tests.scenarios.service import install, started
from tests.world import Database

pytestmark = pytest.mark.database

EXIT_LEDGER = 3
ENDS_AFTER_MAX_S = 8.0


@pytest.mark.parametrize("workers_count", [1, 2])
def test_a_hung_notary_stops_the_service_and_costs_no_record(
    agency: Database, tmp_path: Path, workers_count: int
):
    site, journal = install(agency, tmp_path), Journal()
    site.set("ledger", "stall_timeout_ms = 1000")
    site.set("listen", f"workers = {workers_count}")
    with started(site) as service, clients(site, journal, "synthetic"):
        journal.wait_for(50)
        service.notary.suspend()
        assert service.process.wait(ENDS_AFTER_MAX_S) == EXIT_LEDGER
    assert journal.ends == ["57P03"] * CLIENTS_COUNT
    assert "the ledger stalled" in site.errors.read_text(encoding="utf-8")
    with started(site) as service:
        assert service.stop() == 0
    assert site.verify()["intact"]
    assert not journal.statements - recorded(site)
