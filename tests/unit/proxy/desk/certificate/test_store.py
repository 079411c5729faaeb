"""What was issued is given out once it is on record, and found by its very code."""

from dataclasses import replace

import pytest

from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.store import Store
from proxy.errors import ConfigurationError
from tests.unit.proxy.desk.certificate.samples import CODE, DOCUMENT


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "forms")
    made.prepare()
    return made


def test_before_its_entry_a_form_is_not_given_out(store):
    store.keep(1, CODE, DOCUMENT, b"%PDF")
    with pytest.raises(CertificateError):
        store.form(1)
    assert store.by_code(CODE) is None
    store.release(1)
    assert store.form(1) == b"%PDF"
    assert store.by_code(CODE).document == DOCUMENT


def test_only_the_very_code_finds_it(store):
    store.keep(1, CODE, DOCUMENT, b"%PDF")
    store.release(1)
    assert store.by_code(replace(CODE, salt=b"another salt..")) is None
    assert store.by_code(replace(CODE, number=2)) is None


def test_revoked_is_remembered(store):
    store.keep(1, CODE, DOCUMENT, b"%PDF")
    store.release(1)
    assert not store.by_code(CODE).revoked
    store.revoke(1)
    assert store.is_revoked(1)
    assert store.by_code(CODE).revoked


def test_numbers_go_on_behind_the_forms(store):
    assert store.next_serial() == 1
    store.keep(5, replace(CODE, number=5), DOCUMENT, b"%PDF")
    assert store.next_serial() == 6


def test_a_directory_that_others_read_is_refused(tmp_path):
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(ConfigurationError, match="chmod 700"):
        Store(tmp_path / "open").prepare()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError):
        Store(tmp_path / "file").prepare()


def test_what_cannot_be_written_is_an_error(store):
    (store.directory / "000001.pdf.part.new").mkdir()
    with pytest.raises(CertificateError):
        store.keep(1, CODE, DOCUMENT, b"%PDF")
    with pytest.raises(CertificateError):
        store.release(1)
