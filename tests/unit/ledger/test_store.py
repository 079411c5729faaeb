from pathlib import Path

import pytest

from ledger.disk import LocalDisk
from ledger.errors import DiskReserveReached, LedgerDamaged
from ledger.store import (
    STOP_ROOM_BYTES,
    WAL_FOLDER,
    WalWriter,
    folder_of,
    make_folders,
    remove_leftovers,
    write_file,
    write_immutable,
)
from ledger.wal import Frame, encode_frame, join_segments

ORIGIN = "ledger.example/agency1"


@pytest.fixture
def disk(tmp_path: Path) -> LocalDisk:
    disk = LocalDisk(tmp_path)
    make_folders(disk, WAL_FOLDER)
    return disk


def writer(disk: LocalDisk, segment_bytes: int = 64 << 10, reserve_bytes: int = 0) -> WalWriter:
    return WalWriter(disk, ORIGIN, segment_bytes=segment_bytes, reserve_bytes=reserve_bytes)


def frame(index: int, entry_bytes: int = 9000) -> bytes:
    return encode_frame(Frame(index, (bytes([index]) * entry_bytes,), (b"",), b"note"))


def read_wal(disk: LocalDisk):
    names = disk.names(WAL_FOLDER)
    return join_segments([(name, disk.read(f"{WAL_FOLDER}/{name}")) for name in names], ORIGIN)


def test_a_file_is_replaced_as_a_whole(disk: LocalDisk):
    write_file(disk, "checkpoint", b"one")
    write_file(disk, "checkpoint", b"two")
    assert disk.read("checkpoint") == b"two"
    assert disk.names(".state") == ["wal"]


def test_an_immutable_file_may_be_written_again_but_never_differently(disk: LocalDisk):
    write_immutable(disk, "tile", b"one")
    write_immutable(disk, "tile", b"one")
    with pytest.raises(LedgerDamaged, match="tile"):
        write_immutable(disk, "tile", b"two")
    assert disk.read("tile") == b"one"


def test_what_was_being_written_at_a_crash_is_removed(disk: LocalDisk):
    disk.close(disk.create(".state/new", 0))
    disk.close(disk.create(".state/new-segment", 0))
    remove_leftovers(disk)
    assert disk.names(".state") == ["wal"]


def test_frames_go_to_the_next_segment_when_one_is_full(disk: LocalDisk):
    wal = writer(disk)
    wal.start_segment(0, bytes(32), 1)
    for index in range(12):
        wal.make_room(len(frame(index)), index, bytes(32), 1)
        wal.append(frame(index))
    wal.close()
    assert [found.first_index for found in read_wal(disk).frames] == list(range(12))
    assert len(disk.names(WAL_FOLDER)) == 3


def test_segments_are_retired_when_all_of_them_is_published(disk: LocalDisk):
    wal = writer(disk)
    wal.start_segment(0, bytes(32), 1)
    for index in range(12):
        wal.make_room(len(frame(index)), index, bytes(32), 1)
        wal.append(frame(index))
    first = read_wal(disk).frames[0].first_index
    second = int(disk.names(WAL_FOLDER)[1][:20])
    wal.retire(second - 1)
    assert read_wal(disk).frames[0].first_index == first
    wal.retire(second)
    assert read_wal(disk).frames[0].first_index == second
    wal.retire(12)
    assert len(disk.names(WAL_FOLDER)) == 1
    wal.close()


def test_a_segment_that_was_replaced_is_not_retired_in_place_of_its_successor(disk: LocalDisk):
    wal = writer(disk, segment_bytes=4 << 10)
    wal.start_segment(7, bytes(32), 1)
    wal.make_room(9000, 7, bytes(32), 2)
    wal.append(frame(7))
    wal.retire(8)
    assert [found.first_index for found in read_wal(disk).frames] == [7]
    wal.close()


def test_a_large_frame_gets_a_large_segment(disk: LocalDisk):
    wal = writer(disk)
    wal.start_segment(0, bytes(32), 1)
    large = encode_frame(Frame(0, (b"e",), (bytes(1 << 20),), b"note"))
    wal.make_room(len(large), 0, bytes(32), 1)
    wal.append(large)
    wal.retire(1)  # the small one was replaced under its name, so there is nothing to retire
    wal.close()
    assert len(read_wal(disk).frames) == 1


def test_below_the_reserve_there_is_no_room_but_for_the_stop(disk: LocalDisk):
    wal = writer(disk, reserve_bytes=1 << 62)
    wal.start_segment(0, bytes(32), 1)
    with pytest.raises(DiskReserveReached):
        wal.make_room(100, 0, bytes(32), 1)
    wal.append(frame(0))
    assert len(frame(0)) < STOP_ROOM_BYTES
    wal.close()


def test_folders_of_paths():
    assert folder_of("tile/0/x001/234") == "tile/0/x001"
    assert folder_of("checkpoint") == "."
