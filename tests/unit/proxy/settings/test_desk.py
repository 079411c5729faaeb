"""The section `[desk]`: where passwords and names of people may go."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.settings.desk import Desk

GIVEN = {"agency": "合成市公安局", "directory": Path("/d")}
FILES = {"certificate_file": Path("/c"), "key_file": Path("/k")}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9", "/run/desk.sock"])
def test_what_stays_on_this_machine_needs_no_certificate(host):
    assert Desk(**GIVEN, host=host).certificate_file is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "desk.example", "127.0.0.1.example"])
def test_what_leaves_it_does(host):
    with pytest.raises(ValidationError, match="certificate_file"):
        Desk(**GIVEN, host=host)
    assert Desk(**GIVEN, **FILES, host=host).host == host


@pytest.mark.parametrize("name", FILES)
def test_a_certificate_and_its_key_go_together(name):
    with pytest.raises(ValidationError, match="go together"):
        Desk(**GIVEN, **{name: FILES[name]})


def test_a_socket_is_not_encrypted():
    with pytest.raises(ValidationError, match="Unix socket"):
        Desk(**GIVEN, **FILES, host="/run/desk.sock")
