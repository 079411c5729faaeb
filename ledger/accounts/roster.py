"""The accounts of one file, as it is now.

It is read again when it changes. A file that has become unreadable lets nobody in: who was taken
off it must not stay because of a mistake elsewhere in it.
"""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from ledger.accounts.passwords import PasswordHash, hash_password

_NAME: Final = re.compile(r"[\w.-]{1,32}")
_log = logging.getLogger(__name__)


class Account(Protocol):
    """Somebody, and what is kept of their password."""

    @property
    def name(self) -> str: ...

    @property
    def password(self) -> PasswordHash: ...


A = TypeVar("A", bound=Account)


def account_name(written: str) -> str:
    """The name as it is kept, in NFC. Raises ValueError for what is none."""
    name = unicodedata.normalize("NFC", written)
    if not _NAME.fullmatch(name):
        raise ValueError("a name has 1 to 32 letters, digits, dots, hyphens and underscores")
    return name


class Roster(Generic[A]):
    """`accounts` is by name. `look` reads files: not for the event loop."""

    def __init__(
        self, file: Path, read: Callable[[Path], Mapping[str, A]], unreadable: type[Exception]
    ) -> None:
        """Raises `unreadable`, as `read` does."""
        self._file = file
        self._read = read
        self._unreadable = unreadable
        self._stamp = _stamp(file)
        self.accounts: Mapping[str, A] = read(file)
        # So that a name that is not there costs what one costs that is.
        self.nobody = hash_password(os.urandom(32).hex())

    def look(self) -> None:
        """Read the file again if it is another one than before."""
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        try:
            self.accounts = self._read(self._file)
            _log.info("the accounts were read again")
        except self._unreadable:
            self.accounts = MappingProxyType({})
            _log.error("the accounts cannot be read: nobody is let in")
        self._stamp = stamp


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
