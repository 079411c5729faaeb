"""Files that are the service's alone."""

import stat

import pytest

from proxy.errors import ConfigurationError
from proxy.record.private import read_private_file, write_private_file


def test_what_is_written_is_read_again(tmp_path):
    file = tmp_path / "secret"
    write_private_file(file, b"one")
    write_private_file(file, b"two")
    assert read_private_file(file, "make it", 3) == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_wrong_is_one_of_our_errors(tmp_path):
    file = tmp_path / "secret"
    with pytest.raises(ConfigurationError, match="make it"):
        read_private_file(file, "make it", 3)
    write_private_file(file, b"four")
    with pytest.raises(ConfigurationError, match="too long"):
        read_private_file(file, "make it", 3)
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_private_file(file, "make it", 10)
    with pytest.raises(ConfigurationError, match="cannot write"):
        write_private_file(tmp_path / "none" / "secret", b"x")
