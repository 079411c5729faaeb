"""Power cuts during an erasure: nothing is gone without its order, and it can be finished."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from ledger.disk import LocalDisk
from ledger.erase import Erased, erase
from ledger.erasure import Order
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog, entries
from ledger.verify import Report, verify_log
from ledger.witnessed import published_size
from tests.faults.ledger.crash_runs import PublicationInStep
from tests.faults.ledger.simulated_disk import SimulatedDisk
from tests.faults.ledger.test_crash import KEYS, SEGMENT_BYTES, Run, new_log, open_log
from tests.unit.ledger.small_log import PROXY_ID, START_MS, SmallLog, judged

ORDER = Order("2026-12", "某某市人民检察院")


def run_erase(disk: SimulatedDisk, indices: list[int]) -> Erased:
    return erase(
        disk,
        disk,
        KEYS,
        PROXY_ID,
        indices,
        ORDER,
        clock_ms=lambda: START_MS,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=0,
    )


def verify(disk: SimulatedDisk) -> Report:
    """Finds a payload that is gone without an order, among all else."""
    return verify_log(disk, [KEYS.log.verifier])


def files_with(disk: SimulatedDisk, ciphertexts: list[bytes]) -> list[str]:
    files = [path for path, inode in disk._volatile.items() if inode is not None]
    return [path for path in files if any(found in disk.read(path) for found in ciphertexts)]


def log_with_payloads(group_counts: list[int]) -> SimulatedDisk:
    run = Run(new_log(), Random(0), keep=0)
    run.live(group_counts)
    run.disk.before_change = lambda: None
    return run.disk


def moments_of_an_erasure(disk: SimulatedDisk, indices: list[int]) -> list[SimulatedDisk]:
    """The disk before each of its changes, and at the end."""
    moments: list[SimulatedDisk] = []
    disk.before_change = lambda: moments.append(disk.copy())
    run_erase(disk, indices)
    disk.before_change = lambda: None
    return [*moments, disk]


def require_finished(disk: SimulatedDisk, indices: list[int], ciphertexts: list[bytes]) -> None:
    """Run it again: all of it is gone, recorded once, and stays gone after another power cut."""
    with suppress(ConfigurationError):  # nothing left to do
        run_erase(disk, indices)
    report = verify(disk)
    assert (report.payloads_erased_count, report.kinds["erasure"]) == (len(indices), 1)
    assert report.erasures_unfinished_count == 0
    assert files_with(disk, ciphertexts) == []
    for seed in range(4):
        assert files_with(disk.crashed(Random(seed)), ciphertexts) == []


def require_service(disk: SimulatedDisk, indices: list[int]) -> None:
    """The service goes on all the same, and whatever is missing was ordered."""
    sequencer = open_log(disk)
    sequencer.start()
    sequencer.commit([[judged(1)]])
    sequencer.stop()
    assert sequencer.failure is None
    report = verify(disk)
    recorded = report.kinds.get("erasure", 0)
    done = report.payloads_erased_count + report.erasures_unfinished_count
    assert done == len(indices) * recorded


@pytest.mark.parametrize(
    ("group_counts", "step"), [([2, 3], 1), ([200, 30, 40, 2], 7)], ids=["small", "two-bundles"]
)
def test_after_any_power_cut_an_erasure_is_recorded_and_can_be_finished(group_counts, step):
    random = Random(0)
    disk = log_with_payloads(group_counts)
    with_payload = [index for index, _, ciphertext in entries(disk) if ciphertext]
    indices = [with_payload[0], with_payload[-1]]
    ciphertexts = [found for index, _, found in entries(disk) if index in indices]
    moments = moments_of_an_erasure(disk, indices)
    assert len(moments) > 60
    assert files_with(disk, ciphertexts) == []
    for moment in moments[::step]:
        for after in (moment.crashed(random), moment.copy()):
            require_service(after.copy(), indices)
            require_finished(after, indices, ciphertexts)


def test_the_service_may_run_between_the_power_cut_and_the_second_attempt():
    disk = log_with_payloads([2, 3])
    with_payload = [index for index, _, ciphertext in entries(disk) if ciphertext]
    ciphertexts = [found for index, _, found in entries(disk) if index in with_payload]
    random = Random(1)
    for moment in moments_of_an_erasure(disk, with_payload):
        after = moment.crashed(random)
        require_service(after, with_payload)
        require_finished(after, with_payload, ciphertexts)


def test_what_a_killed_notary_had_not_published_leaves_no_trace_either(tmp_path: Path):
    with patch("ledger.log.Publication", PublicationInStep):
        log = SmallLog(tmp_path / "log").create().open()
        log.append(2)
        killed = shutil.copytree(log.root, tmp_path / "killed")
        log.close()
    reader, disk = DirectoryLog(killed), LocalDisk(killed)
    index, ciphertext = [(index, found) for index, _, found in entries(reader) if found][-1]
    assert published_size(reader) <= index
    erase(disk, reader, log.keys, PROXY_ID, [index], ORDER, clock_ms=log.clock,
          segment_bytes=SEGMENT_BYTES, reserve_bytes=0)  # fmt: skip
    disk.unlock()
    files = [path for path in killed.rglob("*") if path.is_file()]
    assert not [path for path in files if ciphertext in path.read_bytes()]
    assert verify_log(reader, [log.keys.log.verifier]).payloads_erased_count == 1
