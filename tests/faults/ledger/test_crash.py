"""Power cuts: after any of them the log opens, and everything acknowledged is in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from random import Random

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.fetch import entries
from ledger.log import create_log, open_sequencer
from ledger.verify import Report, verify_log
from tests.faults.ledger.simulated_disk import SimulatedDisk
from tests.unit.ledger.small_log import PROXY_ID, START_MS, judged, notary_keys

KEYS = notary_keys()
SEGMENT_BYTES = 48 << 10


@dataclass
class Moment:
    """The disk just before a change, what was acknowledged then, and what readers had seen."""

    disk: SimulatedDisk
    acknowledged_size: int
    seen: Checkpoint


class Run:
    """One life of a notary on a disk, with moments of it kept."""

    def __init__(self, disk: SimulatedDisk, random: Random, keep: float) -> None:
        self.disk = disk
        self.moments: list[Moment] = []
        self.acknowledged_size = 0
        self._random = random
        self._keep = keep
        self._mutex = threading.Lock()

    def live(self, group_counts: list[int]) -> None:
        self.disk.before_change = self._remember
        sequencer = open_log(self.disk)
        sequencer.start()
        for count in group_counts:
            (receipt,) = sequencer.commit([[judged(number) for number in range(count)]])
            self.acknowledged_size = receipt.tree_size
        sequencer.stop()
        self.disk.before_change = lambda: None
        assert sequencer.failure is None

    def _remember(self) -> None:
        with self._mutex:
            if self._random.random() < self._keep:
                acknowledged_size = self.acknowledged_size
                note = self.disk.read("checkpoint")
                seen = open_checkpoint(note, [KEYS.log.verifier])
                self.moments.append(Moment(self.disk.copy(), acknowledged_size, seen))


def open_log(disk: SimulatedDisk):
    return open_sequencer(
        disk,
        KEYS,
        PROXY_ID,
        clock_ms=lambda: START_MS,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=0,
    )


def new_log() -> SimulatedDisk:
    disk = SimulatedDisk()
    create_log(disk, KEYS, PROXY_ID, now_ms=START_MS, segment_bytes=SEGMENT_BYTES, reserve_bytes=0)
    return disk


def verify(disk: SimulatedDisk, seen: Checkpoint) -> Report:
    return verify_log(disk, [KEYS.log.verifier], seen=[seen])


def require_recovery(moment: Moment, original: list[bytes], random: Random) -> SimulatedDisk:
    """Recover from one crash at that moment; the log is a prefix that holds every receipt."""
    disk = moment.disk.crashed(random)
    sequencer = open_log(disk)
    recovered = [entry for _, entry, _ in entries(disk)]
    assert len(recovered) >= moment.acknowledged_size
    assert recovered == original[: len(recovered)]
    sequencer.start()
    sequencer.stop()
    assert sequencer.failure is None
    report = verify(disk, moment.seen)
    assert report.size == report.published_size == len(recovered) + 3
    return disk


@pytest.mark.parametrize("seed", range(3))
def test_after_any_power_cut_every_receipt_holds(seed: int):
    random = Random(seed)
    run = Run(new_log(), random, keep=0.12)
    run.live([1, 3, 200, 60, 1, 40, 30, 2])
    original = [entry for _, entry, _ in entries(run.disk)]
    assert len(run.moments) > 5
    for moment in run.moments:
        require_recovery(moment, original, random)
        require_recovery(moment, original, random)


def power_cut(moment: Moment, random: Random) -> SimulatedDisk:
    return moment.disk.crashed(random)


def killed(moment: Moment, _: Random) -> SimulatedDisk:
    """The process is gone and the machine is not: nothing is forgotten, nor made durable."""
    return moment.disk.copy()


@pytest.mark.parametrize("ends", [power_cut, killed])
@pytest.mark.parametrize("seed", range(2))
def test_after_a_power_cut_in_the_second_life_too(seed: int, ends):
    random = Random(seed)
    first = Run(new_log(), random, keep=0.3)
    first.live([1, 2, 1])
    for moment in first.moments:
        second = Run(ends(moment, random), random, keep=0.15)
        second.acknowledged_size = moment.acknowledged_size
        second.live([2])
        original = [entry for _, entry, _ in entries(second.disk)]
        assert len(original) >= moment.acknowledged_size
        for later in second.moments:
            require_recovery(later, original, random)


def test_a_checkpoint_that_was_named_and_not_synced_is_made_durable_first():
    """Killed between the two, restarted, and then the power goes."""
    random = Random(0)
    first = Run(new_log(), random, keep=1.0)
    first.live([1, 2])
    between = [moment for moment in first.moments if moment.disk.has_unsynced_names(".")]
    assert between
    for moment in between:
        second = Run(moment.disk.copy(), random, keep=1.0)
        second.acknowledged_size = moment.acknowledged_size
        second.live([1])
        original = [entry for _, entry, _ in entries(second.disk)]
        for later in second.moments[:40]:
            require_recovery(later, original, random)


def test_the_simulator_forgets_what_was_not_synced():
    disk = SimulatedDisk()
    handle = disk.create("a", 0)
    disk.write(handle, b"data", 0)
    outcomes = set()
    for seed in range(50):
        crashed = disk.crashed(Random(seed))
        outcomes.add(crashed.read("a") if crashed.names(".") else None)
    assert outcomes == {None, b"", bytes(4), b"data"}
    disk.sync(handle)
    disk.sync_folder(".")
    assert {disk.crashed(Random(seed)).read("a") for seed in range(50)} == {b"data"}
