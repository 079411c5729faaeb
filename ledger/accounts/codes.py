"""The second factor: codes that a telephone shows for thirty seconds (RFC 6238, RFC 4226).

A code is good once. What was used last is kept in a file, so that it is not good again after a
restart either.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from ledger.disk import replace_file
from ledger.errors import ConfigurationError
from ledger.keyfile import read_private_bytes

STEP_SECONDS: Final = 30
DIGITS: Final = 6
_SECRET_BYTES: Final = 20
_DRIFT_STEPS: Final = 1
_FILE_BYTES_MAX: Final = 1 << 20


def new_secret() -> str:
    """160 bits in Base32, as RFC 4226 section 4 recommends."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """The code of a time step: Unix seconds / 30."""
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def enrolment(secret: str, name: str, issuer: str) -> str:
    """The URI that an authenticator reads, most often from a QR code."""
    return _totp(secret).get_provisioning_uri(name, issuer)


def _totp(secret: str) -> TOTP:
    """SHA-1, which every authenticator knows: RFC 4226 asks nothing of it that it has lost."""
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303


class Codes:
    """Which were used. Any thread; blocks until what it says is durable."""

    def __init__(self, file: Path) -> None:
        """Raises `ConfigurationError` for a file that cannot be read: codes may be used again."""
        self._file = file
        self._lock = threading.Lock()
        self._last: dict[str, int] = _read(file) if file.exists() else {}

    def take(self, name: str, secret: str, code: str, now: float) -> bool:
        """Whether this is a code of now, one step early or late, that was not used before.

        Nor is one good that is older than the last that was used. Raises `OSError`.
        """
        step = int(now) // STEP_SECONDS
        given = code.encode("utf-8", "surrogatepass")
        good = [
            each
            for each in range(max(0, step - _DRIFT_STEPS), step + _DRIFT_STEPS + 1)
            if hmac.compare_digest(code_at(secret, each).encode(), given)
        ]
        with self._lock:
            if not good or good[0] <= self._last.get(name, -1):
                return False
            last = {**self._last, name: good[0]}
            replace_file(self._file, json.dumps(last).encode(), mode=0o600)
            self._last = last
            return True


def _read(file: Path) -> dict[str, int]:
    content = read_private_bytes(file, "it says which codes were used", _FILE_BYTES_MAX)
    try:
        found = json.loads(content)
        if not isinstance(found, dict) or not all(type(each) is int for each in found.values()):
            raise ValueError
    except ValueError:
        raise ConfigurationError(
            f"{file} is damaged: delete it a minute after the portal was stopped"
        ) from None
    return found
