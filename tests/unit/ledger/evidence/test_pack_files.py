import zipfile

import pytest

from ledger.evidence.pack_files import LINE_BYTES_MAX, NAME, SMALL_BYTES_MAX, Files
from ledger.evidence.pack_formats import Wrong


@pytest.fixture(params=["folder", "zip"])
def path(request, tmp_path):
    (tmp_path / "entries").mkdir()
    (tmp_path / "entries/000000000000.jsonl").write_bytes(b'{"a":1}\n{"a":2}\n')
    (tmp_path / "checkpoint").write_bytes(b"note")
    if request.param == "folder":
        return tmp_path
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for name in ("entries/000000000000.jsonl", "checkpoint"):
            archive.write(tmp_path / name, name)
    return tmp_path / "pack.zip"


def test_files_are_found_by_name(path):
    files = Files(path)
    assert files.names == {"entries/000000000000.jsonl", "checkpoint"}
    assert files.small("checkpoint") == b"note"
    assert list(files.lines("entries/000000000000.jsonl")) == [{"a": 1}, {"a": 2}]
    assert list(files.lines("entries/000000000256.jsonl")) == []
    assert files.digest("checkpoint", 4)[1] == 4
    for name in ("no", "../checkpoint", "/etc/passwd"):
        with pytest.raises(Wrong, match="missing"):
            files.open(name)


def test_nothing_is_read_beyond_its_bound(tmp_path):
    (tmp_path / "checkpoint").write_bytes(b"x" * (LINE_BYTES_MAX + 2))
    with pytest.raises(Wrong, match="overlong"):
        list(Files(tmp_path).lines("checkpoint"))
    assert Files(tmp_path).digest("checkpoint", 1)[1] < LINE_BYTES_MAX
    with (tmp_path / "checkpoint").open("wb") as file:
        file.truncate(SMALL_BYTES_MAX + 1)
    with pytest.raises(Wrong, match="too large"):
        Files(tmp_path).small("checkpoint")


@pytest.mark.parametrize("name", ["x", "checkpoint\n", "entries/٠٠٠٠٠٠٠٠٠٠٠٠.jsonl", "keys/a.vkey"])
def test_other_names_are_none(name):
    assert not NAME.fullmatch(name)
