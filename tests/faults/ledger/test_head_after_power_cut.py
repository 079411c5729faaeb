"""The memory of the head lies on another disk: after a power cut here it never knows too much."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

from ledger import publication
from ledger.head import HeadMemory
from ledger.log import open_sequencer
from tests.faults.ledger.simulated_disk import SimulatedDisk
from tests.faults.ledger.test_crash import KEYS, SEGMENT_BYTES, new_log
from tests.unit.ledger.small_log import PROXY_ID, START_MS, judged


class OtherDisk(HeadMemory):
    """Durable at once, as a file on another disk may be."""

    def __init__(self, note: bytes | None = None) -> None:
        super().__init__(Path("/elsewhere"), Path("/log"))
        self.held = note
        self.remembered = threading.Event()

    def note(self) -> bytes | None:
        return self.held

    def remember(self, note: bytes) -> None:
        self.held = note
        self.remembered.set()


def live(disk: SimulatedDisk, memory: OtherDisk, group_counts: list[int]) -> None:
    sequencer = open_sequencer(
        disk,
        KEYS,
        PROXY_ID,
        clock_ms=lambda: START_MS,
        memory=memory,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=0,
    )
    sequencer.start()
    for count in group_counts:
        memory.remembered.clear()
        sequencer.commit([[judged(number) for number in range(count)]])
        assert memory.remembered.wait(60)
    sequencer.stop()
    assert sequencer.failure is None


def test_after_any_power_cut_the_log_starts_with_what_was_remembered(monkeypatch):
    monkeypatch.setattr(publication, "REMEMBER_INTERVAL_S", 0.0)
    monkeypatch.setattr(publication, "INTERVAL_S", 0.0)
    random = Random(0)
    disk, memory = new_log(), OtherDisk()
    moments: list[tuple[SimulatedDisk, bytes | None]] = []
    disk.before_change = lambda: moments.append((disk.copy(), memory.held))
    live(disk, memory, [1, 3, 2])
    disk.before_change = lambda: None
    assert len({note for _, note in moments}) > 2
    for moment, note in moments:
        for after in (moment.crashed(random), moment.copy()):
            live(after, OtherDisk(note), [1])
