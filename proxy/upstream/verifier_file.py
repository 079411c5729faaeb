"""The verifiers by which the proxy checks passwords, from a file of the administrator's.

One user a line, ``name:SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>``, what is behind
the name as in ``pg_authid.rolpassword``; empty lines and those that begin with ``#`` say nothing.
A verifier is not a password, but whoever has it can try passwords against it without end: the file
is for the service alone.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import Path
from typing import Final

from proxy.errors import ConfigurationError
from proxy.wire.postgres.scram import Verifier, mock_verifier, parse_verifier

_BEGINS: Final = ":SCRAM-SHA-256$"
_ITERATIONS: Final = 4096
_BYTES_MAX: Final = 16 << 20


class VerifierFile:
    """What was in the file when it was read. Raises `ConfigurationError`, which quotes nothing."""

    def __init__(self, file: Path, mock_secret: bytes) -> None:
        self._mock_secret = mock_secret
        self._verifiers = _parsed(file, _read(file))
        found = Counter(verifier.iterations for verifier in self._verifiers.values())
        # As most have, so that who has none is not told apart.
        self._iterations = max(found, key=lambda n: found[n]) if found else _ITERATIONS

    async def of(self, user: str) -> Verifier:
        """The verifier of a user, or what looks like one."""
        mock = mock_verifier(self._mock_secret, user, self._iterations)
        return self._verifiers.get(user, mock)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            _require_private(file, found)
            content = opened.read(_BYTES_MAX + 1)
        if len(content) > _BYTES_MAX:
            raise ConfigurationError(f"login.verifier_file: {file} is larger than 16 MiB")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"login.verifier_file: cannot read {file}") from None


def _require_private(file: Path, found: os.stat_result) -> None:
    """As libpq asks it of a key: nobody but the service, or its group where root owns the file."""
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"login.verifier_file: {file} is not a file")
    shared = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP
    if found.st_uid != 0:
        shared |= stat.S_IRWXG
    if found.st_mode & shared:
        raise ConfigurationError(
            f"login.verifier_file: others can read or change {file}; set its mode to 0600, or to"
            " 0640 where root owns it"
        )


def _parsed(file: Path, text: str) -> dict[str, Verifier]:
    verifiers: dict[str, Verifier] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.removesuffix("\r")
        if not line or line.startswith("#"):
            continue
        user, begins, rest = line.rpartition(_BEGINS)
        try:
            if not user:
                raise ValueError
            verifier = parse_verifier(begins[1:] + rest)
        except ValueError:
            raise ConfigurationError(
                f"login.verifier_file: line {number} of {file} is not user:SCRAM-SHA-256$..."
            ) from None
        if user in verifiers:
            raise ConfigurationError(
                f"login.verifier_file: line {number} of {file} names a user for the second time"
            )
        verifiers[user] = verifier
    return verifiers
