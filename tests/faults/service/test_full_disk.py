"""The ledger's disk fills up under load: nothing is answered that is not recorded, and after the
volume was enlarged the service goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.service.load import CLIENTS_COUNT, Journal, clients, recorded
from tests.faults.service.small_disk import SmallDisk, small_disk
from tests.scenarios.service import Service, Site, install, started
from tests.world import Database

pytestmark = [pytest.mark.database, pytest.mark.slow]

MIB = 1 << 20
DISK_BYTES = 480 * MIB
# The notary keeps 256 MiB free, and another 64 for its next segment.
RESERVE_BYTES = 256 * MIB
ENDS_AFTER_MAX_S = 60.0
EXIT_LEDGER = 3
CANNOT_CONNECT_NOW = "57P03"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path, DISK_BYTES) as made:
        yield made


@pytest.fixture
def site(agency: Database, tmp_path: Path, disk: SmallDisk) -> Site:
    """An installation whose ledger, and nothing else, is on the small disk."""
    (disk.root / "log").mkdir()
    (tmp_path / "log").symlink_to(disk.root / "log")
    return install(agency, tmp_path)


def until_it_ends(service: Service, meanwhile: Callable[[], None]) -> int:
    deadline = time.monotonic() + ENDS_AFTER_MAX_S
    while (code := service.process.poll()) is None:
        assert time.monotonic() < deadline, "it still serves"
        meanwhile()
        time.sleep(0.02)
    return int(code)


def something_else_grows(disk: SmallDisk, service: Service) -> int:
    """A little into the reserve and no further: what ends the service is not that all is gone."""

    def grow() -> None:
        if disk.free_bytes > RESERVE_BYTES - 8 * MIB:
            disk.take(MIB)

    return until_it_ends(service, grow)


def the_ledger_grows(disk: SmallDisk, service: Service) -> int:
    disk.take(disk.free_bytes - RESERVE_BYTES - 2 * MIB)
    return until_it_ends(service, lambda: None)


def all_at_once(disk: SmallDisk, service: Service) -> int:
    return until_it_ends(service, lambda: disk.take(DISK_BYTES))


FILL: list[Callable[[SmallDisk, Service], int]] = [
    something_else_grows,
    the_ledger_grows,
    all_at_once,
]


@pytest.mark.parametrize("fill", FILL, ids=lambda fill: fill.__name__)
def test_a_full_disk_costs_no_record(disk: SmallDisk, site: Site, fill):
    journal = Journal()
    with started(site) as service, clients(site, journal, "synthetic"):
        journal.wait_for(50)
        assert fill(disk, service) == EXIT_LEDGER
    assert journal.ends == [CANNOT_CONNECT_NOW] * CLIENTS_COUNT
    said = site.errors.read_text(encoding="utf-8").splitlines()
    if fill is not all_at_once:
        assert (
            "fengcun notary: the disk is full up to the reserve: make space, then restart" in said
        )
        assert disk.free_bytes > RESERVE_BYTES - 16 * MIB
    assert all(line.startswith(("fengcun notary: ", '{"time":')) for line in said)
    site.verify()

    disk.enlarge(DISK_BYTES)
    with started(site) as service, clients(site, journal, "synthetic-after"):
        journal.wait_for(50)
        assert service.stop() == 0
    assert site.verify()["intact"]
    assert not journal.statements - recorded(site)
    stops = [entry["header"]["reason"] for entry in site.entries("heartbeat")
             if entry["header"].get("state") == "stop"]  # fmt: skip
    assert stops[-1] == "signal"
    assert "disk-reserve" in stops or fill is all_at_once
