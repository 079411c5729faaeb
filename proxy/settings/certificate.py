"""The section `[certificate]` of fengcun.toml: certificates, letters and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from proxy.errors import ConfigurationError
from proxy.settings.section import FilePath, Section, Text
from proxy.settings.shipped import shipped_file


class Certificate(Section):
    """Who issues, where it is kept, and how the proxy's own listener is asked."""

    organ: Annotated[str, StringConstraints(min_length=1, max_length=30, strip_whitespace=True)]
    """The organ that issues, as it is printed."""
    number_word: Annotated[str, StringConstraints(min_length=1, max_length=10)] = "证字"
    """What stands before the year and the serial, such as 示公证字."""
    directory: FilePath
    """Where forms and the last serial lie, a directory of the service's alone."""
    user: Text
    """The login that asks the proxy: a principal of the policy of kind counter or unit."""
    password_file: FilePath | None = None
    """A file with that login's password on its first line; absent where none is asked for."""
    database: Text | None = None
    """The database that is asked; by default the first of upstream.databases."""
    ca_file: FilePath | None = None
    """PEM certificates that may have signed the proxy's own, where [tls] has required = true."""
    host: Text | None = None
    """The name or address by which the proxy is asked; by default the one it listens on."""
    query_file: FilePath | None = None
    """SQL that says whether there is a conviction; by default config/certificate.sql."""
    batch_query_file: FilePath | None = None
    """The same of a number alone, for batch checks; by default config/batch.sql, and none where
    there is a `query_file`: both have to mean the same."""
    answer_every_ms: Annotated[int, Field(strict=True, ge=100, le=60_000)] = 1_000
    """A look-up is answered at a multiple of this after its beginning, and not when it is done."""
    valid_days: Annotated[int, Field(strict=True, ge=1, le=3_660)] = 180
    """How long a certificate counts."""
    verifications_per_minute: Annotated[int, Field(strict=True, ge=1, le=60_000)] = 60
    """How often one address may look at the page of verification; then it is told to wait."""

    def password(self) -> str | None:
        """The password in `password_file`. Raises `ConfigurationError`."""
        if self.password_file is None:
            return None
        return (_read(self.password_file, "password_file").splitlines() or [""])[0]

    def query(self) -> str:
        """The statement of the look-up. Raises `ConfigurationError`."""
        file = self.query_file if self.query_file is not None else shipped_file("certificate.sql")
        return _read(file, "query_file").strip()

    def batch_query(self) -> str | None:
        """The statement of batch checks; None where there is none. Raises
        `ConfigurationError`."""
        if self.batch_query_file is not None:
            return _read(self.batch_query_file, "batch_query_file").strip()
        if self.query_file is not None:
            return None
        return _read(shipped_file("batch.sql"), "batch_query_file").strip()


def _read(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"certificate.{key}: cannot read {file}") from None
