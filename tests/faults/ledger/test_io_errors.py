"""Errors of the disk: the first one ends it, and nothing is acknowledged that is not there."""

from __future__ import annotations

import asyncio
import queue
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.client import NotaryClient
from ledger.errors import DiskReserveReached, LedgerError, LedgerFailed, LedgerUnavailable
from ledger.wire import Acknowledgement
from tests.faults.ledger.fault_disk import FaultDisk, When
from tests.faults.ledger.processes import notary_process
from tests.unit.ledger.small_log import SmallLog, decision, judged


def live(log: SmallLog, disk: FaultDisk) -> tuple[int, LedgerError | OSError | None]:
    """Open, commit four times, stop. The largest size that was acknowledged, and the failure."""
    receipts: list[Acknowledgement] = []
    try:
        sequencer = log.prepare(disk.as_disk())
    except (LedgerError, OSError) as error:
        return 0, error
    sequencer.start()
    for _ in range(4):
        answered: queue.SimpleQueue[Acknowledgement | None] = queue.SimpleQueue()
        sequencer.on_failure = lambda _, answered=answered: answered.put(None)
        try:
            sequencer.submit([[judged()] * 65], answered.put)
        except LedgerFailed:
            break
        if sequencer.failure is not None or (receipt := answered.get(timeout=10)) is None:
            break
        receipts.append(receipt)
    sequencer.stop()
    return max((receipt.tree_size for receipt in receipts), default=0), sequencer.failure


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
    receipts: queue.SimpleQueue[Acknowledgement] = queue.SimpleQueue()
    assert log.sequencer is not None
    for _ in range(5):
        log.sequencer.submit([[judged()]], receipts.put)
    assert disk.holding.wait(10)
    assert receipts.empty()
    disk.hold_sync = False
    disk.release.set()
    assert sum(receipts.get(timeout=10).count for _ in range(5)) == 5
    log.close()
    assert log.verify().kinds["decision"] == 6


def test_a_failed_sync_is_never_tried_again(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    disk = FaultDisk(log.disk)
    log.open(disk.as_disk()).append(1)
    assert log.sequencer is not None
    sequencer, calls = log.sequencer, []

    def fail(handle: int) -> None:
        calls.append(handle)
        raise OSError(5, "Input/output error")

    disk.sync = fail  # type: ignore[attr-defined]
    failures: queue.SimpleQueue[LedgerError] = queue.SimpleQueue()
    sequencer.on_failure = failures.put
    acknowledged: list[Acknowledgement] = []
    sequencer.submit([[judged()]], acknowledged.append)
    assert "cannot write" in str(failures.get(timeout=10))
    wal_calls = len(calls)
    with pytest.raises(LedgerFailed):
        sequencer.submit([[judged()]], acknowledged.append)
    log.close()
    assert acknowledged == []
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
    answers: queue.SimpleQueue[Acknowledgement | None] = queue.SimpleQueue()
    sequencer.on_failure = lambda _: answers.put(None)
    while True:
        try:
            sequencer.submit([[judged(payload=bytes(100_000))]], answers.put)
        except LedgerFailed:
            break
        if (receipt := answers.get(timeout=10)) is None:
            break
        size = receipt.tree_size
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
