"""What officers are told, in both languages."""

import pytest

from proxy.desk.certificate.errors import SENTENCES, CertificateError


@pytest.mark.parametrize("code", SENTENCES)
def test_every_sentence_is_there_twice_and_names_the_field(code):
    error = CertificateError(code, "person.name")
    assert str(error) == f"person.name: {error.english} / {error.chinese}"
    assert 400 <= error.status < 600
    assert error.english.isascii()
    assert not error.chinese.isascii()
