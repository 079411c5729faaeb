"""What was issued, on disk: a form, what is printed on it, whether it was revoked. Blocking.

    000123.pdf        the form; its name is there once its entry in the ledger is durable
    000123.pdf.part   a form whose entry may not be
    000123.json       the code and what is printed
    000123.revoked    empty: it counts no more

Every form has the same files, whatever it says. Who may read the directory reads names and numbers.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path

from proxy.desk.certificate.code import Code
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import Document, Form
from proxy.desk.certificate.serials import (
    next_serial,
    serial_name,
    sync_directory,
    write_durably,
)
from proxy.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was issued."""

    document: Document
    revoked: bool


@dataclass(frozen=True, slots=True)
class Store:
    """The directory. Methods raise `CertificateError` ("store") where it cannot be written."""

    directory: Path

    def prepare(self) -> None:
        """Make the directory. Raises `ConfigurationError`."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            wide = self.directory.stat().st_mode & 0o077
        except OSError:
            raise ConfigurationError(
                f"certificate.directory: cannot make or read {self.directory}"
            ) from None
        if wide:
            raise ConfigurationError(
                f"certificate.directory: others may read {self.directory}: chmod 700 it"
            )

    def next_serial(self) -> int:
        """See `serials.next_serial`."""
        return next_serial(self.directory)

    def path(self, number: int) -> Path:
        """Where the form lies, once it may be given out."""
        return self.directory / f"{serial_name(number)}.pdf"

    def keep(self, number: int, code: Code, document: Document, content: bytes) -> None:
        """Before its entry: everything, under a name that is not given out."""
        said = {"code": str(code), **document.to_json()}
        try:
            write_durably(self._beside(number, "pdf.part"), content)
            text = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
            write_durably(self._beside(number, "json"), text.encode())
        except OSError:
            raise CertificateError("store") from None

    def release(self, number: int) -> Path:
        """After its entry: it may be given out."""
        try:
            path = self._beside(number, "pdf.part").replace(self.path(number))
            sync_directory(self.directory)
        except OSError:
            raise CertificateError("store") from None
        return path

    def form(self, number: int) -> bytes:
        """The PDF. Raises `CertificateError` ("unknown")."""
        try:
            return self.path(number).read_bytes()
        except FileNotFoundError:
            raise CertificateError("unknown") from None

    def revoke(self, number: int) -> None:
        """After the entry that says so."""
        try:
            write_durably(self._beside(number, "revoked"), b"")
        except OSError:
            raise CertificateError("store") from None

    def is_revoked(self, number: int) -> bool:
        """Whether it was."""
        return self._beside(number, "revoked").exists()

    def by_code(self, code: Code) -> Kept | None:
        """The form of this very code, or None: nothing tells a wrong salt from a free number."""
        try:
            text = self._beside(code.number, "json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        said = dict(json.loads(text))
        whole = hmac.compare_digest(said.pop("code"), str(code))
        if not whole or not self.path(code.number).exists():
            return None
        document = Document(**{**said, "form": Form(said["form"])})
        return Kept(document, self.is_revoked(code.number))

    def _beside(self, number: int, suffix: str) -> Path:
        return self.directory / f"{serial_name(number)}.{suffix}"
