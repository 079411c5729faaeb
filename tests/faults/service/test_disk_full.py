"""The ledger's disk fills up while the service serves: no answer without its record, then the end,
and a start again once there is room."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.scenarios.service import STOPS_AFTER_MAX_S, Site, install, started
from tests.world import Database

pytestmark = pytest.mark.database

EXIT_LEDGER = 3
DISK_BYTES = 448 << 20
"""Room for a ledger's reserve (256 MiB) and its write-ahead log, and not for much else."""
RESERVE_BYTES = 256 << 20
FILE_BYTES_MAX = 4096
STATEMENT = "SELECT 'synthetic', role FROM case_person WHERE cp_id = 17"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, as only root can mount one."""
    image, mounted = tmp_path / "disk.img", tmp_path / "disk"
    mounted.mkdir()
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    for command in (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, mounted]):
        try:
            subprocess.run([str(part) for part in command], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no file system can be mounted here: {error}")
    yield mounted
    subprocess.run(["umount", mounted], check=True)


def ask_until_refused(connection: psycopg.Connection) -> str | None:
    """The SQLSTATE that ended it, None where the connection just ended."""
    with pytest.raises(psycopg.OperationalError) as ended:
        while True:
            connection.execute(STATEMENT)
    return ended.value.sqlstate


def test_the_service_stops_before_the_reserve_is_used(agency: Database, small_disk: Path):
    site = install(agency, small_disk)
    ballast = small_disk / "ballast"
    with started(site) as service, site.connect() as connection:
        connection.execute(STATEMENT)
        with ballast.open("wb") as file:
            free_bytes = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
            os.posix_fallocate(file.fileno(), 0, free_bytes - RESERVE_BYTES + 1)
        assert ask_until_refused(connection) in ("57P03", None)
        assert service.process.wait(STOPS_AFTER_MAX_S) == EXIT_LEDGER
    assert "the disk is full up to the reserve: make space" in site.errors.read_text()
    site.verify()
    assert site.entries("heartbeat")[-1]["header"]["reason"] == "disk-reserve"
    ballast.unlink()
    serves_again(site)


def test_the_first_failed_write_ends_the_service(agency: Database, tmp_path: Path):
    site = install(agency, tmp_path)
    with started(site) as service, site.connect() as connection:
        for _ in range(FILE_BYTES_MAX // 500):
            connection.execute(STATEMENT)
        # What the write-ahead log has written by now reaches beyond this, so no write can be done.
        limits = (FILE_BYTES_MAX, FILE_BYTES_MAX)
        resource.prlimit(service.notary.pid, resource.RLIMIT_FSIZE, limits)
        assert ask_until_refused(connection) in ("57P03", None)
        assert service.process.wait(STOPS_AFTER_MAX_S) == EXIT_LEDGER
    assert "the ledger cannot write: File too large" in site.errors.read_text()
    site.verify()
    serves_again(site)


def serves_again(site: Site) -> None:
    with started(site) as service:
        with site.connect() as connection:
            connection.execute(STATEMENT)
        assert service.stop() == 0
    site.verify()
