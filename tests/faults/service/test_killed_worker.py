"""A worker that dies costs its own clients a connection, and nobody a record."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.faults.service.load import CLIENTS_COUNT, Journal, clients, recorded
from tests.scenarios.service import STOPS_AFTER_MAX_S, Service, Site, install, started
from tests.scenarios.workers import WORKERS, health, until
from tests.world import Database

pytestmark = [pytest.mark.database, pytest.mark.slow]

OK = 200
ROUNDS = 2
EXIT_CONFIGURATION, EXIT_LEDGER = 2, 3
LEAVES_AFTER_MAX_S = 5.0


@pytest.fixture
def site(agency: Database, tmp_path: Path) -> Site:
    made = install(agency, tmp_path)
    made.set("listen", f"workers = {WORKERS}")
    return made


def is_replaced(service: Service, former: psutil.Process) -> bool:
    return former not in service.workers and health(service.site)[0] == OK


def test_whoever_was_answered_by_a_worker_that_died_is_in_the_ledger(site: Site):
    journal = Journal()
    with started(site) as service:
        for number in range(ROUNDS):
            with clients(site, journal, f"synthetic-{number}"):
                journal.wait_for(60)
                # One after the other, so that every client has lost its connection in the end.
                for victim in service.workers:
                    victim.kill()
                    until(partial(is_replaced, service, victim))
                    site.connect().close()
        assert service.stop() == 0
    assert journal.ends == [None] * CLIENTS_COUNT * ROUNDS
    assert site.verify()["intact"]
    assert not journal.statements - recorded(site)


def test_without_its_notary_every_worker_stops(site: Site):
    journal = Journal()
    with started(site) as service, clients(site, journal, "synthetic"):
        journal.wait_for(60)
        workers = service.workers
        service.notary.kill()
        assert service.process.wait(STOPS_AFTER_MAX_S) == EXIT_LEDGER
        _, left = psutil.wait_procs(workers, LEAVES_AFTER_MAX_S)
        assert not left
    assert journal.ends == ["57P03"] * CLIENTS_COUNT
    with started(site) as service:
        assert service.stop() == 0
    assert not journal.statements - recorded(site)


def test_a_service_that_was_killed_alone_takes_everybody_with_it(site: Site):
    with started(site) as service:
        family = [service.notary, *service.workers]
        service.process.kill()
        service.process.wait(STOPS_AFTER_MAX_S)
    try:
        _, left = psutil.wait_procs(family, LEAVES_AFTER_MAX_S)
        assert not left
        with started(site) as service:
            assert service.stop() == 0
    finally:
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    site.verify()


@pytest.mark.parametrize("workers_count", [1, WORKERS])
def test_a_port_that_another_service_shares_among_its_workers_is_in_use(
    site: Site, agency: Database, tmp_path: Path, workers_count: int
):
    (tmp_path / "other").mkdir()
    other = install(agency, tmp_path / "other")
    text = other.config.read_text(encoding="utf-8")
    other.config.write_text(text.replace(str(other.port), str(site.port)), encoding="utf-8")
    other.set("listen", f"workers = {workers_count}")
    with started(site) as service:
        second = other.run("serve", "--config", other.config)
        assert second.returncode == EXIT_CONFIGURATION
        assert "stop the other process" in second.stderr
        assert service.stop() == 0
    site.verify()
