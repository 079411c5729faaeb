"""kill -9 within an erasure, on a real file system: the service starts, the erasure finishes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from ledger.disk import LocalDisk
from ledger.fetch import DirectoryLog, entries
from ledger.log import create_log
from tests.faults.ledger.erase_and_die import erase_on
from tests.faults.ledger.fault_disk import FaultDisk
from tests.faults.ledger.processes import ROOT, start_notary
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, key_directory

# In parts of all changes: recording the order, publishing, the segments, the payload files.
MOMENTS = (0.1, 0.5, 0.7, 0.85, 0.95)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full bundle and an unfinished one."""
    home = tmp_path_factory.mktemp("original")
    _, keys = key_directory(home)
    log = SmallLog(home / "log", keys)
    create_log(log.disk, keys, PROXY_ID, now_ms=log.clock(), reserve_bytes=0)
    log.open().append(1, batch_count=300)
    log.close()
    return home


@pytest.fixture(scope="module")
def changes_count(original: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    home = tmp_path_factory.mktemp("counted") / "home"
    shutil.copytree(original, home)
    disk = FaultDisk(LocalDisk(home / "log"))
    erase_on(home, disk, [20, 290])
    return disk.count


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_kill_the_service_starts_and_the_erasure_finishes(
    original: Path, changes_count: int, tmp_path: Path, moment: float
):
    home = tmp_path / "home"
    shutil.copytree(original, home)
    ciphertexts = [
        found for index, _, found in entries(DirectoryLog(home / "log")) if index in (20, 290)
    ]
    change = str(int(changes_count * moment))
    command = [sys.executable, "-m", "tests.faults.ledger.erase_and_die", str(home), change]
    died = subprocess.run([*command, "20", "290"], cwd=ROOT, timeout=120, check=False)
    assert died.returncode == -9
    notary = start_notary(home)
    notary.terminate()
    assert notary.wait(timeout=60) == 0

    arguments = ["--log", str(home / "log"), "--keys", str(home / "keys"), "--yes"]
    order = ["--order", "2026-12", "--authority", "court.example"]
    finished = RUN.invoke(ledger_app, ["erase", "20", "290", *arguments, *order])
    assert finished.exit_code == 0 or "was erased already" in finished.stderr
    key = str(home / "keys/log.vkey")
    checked = RUN.invoke(ledger_app, ["verify", "--log", str(home / "log"), "--key", key])
    assert checked.exit_code == 0
    assert "2 erased" in checked.stdout
    left = [path for path in (home / "log").rglob("*") if path.is_file()]
    assert not [p for p in left if any(found in p.read_bytes() for found in ciphertexts)]
