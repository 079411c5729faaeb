"""Errors of the disk: the first one ends it, and nothing is acknowledged that is not there."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.client import NotaryClient
from ledger.errors import DiskReserveReached, LedgerError, LedgerFailed, LedgerUnavailable
from tests.faults.ledger.fault_disk import FaultDisk, When
from tests.faults.ledger.processes import notary_process
from tests.unit.ledger.small_log import SmallLog, decision, judged


def live(log: SmallLog, disk: FaultDisk) -> tuple[int, LedgerError | OSError | None]:
    """Open, commit four times, stop. The largest size that was acknowledged, and the failure."""
    size = 0
    try:
        sequencer = log.prepare(disk.as_disk())
    except (LedgerError, OSError) as error:
        return 0, error
    try:
        sequencer.start()
        for _ in range(4):
            (receipt,) = sequencer.commit([[judged()] * 65])
            size = receipt.tree_size
    except LedgerError:
        pass
    finally:
        sequencer.stop()
    return size, sequencer.failure


def operations_of_one_life(tmp_path: Path) -> int:
    log = SmallLog(tmp_path / "counted").create()
    disk = FaultDisk(log.disk)
    size, failure = live(log, disk)
    log.disk.unlock()
    assert (size, failure) == (263, None)
    return disk.count


@pytest.mark.parametrize("when", When)
def test_any_operation_that_fails_is_the_last(tmp_path: Path, when: When):
    total = operations_of_one_life(tmp_path)
    assert total > 60
    failed_in = set()
    for number in range(0 if when is When.DONE else 1, total, 2):
        log = SmallLog(tmp_path / f"{when.name}{number}").create()
        disk = FaultDisk(log.disk, fail_at=number, when=when)
        acknowledged_size, failure = live(log, disk)
        log.disk.unlock()
        if disk.failed_in:
            assert failure is not None
            failed_in.add(disk.failed_in)
        assert log.verify().size >= acknowledged_size
        log.open().append(1)
        log.close()
        assert log.verify().size > acknowledged_size
        shutil.rmtree(log.root)
    assert {"create", "write", "sync", "rename", "sync_folder"} <= failed_in


def test_while_a_sync_hangs_nothing_is_acknowledged(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    disk = FaultDisk(log.disk)
    log.open(disk.as_disk()).append(1)
    disk.hold_sync = True
    with ThreadPoolExecutor() as threads:
        receipts = threads.submit(log.append, 5)
        assert disk.holding.wait(10)
        assert not receipts.done()
        disk.hold_sync = False
        disk.release.set()
        assert len(receipts.result(timeout=10)) == 5
    log.close()
    assert log.verify().kinds["decision"] == 6


def test_a_failed_sync_is_never_tried_again(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    disk = FaultDisk(log.disk)
    log.open(disk.as_disk()).append(1)
    assert log.sequencer is not None
    sequencer, calls = log.sequencer, []
    told: list[LedgerError] = []

    def fail(handle: int) -> None:
        calls.append(handle)
        raise OSError(5, "Input/output error")

    disk.sync = fail  # type: ignore[attr-defined]
    sequencer.on_failure = told.append
    with pytest.raises(LedgerFailed, match="cannot write"):
        sequencer.commit([[judged()]])
    wal_calls = len(calls)
    with pytest.raises(LedgerFailed, match="has stopped"):
        sequencer.commit([[judged()]])
    log.close()
    assert told == [sequencer.failure]
    assert len(calls) <= wal_calls + 1  # the publisher, with a file of its own, at most once


@pytest.fixture
def small_mount(tmp_path: Path):
    """A file system of 6 MiB, where root may mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(mount)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def fill(log: SmallLog) -> tuple[int, LedgerError | None]:
    assert log.sequencer is not None
    sequencer, size = log.sequencer, 0
    with contextlib.suppress(LedgerError):
        while True:
            (receipt,) = sequencer.commit([[judged(payload=bytes(100_000))]])
            size = receipt.tree_size
    with contextlib.suppress(OSError):  # its memory lies on the same disk
        log.close()
    return size, sequencer.failure


def test_a_full_disk_loses_no_receipt(small_mount: Path):
    log = SmallLog(small_mount / "log").create().open()
    acknowledged_size, failure = fill(log)
    assert isinstance(failure, LedgerFailed)
    assert log.verify().size >= acknowledged_size > 10
    remount = ["mount", "-o", "remount,size=64m", str(small_mount)]
    subprocess.run(remount, check=True, capture_output=True)
    log.open().append(1)
    log.close()
    assert log.verify().size > acknowledged_size


def test_the_reserve_leaves_room_to_record_the_stop(small_mount: Path):
    log = SmallLog(small_mount / "log").create().open(reserve_bytes=2 << 20)
    acknowledged_size, failure = fill(log)
    assert isinstance(failure, DiskReserveReached)
    report = log.verify()
    assert report.kinds["heartbeat"] == 1
    assert report.size == report.published_size == acknowledged_size + 1


def test_a_limit_on_file_size_ends_the_process_with_3(tmp_path: Path):
    async def converse(socket: Path, process_id: int) -> None:
        client = await NotaryClient.connect(socket)
        await client.submit([decision()])
        resource.prlimit(process_id, resource.RLIMIT_FSIZE, (64, 64))
        with pytest.raises(LedgerUnavailable):
            while True:
                await client.submit([decision()])

    log, process, socket = notary_process(tmp_path)
    asyncio.run(converse(socket, process.pid))
    assert process.wait(timeout=10) == 3
    assert process.stderr is not None
    assert process.stderr.read().count("\n") == 1
    assert log.verify().kinds["decision"] >= 1
