"""Certificates of people: see also `test_listening`, where they are shown."""

import pytest

from ledger.errors import ConfigurationError
from ledger.portal.certificates import fingerprint_in


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----", "\ufeff密", "x" * 100])
def test_what_is_no_certificate_is_said_and_not_quoted(tmp_path, text):
    file = tmp_path / "person.pem"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="holds no certificate") as caught:
        fingerprint_in(file)
    assert "密" not in str(caught.value)
