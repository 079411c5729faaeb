from pathlib import Path

import pytest

from ledger.errors import ConfigurationError
from ledger.portal.index.files import IndexFiles


def build(files: IndexFiles, name: str, content: bytes) -> Path:
    path, _ = files.beginning(name)
    path.write_bytes(content)
    return files.adopt(name)


def test_each_generation_takes_the_place_of_the_one_before(tmp_path: Path):
    files = IndexFiles(tmp_path / "index", ["公安", "法院"])
    assert files.path("公安") is None
    first = build(files, "公安", b"1")
    assert files.path("公安") == first
    (first.parent / f"{first.name}-wal").write_bytes(b"of the first")
    second = build(files, "公安", b"2")
    assert files.path("公安") == second != first
    assert files.path("法院") is None
    assert {path.name for path in (tmp_path / "index").iterdir()} == {"lock", second.name}
    files.close()
    again = IndexFiles(tmp_path / "index", ["公安"])
    assert again.path("公安") == second
    again.close()


def test_what_a_crash_left_is_removed_and_nothing_else(tmp_path: Path):
    files = IndexFiles(tmp_path / "index", ["a", "b"])
    kept, other = build(files, "a", b"1"), build(files, "b", b"1")
    files.close()
    stem = kept.name.partition("-")[0]
    left = [f"{stem}.new", f"{stem}.stage", f"{stem}-9.index-wal", f"{other.name}-shm"]
    older = kept.with_name(f"{stem}-7.index")
    for name in (*left, "notes.txt"):
        (kept.parent / name).write_bytes(b"x")
    older.write_bytes(b"a later generation")
    again = IndexFiles(tmp_path / "index", ["a"])
    assert again.path("a") == older
    assert {path.name for path in kept.parent.iterdir()} == {"lock", "notes.txt", older.name}
    again.close()


def test_a_beginning_is_empty(tmp_path: Path):
    files = IndexFiles(tmp_path / "index", ["a"])
    for path in files.beginning("a"):
        path.write_bytes(b"half")
    assert not any(path.exists() for path in files.beginning("a"))
    files.close()


def test_a_directory_that_cannot_be_used_is_refused(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        IndexFiles(tmp_path / "file", [])
    with pytest.raises(ConfigurationError, match="cannot be used"):
        IndexFiles(tmp_path / "none/index", [])


def test_only_its_owner_reads_it(tmp_path: Path):
    IndexFiles(tmp_path / "index", []).close()
    assert (tmp_path / "index").stat().st_mode & 0o777 == 0o700


def test_one_process_at_a_time(tmp_path: Path):
    files = IndexFiles(tmp_path / "index", [])
    with pytest.raises(ConfigurationError, match="another portal"):
        IndexFiles(tmp_path / "index", [])
    files.close()
