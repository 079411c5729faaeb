"""The writer of the month: a log of the notary's, by a clock that is moved."""

import pytest

from ledger.client import Draft, EntryKind, RawDraft
from ledger.errors import ConfigurationError, FormatError
from ledger.fetch import DirectoryLog
from ledger.verify import verify_log
from proxy.demo.month.pen import Pen, UnsyncedDisk
from tests.unit.ledger.small_log import decision_header, notary_keys

NOON = 1_772_600_400.0


async def test_entries_have_the_time_that_the_clock_was_moved_to(tmp_path):
    pen = Pen(tmp_path / "log", notary_keys(), NOON)
    pen.now += 3_600
    first = await pen.submit([Draft(EntryKind.DECISION, decision_header(), b"{}")])
    pen.now += 86_400
    second = await pen.submit([Draft(EntryKind.DECISION, decision_header(), b"{}")])
    await pen.close()
    report = verify_log(DirectoryLog(tmp_path / "log"), [notary_keys().log.verifier])
    assert report.size == pen.size
    # A day later a new epoch begins, as with the notary.
    assert second.first_index - first.first_index == 2
    assert (report.first_time, report.last_time) == (
        "2026-03-04T05:00:00.000Z",
        "2026-03-05T06:00:00.000Z",
    )


async def test_a_restart_is_recorded_as_such_and_the_log_goes_on(tmp_path):
    pen = Pen(tmp_path / "log", notary_keys(), NOON)
    size = pen.size
    pen.restart(240.0)
    assert pen.now == NOON + 240
    pen.heartbeat()
    await pen.close()
    # stop; epoch and boot; heartbeat; stop
    assert pen.size == size + 5
    verify_log(DirectoryLog(tmp_path / "log"), [notary_keys().log.verifier])


async def test_what_a_worker_may_not_write_is_not_written(tmp_path):
    pen = Pen(tmp_path / "log", notary_keys(), NOON)
    with pytest.raises(FormatError):
        pen.submit([RawDraft(b'{"kind":"heartbeat","state":"alive"}', None)])
    await pen.close()


async def test_it_never_waits_and_never_overwrites(tmp_path):
    pen = Pen(tmp_path / "log", notary_keys(), NOON)
    assert not pen.give_up_after(0.0)
    await pen.close()
    with pytest.raises((ConfigurationError, FileExistsError)):
        Pen(tmp_path / "log", notary_keys(), NOON)


def test_a_disk_that_syncs_nothing_reads_what_it_wrote(tmp_path):
    disk = UnsyncedDisk(tmp_path)
    handle = disk.create("file", 0)
    disk.write(handle, b"synthetic", 0)
    disk.sync(handle)
    disk.sync_folder(".")
    disk.close(handle)
    assert disk.read("file") == b"synthetic"
