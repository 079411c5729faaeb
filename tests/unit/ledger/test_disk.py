from pathlib import Path

import pytest

from ledger.disk import LocalDisk, filesystem_kind, require_durable_filesystem
from ledger.errors import ConfigurationError


def test_files_are_created_once_allocated_and_read_back(tmp_path: Path):
    disk = LocalDisk(tmp_path)
    handle = disk.create("a", 4096)
    disk.write(handle, b"data", 10)
    disk.sync(handle)
    disk.close(handle)
    assert disk.read("a") == bytes(10) + b"data" + bytes(4082)
    assert (tmp_path / "a").stat().st_blocks * 512 >= 4096
    with pytest.raises(FileExistsError):
        disk.create("a", 0)


def test_folders_and_names(tmp_path: Path):
    disk = LocalDisk(tmp_path)
    assert disk.make_folder("f")
    assert not disk.make_folder("f")
    disk.close(disk.create("f/b", 0))
    disk.close(disk.create("f/a", 0))
    disk.sync_folder("f")
    assert disk.names("f") == ["a", "b"]
    assert disk.names("nowhere") == []
    disk.rename("f/a", "f/c")
    disk.remove("f/b")
    assert disk.names("f") == ["c"]
    disk.remove_folder("f")
    assert disk.names(".") == []
    assert disk.free_bytes() > 0


def test_there_is_one_writer(tmp_path: Path):
    (tmp_path / ".state").mkdir()
    first, second = LocalDisk(tmp_path), LocalDisk(tmp_path)
    first.lock()
    with pytest.raises(ConfigurationError, match="another notary"):
        second.lock()
    first.unlock()
    second.lock()
    second.unlock()


def test_memory_is_no_disk():
    if filesystem_kind(Path("/dev/shm")) != "tmpfs":
        pytest.skip("no tmpfs at /dev/shm")
    with pytest.raises(ConfigurationError, match="force-filesystem"):
        require_durable_filesystem(Path("/dev/shm"))
