"""The end point of a certificate is what RFC 5929 says, or nothing."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from proxy.wire.postgres.channel_binding import end_point
from tests.unit.proxy.server.certificate import Authority, make_certificate, subject


def test_it_is_the_digest_by_the_hash_of_the_signature(tmp_path):
    der = make_certificate(tmp_path).der
    assert end_point(der) == hashlib.sha256(der).digest()


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA384", "SHA512"])
def test_a_weak_hash_is_replaced_and_a_strong_one_kept(tmp_path, algorithm):
    der = signed(tmp_path, algorithm)
    by = "sha256" if algorithm == "SHA1" else algorithm.lower()
    assert end_point(der) == hashlib.new(by, der).digest()


def signed(directory, algorithm):
    """RSA, where the hash can be chosen freely; only its name in the certificate is looked at."""
    oids = {"SHA1": "05", "SHA256": "0b", "SHA384": "0c", "SHA512": "0d"}
    key = rsa.generate_private_key(65537, 2048)
    authority = Authority(directory, "a")
    der = authority.issue(
        "c", subject(CN="c"), key=key, by=rsa.generate_private_key(65537, 2048)
    ).der
    before, after = (
        bytes.fromhex("2a864886f70d0101" + oids[name]) for name in ("SHA256", algorithm)
    )
    assert before in der
    return der.replace(before, after)


def test_a_signature_without_a_hash_has_none(tmp_path):
    own = ed25519.Ed25519PrivateKey.generate()
    assert end_point(Authority(tmp_path, "a").issue("c", subject(CN="c"), by=own).der) is None


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"no certificate"])
def test_what_is_no_certificate_has_none(der):
    assert end_point(der) is None
