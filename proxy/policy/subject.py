"""The subject of a certificate as one text, by which a policy can name its holder. Pure.

The text is that of RFC 4514 with everything special escaped, so two subjects have the same text
only if they have the same attributes in the same order. It is compared as it is, letter case
included: RFC 5280 (section 7.1) would take more subjects for equal, and none of them shall match
by being like another.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509


def subject_text(name: x509.Name) -> str:
    """``CN=desk,O=agency``. What has several values is a set (X.501, 9.2): sorted."""
    parts = ("+".join(sorted(value.rfc4514_string() for value in part)) for part in name.rdns)
    return ",".join(reversed(list(parts)))


def subject_as_written(written: str) -> str:
    """The text for a subject that somebody wrote down by RFC 4514. Raises ValueError."""
    try:
        text = subject_text(x509.Name.from_rfc4514_string(written))
    except ValueError:
        raise ValueError('expected a subject by RFC 4514, such as "CN=desk,O=agency"') from None
    if not text:
        raise ValueError("an empty subject names nobody")
    return text


def subject_of(certificate_der: bytes, now: datetime) -> str:
    """The text for the subject of a certificate that was verified, perhaps in an earlier handshake:
    TLS 1.2 takes sessions up again. Raises ValueError where it cannot be read or has ended since.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    if now > certificate.not_valid_after_utc:
        raise ValueError("the certificate has expired")
    return subject_text(certificate.subject)
