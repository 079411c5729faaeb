"""Numbers are given once, whatever crashes and whoever asks at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from proxy.desk.certificate.code import NUMBER_MAX
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.serials import next_serial, serial_name, write_durably
from proxy.errors import ConfigurationError


def test_numbers_follow_each_other(tmp_path):
    assert [next_serial(tmp_path) for _ in range(3)] == [1, 2, 3]


def test_many_at_a_time_get_different_ones(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: next_serial(tmp_path), range(64)))
    assert sorted(numbers) == list(range(1, 65))


def test_a_counter_from_an_older_copy_gives_no_number_again(tmp_path):
    (tmp_path / "000041.pdf").touch()
    (tmp_path / "000042.pdf.part").touch()
    (tmp_path / "last-serial").write_text("7\n")
    assert next_serial(tmp_path) == 43
    (tmp_path / "last-serial").unlink()
    assert next_serial(tmp_path) == 43


@pytest.mark.parametrize("content", [b"", b"x\n", b"7", b"-1\n", b"\xff\n"])
def test_a_damaged_counter_gives_nothing(tmp_path, content):
    (tmp_path / "last-serial").write_bytes(content)
    with pytest.raises(ConfigurationError, match="damaged"):
        next_serial(tmp_path)


def test_there_is_a_last_number(tmp_path):
    (tmp_path / "last-serial").write_text(f"{NUMBER_MAX}\n")
    with pytest.raises(ConfigurationError):
        next_serial(tmp_path)


def test_a_counter_that_cannot_be_written_gives_nothing(tmp_path):
    with pytest.raises(CertificateError):
        next_serial(tmp_path / "missing")
    (tmp_path / "last-serial.new").mkdir()
    with pytest.raises(CertificateError):
        next_serial(tmp_path)


def test_what_is_written_is_whole(tmp_path):
    file = tmp_path / "a"
    write_durably(file, b"old")
    write_durably(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert serial_name(7) == "000007"
