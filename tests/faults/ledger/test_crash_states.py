"""Every crash state of small runs: the log opens, holds every receipt, and never forks itself."""

from __future__ import annotations

import pytest

from ledger.errors import LedgerDamaged
from ledger.store import WalWriter
from tests.faults.ledger.crash_runs import (
    RUNS,
    Commit,
    Exploration,
    Life,
    Publish,
    all_entries,
    new_log,
)
from tests.faults.ledger.crash_states import RecordingDisk, crash_states


@pytest.mark.parametrize("name", RUNS)
def test_a_log_opens_after_every_crash(name: str, record_property):
    """All states of the two smaller runs. Of the run across a bundle, whose states differ mostly in
    which old partial files are gone, those of each ninth moment; the command takes all of them."""
    moments, original = RUNS[name]()
    exploration = Exploration(verify_every=10)
    starts = exploration.explore(moments[:: 9 if name == "across a bundle" else 1], original)
    exploration.explore_recoveries(starts[::30], original)
    figures = exploration.figures
    record_property("crash_states", figures.as_json())
    print(name, figures.as_json())
    assert figures.states > (40 if name == "creation" else 300)
    assert figures.states_of_recoveries > 10


def test_killed_before_a_sync_recovered_and_then_cut_off():
    """What the killed process had not synced is copied; the original of it is then lost."""
    disk = RecordingDisk()
    new_log(disk)
    life = Life(disk).live([Publish(), Commit(), Commit(payload=bytes(30 << 10)), Commit()])
    original = all_entries(disk)
    unsynced = [moment for moment in life.moments if has_unsynced_frame(moment.disk)]
    assert 2 <= len(unsynced) < 10
    exploration = Exploration(verify_every=5)
    exploration.explore_recoveries(unsynced, original, whole_every=len(unsynced))
    assert exploration.figures.states_of_recoveries > 20


def has_unsynced_frame(disk: RecordingDisk) -> bool:
    _, dirty = disk.unsynced()
    return any(path.endswith(".seg") and number in dirty for path, number in disk.numbers().items())


def test_a_frame_in_sectors_may_lose_any_of_them():
    disk = RecordingDisk()
    handle = disk.create("file", 2048)
    disk.sync(handle)
    disk.sync_folder(".")
    disk.write(handle, b"x" * 1100, 100)
    found = {state.read("file") for _, state in crash_states(disk)}
    parts = [b"x" * 412, b"x" * 512, b"x" * 176]
    expected = set()
    for kept in range(8):
        sectors = [part if kept >> n & 1 else bytes(len(part)) for n, part in enumerate(parts)]
        expected.add((bytes(100) + b"".join(sectors)).ljust(2048, b"\0"))
    assert found == expected


def test_names_come_back_in_any_combination():
    disk = RecordingDisk()
    for name in "abc":
        disk.create(name, 0)
    disk.sync_folder(".")
    for name in "abc":
        disk.remove(name)
    assert len({tuple(state.names(".")) for _, state in crash_states(disk)}) == 8


def test_a_writer_that_does_not_sync_is_found_out(monkeypatch: pytest.MonkeyPatch):
    def append(self: WalWriter, frame: bytes) -> None:
        assert self._handle is not None
        self._disk.write(self._handle, frame, self._offset)
        self._offset += len(frame)

    disk = RecordingDisk()
    new_log(disk)
    monkeypatch.setattr(WalWriter, "append", append)
    life = Life(disk, 1).live([Commit(), Commit()])
    monkeypatch.undo()
    with pytest.raises((AssertionError, LedgerDamaged)):
        Exploration().explore(life.moments, all_entries(disk))
