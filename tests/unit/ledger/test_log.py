from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import parse_entry
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog, entries
from ledger.header import EntryKind
from tests.unit.ledger.small_log import ORIGIN, SmallLog, log_of


def test_a_new_log_is_a_genesis_entry_that_verifies(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    report = log.verify()
    assert (report.origin, report.size, report.kinds) == (ORIGIN, 1, {"genesis": 1})


def test_a_log_is_created_once(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    before = log.verify()
    with pytest.raises(ConfigurationError, match="not empty"):
        log.create()
    assert log.verify() == before


def test_serving_never_creates(tmp_path: Path):
    log = SmallLog(tmp_path / "log")
    with pytest.raises(ConfigurationError, match="ledger create"):
        log.open()
    assert list(log.root.iterdir()) == []


def test_a_full_disk_is_noticed_before_a_log_is_begun(tmp_path: Path):
    log = SmallLog(tmp_path / "log")
    from ledger.log import create_log

    with pytest.raises(ConfigurationError, match="free space"):
        create_log(log.disk, log.keys, "p1", now_ms=0, reserve_bytes=1 << 60)
    assert list(log.root.iterdir()) == []


def test_the_successor_names_the_last_checkpoint_of_its_predecessor(tmp_path: Path):
    last = Checkpoint("ledger.example/before", 12, b"r" * 32)
    log = SmallLog(tmp_path / "log").create(predecessor=last)
    _, data, _ = next(entries(DirectoryLog(log.root)))
    header = parse_entry(data)[0].header
    assert (header["predecessor"], header["predecessor_size"]) == ("ledger.example/before", 12)
    assert log.verify().size == 1


def test_each_start_records_a_boot_and_a_new_epoch(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    for _ in range(3):
        log.open().append(2)
        log.close()
    report = log.verify()
    assert (report.kinds["boot"], report.kinds["key"], report.kinds["decision"]) == (3, 3, 6)
    boots = [
        parse_entry(data)[0].header
        for _, data, _ in entries(DirectoryLog(log.root))
        if parse_entry(data)[0].kind is EntryKind.BOOT
    ]
    assert [boot["recovered_size"] for boot in boots] == [1, 6, 11]
    assert {boot["torn_bytes"] for boot in boots} == {0}


def test_a_second_writer_is_refused(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    with pytest.raises(ConfigurationError, match="another notary"):
        SmallLog(log.root).open()
    log.close()


@pytest.mark.parametrize("count", [0, 1, 252, 253, 254, 255, 256, 257, 509])
def test_a_log_goes_on_at_any_size(tmp_path: Path, count: int):
    log = log_of(tmp_path / "log", count)
    size = log.verify().size
    note = DirectoryLog(log.root).read("checkpoint")
    old = open_checkpoint(note, [log.keys.log.verifier])
    log.open(seen=[old]).append(1)
    log.close()
    assert log.verify(seen=[old]).size == size + 4
