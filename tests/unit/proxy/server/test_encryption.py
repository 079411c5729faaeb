"""The files of the table [tls]: used as they are meant, or the service does not start."""

import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from proxy.errors import ConfigurationError
from tests.unit.proxy.server.certificate import Authority, make_certificate, subject


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "clients")


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path)


def test_nobody_is_asked_for_a_certificate_by_default(certificate):
    tls = certificate.client_tls()
    assert not tls.required
    assert tls.context.verify_mode is ssl.CERT_NONE
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("how", "mode"), [("optional", ssl.CERT_OPTIONAL), ("required", ssl.CERT_REQUIRED)]
)
def test_who_is_asked_is_verified(certificate, authority, how, mode):
    tls = certificate.client_tls(
        client_certificates=how, client_ca_file=authority.file, required=True,
        client_crl_file=authority.revoke(), minimum_version="1.3",
    )  # fmt: skip
    assert tls.required
    assert tls.context.verify_mode is mode
    assert tls.context.verify_flags & ssl.VERIFY_CRL_CHECK_CHAIN
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("broken", ["certificate_file", "key_file", "client_ca_file", "crl"])
def test_a_file_that_cannot_be_used_is_named(certificate, authority, tmp_path, broken):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing of the sort\n")
    key = "client_crl_file" if broken == "crl" else broken
    files = {"client_ca_file": authority.file, "client_crl_file": authority.revoke(), key: wrong}
    with pytest.raises(ConfigurationError, match=r"wrong\.pem"):
        certificate.client_tls(client_certificates="optional", **files)


def test_a_certificate_is_no_revocation_list(certificate, authority):
    with pytest.raises(ConfigurationError, match="no revocation list"):
        certificate.client_tls(
            client_certificates="optional", client_ca_file=authority.file,
            client_crl_file=authority.file,
        )  # fmt: skip


def test_a_key_that_needs_a_password_is_refused_and_nobody_asked(authority, certificate):
    key = serialization.load_pem_private_key(certificate.key_file.read_bytes(), None)
    certificate.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"synthetic"),
        )
    )
    with pytest.raises(ConfigurationError):
        certificate.client_tls()


def test_a_key_of_another_certificate_is_refused(authority, certificate):
    other = authority.issue("other", subject(CN="other"))
    with pytest.raises(ConfigurationError):
        certificate.client_tls(key_file=other.key_file)
