import zipfile
from hashlib import sha256

import pytest

from ledger.errors import ConfigurationError
from ledger.evidence.archive import FolderArchive, ZipArchive, open_archive


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_what_is_written_is_there_with_its_digest(tmp_path, name):
    archive = open_archive(tmp_path / name)
    written = archive.add("entries/000000000000.jsonl", iter([b"a", b"bc"]))
    archive.finish()
    assert (written.size_bytes, written.sha256) == (3, sha256(b"abc").hexdigest())
    if name == "pack":
        assert isinstance(archive, FolderArchive)
        assert (tmp_path / name / written.name).read_bytes() == b"abc"
    else:
        assert isinstance(archive, ZipArchive)
        assert zipfile.ZipFile(tmp_path / name).read(written.name) == b"abc"
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigurationError, match="never overwritten"):
        open_archive(tmp_path / name)
    assert sorted(each.name for each in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("name", ["pack", "pack.zip"])
def test_what_is_abandoned_is_no_pack(tmp_path, name):
    archive = open_archive(tmp_path / name)
    archive.add("manifest.json", [b"{}"])
    archive.abandon()
    assert not list(tmp_path.rglob("manifest.json")) + list(tmp_path.glob("*.zip"))
