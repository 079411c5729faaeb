"""An older copy of the log under a running configuration: the notary refuses, changes nothing."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.client import NotaryClient
from tests.faults.ledger.processes import ROOT, notary_command, notary_process, start_notary
from tests.unit.ledger.small_log import SmallLog, decision


async def submit(socket: Path) -> None:
    client = await NotaryClient.connect(socket)
    await client.submit([decision()])
    await client.close()


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    assert process.wait(timeout=60) == 0


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    """Lived twice; `older` is from between."""
    log, process, socket = notary_process(tmp_path)
    asyncio.run(submit(socket))
    stop(process)
    shutil.copytree(log.root, tmp_path / "older")
    process = start_notary(tmp_path)
    asyncio.run(submit(socket))
    stop(process)
    return log


def refused(directory: Path) -> tuple[int, str]:
    before = content(directory / "log")
    ended = subprocess.run(
        notary_command(directory),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert content(directory / "log") == before
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


def content(root: Path) -> dict[str, bytes]:
    files = [path for path in root.rglob("*") if path.is_file() and path.name != "lock"]
    return {str(path): path.read_bytes() for path in files}


def put_older_copy_in_place(directory: Path) -> None:
    shutil.move(directory / "log", directory / "newest")
    shutil.copytree(directory / "older", directory / "log")


def test_an_older_copy_does_not_start_and_the_newest_does(log: SmallLog, tmp_path: Path):
    put_older_copy_in_place(tmp_path)
    code, said = refused(tmp_path)
    assert code == 3
    assert "rollback" in said
    shutil.rmtree(tmp_path / "log")
    shutil.move(tmp_path / "newest", tmp_path / "log")
    stop(start_notary(tmp_path))
    assert log.verify().kinds["boot"] == 3


def test_an_older_copy_by_way_of_a_link_does_not_start(log: SmallLog, tmp_path: Path):
    shutil.move(log.root, tmp_path / "newest")
    log.root.symlink_to(tmp_path / "older")
    assert refused(tmp_path)[0] == 3


def test_without_a_memory_nobody_knows_whether_it_is_older(log: SmallLog, tmp_path: Path):
    put_older_copy_in_place(tmp_path)
    log.memory.path.unlink()
    code, said = refused(tmp_path)
    assert code == 2
    assert "fengcun ledger remember" in said


def test_a_memory_that_was_tampered_with_stops_the_start(log: SmallLog, tmp_path: Path):
    note = log.memory.path.read_bytes()
    log.memory.path.write_bytes(note.replace(b"\n", b"\n1", 1))
    assert refused(tmp_path)[0] == 3
    log.memory.path.write_bytes(note)
    stop(start_notary(tmp_path))


def test_an_older_memory_beside_the_newest_log_is_fine(log: SmallLog, tmp_path: Path):
    log.memory.path.write_bytes((tmp_path / "older/checkpoint").read_bytes())
    stop(start_notary(tmp_path))
    assert log.memory.path.read_bytes() == (log.root / "checkpoint").read_bytes()
