"""Files that are for the service alone, kept as the ledger keeps its keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.disk import replace_file
from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.keyfile import read_private_bytes, require_own_directory
from proxy.errors import ConfigurationError


def read_private_file(path: Path, hint: str, bytes_max: int) -> bytes:
    """What is in it, if nobody else can read or replace it. Raises `ConfigurationError`."""
    with _our_errors():
        return read_private_bytes(path, hint, bytes_max)


def write_private_file(path: Path, data: bytes) -> None:
    """The whole file, mode 0600, or the one before. Raises `ConfigurationError`."""
    with _our_errors():
        try:
            require_own_directory(path.parent)
            replace_file(path, data, mode=0o600)
        except OSError as error:
            raise ConfigurationError(f"cannot write {path}: {error.strerror}") from None


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from None
