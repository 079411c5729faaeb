from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.disk import LocalDisk
from ledger.errors import LedgerDamaged
from ledger.fetch import DirectoryLog, read_bundle, read_payloads, read_tile
from ledger.merkle import leaf_hash, root_of
from ledger.publish import Publisher, RightEdge
from ledger.store import make_folders
from ledger.tile import TileSlot, bundle_slots, tile_width
from ledger.wal import Frame
from tests.unit.ledger.small_log import notary_keys

SIGN = notary_keys().log.signer()


def entry(index: int) -> bytes:
    return b"entry %d" % index


def frames(*ends: int, start: int = 0) -> list[Frame]:
    made = []
    for end in ends:
        span = range(start, end)
        root = root_of(leaf_hash(entry(index)) for index in range(end))
        note = Checkpoint("ledger.example/agency1", end, root).signed(SIGN)
        made.append(
            Frame(start, tuple(map(entry, span)), tuple(b"c%d" % index for index in span), note)
        )
        start = end
    return made


@pytest.fixture
def disk(tmp_path: Path) -> LocalDisk:
    disk = LocalDisk(tmp_path)
    make_folders(disk, ".state/wal")
    return disk


@pytest.mark.parametrize("sizes", [(1,), (255,), (256,), (257,), (100, 256, 300), (600, 1100)])
def test_all_entries_tiles_and_payloads_are_readable(tmp_path: Path, disk: LocalDisk, sizes):
    publisher, start = Publisher(disk, RightEdge()), 0
    for size in sizes:
        publisher.publish(frames(size, start=start))
        start = size
    reader, size = DirectoryLog(tmp_path), sizes[-1]
    assert publisher.size == size
    for number, width in bundle_slots(size):
        span = range(256 * number, 256 * number + width)
        assert read_bundle(reader, number, width) == [entry(index) for index in span]
        assert read_payloads(reader, number, width) == [b"c%d" % index for index in span]
        leaves = b"".join(leaf_hash(entry(index)) for index in span)
        assert read_tile(reader, TileSlot(0, number, width)) == leaves
    if width := tile_width(1, 0, size):
        assert len(read_tile(reader, TileSlot(1, 0, width))) == 32 * width


def test_partial_files_go_once_the_full_one_is_there(tmp_path: Path, disk: LocalDisk):
    publisher = Publisher(disk, RightEdge())
    for size in (10, 20, 256, 300):
        publisher.publish(frames(size, start=publisher.size))
    assert disk.names("tile/0") == ["000", "001.p"]
    assert disk.names("tile/entries") == ["000", "001.p"]
    assert disk.names("payload") == ["000", "001.p"]


def test_publishing_twice_gives_the_same_files(tmp_path: Path, disk: LocalDisk):
    Publisher(disk, RightEdge()).publish(frames(300))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    Publisher(disk, RightEdge()).publish(frames(300))
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_published_file_with_other_bytes_stops_publication(tmp_path: Path, disk: LocalDisk):
    Publisher(disk, RightEdge()).publish(frames(300))
    (tmp_path / "tile/entries/000").write_bytes(b"other")
    with pytest.raises(LedgerDamaged, match="tile/entries/000"):
        Publisher(disk, RightEdge()).publish(frames(300))
