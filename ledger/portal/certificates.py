"""Certificates of people, as files."""

from __future__ import annotations

import ssl
from hashlib import sha256
from pathlib import Path

from ledger.errors import ConfigurationError


def fingerprint_in(file: Path) -> str:
    """SHA-256 of the first certificate in a PEM file, in hexadecimal.

    Raises `ConfigurationError`.
    """
    try:
        text = file.read_text(encoding="ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        return sha256(ssl.PEM_cert_to_DER_cert(text[begin:end] + "\n")).hexdigest()
    except (OSError, ValueError):
        raise ConfigurationError(f"{file} holds no certificate in PEM") from None
