import shutil
from pathlib import Path

import pytest

from ledger.fetch import (
    DirectoryLog,
    entries,
    entry_at,
    read_bundle,
    read_payloads,
    read_tile,
    snapshot,
)
from ledger.tile import TileSlot
from tests.unit.ledger.small_log import PAYLOAD, SmallLog, log_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("fetch") / "log", 300)


def test_all_entries_are_read_in_order(log: SmallLog):
    read = list(entries(DirectoryLog(log.root)))
    assert [index for index, _, _ in read] == list(range(304))
    assert all(b" %d " % index in data for index, data, _ in read)
    assert sum(bool(ciphertext) for _, _, ciphertext in read) == 300
    assert [index for index, _, _ in entries(DirectoryLog(log.root), 301)] == [301, 302, 303]


def test_entries_that_are_durable_and_not_yet_published_are_read_too(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    for _ in range(10):
        last = log.append(3)[-1]
        indices = [index for index, _, _ in entries(DirectoryLog(log.root))]
        assert indices == list(range(indices[-1] + 1))
        assert indices[-1] >= last.first_index
    log.close()


def test_a_reader_with_an_old_checkpoint_finds_the_full_files(log: SmallLog):
    reader = DirectoryLog(log.root)
    whole = read_bundle(reader, 0, 256)
    assert read_bundle(reader, 0, 7) == whole[:7]
    assert read_tile(reader, TileSlot(0, 0, 7)) == read_tile(reader, TileSlot(0, 0, 256))[:224]
    assert len(read_payloads(reader, 0, 7)) == 7
    with pytest.raises(FileNotFoundError):
        read_bundle(reader, 5, 256)


def test_a_copy_without_payloads_and_state_is_readable(log: SmallLog, tmp_path: Path):
    shutil.copytree(log.root, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/payload")
    shutil.rmtree(tmp_path / "copy/.state")
    read = list(entries(DirectoryLog(tmp_path / "copy")))
    assert len(read) == 304
    assert {ciphertext for _, _, ciphertext in read} == {b""}
    assert snapshot(DirectoryLog(tmp_path / "copy"))[1].frames == ()


def test_one_entry_is_found_by_index(log: SmallLog):
    assert b"p1 257 " in entry_at(DirectoryLog(log.root), 257, 304)


def test_nothing_published_holds_the_plaintext(log: SmallLog):
    for path in log.root.rglob("*"):
        assert not path.is_file() or PAYLOAD not in path.read_bytes()
