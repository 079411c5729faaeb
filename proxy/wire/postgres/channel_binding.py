"""What ties a login to the TLS connection it goes over: tls-server-end-point (RFC 5929). Pure."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes


def end_point(certificate_der: bytes) -> bytes | None:
    """The digest of the server's certificate, by the hash function of its signature and by SHA-256
    where that is MD5 or SHA-1 (section 4.1). None where the signature has no single hash function,
    as Ed25519's: RFC 5929 leaves that undefined, so nothing can be bound to such a connection.
    """
    try:
        by = x509.load_der_x509_certificate(certificate_der).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    if by is None:
        return None
    digest = hashes.Hash(hashes.SHA256() if isinstance(by, hashes.MD5 | hashes.SHA1) else by)
    digest.update(certificate_der)
    return digest.finalize()
