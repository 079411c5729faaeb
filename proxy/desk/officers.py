"""Who may work at the desk: a TOML file of the service's alone, one table an officer.

    [officer.lin]
    roles = ["clerk"]
    password = "scrypt$32768$8$1$...$..."

It is read again when it changes. A file that has become unreadable lets nobody in: who was taken
off it must not stay because of a mistake elsewhere in it.
"""

from __future__ import annotations

import json
import logging
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from proxy.desk.model import Officer, Role
from proxy.desk.passwords import PasswordHash, hash_password, parse_password_hash
from proxy.desk.rules import one_name
from proxy.errors import ConfigurationError
from proxy.record.private import read_private_file, write_private_file
from proxy.settings.problems import parse_document, validated
from proxy.settings.section import Section

OFFICERS_MAX: Final = 500
_FILE_BYTES_MAX: Final = 1 << 20
_NAME: Final = re.compile(r"[\w.-]{1,32}")
_HINT: Final = "make it with `fengcun desk officer add`"
_HEADER: Final = (
    "# Officers of the desk, written by `fengcun desk officer`. 查询窗口工作人员, 请用命令维护.\n"
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """An officer and what is kept of their password."""

    officer: Officer
    password: PasswordHash


Accounts = Mapping[str, Account]
"""By name, in NFC."""


def officer_name(written: str) -> str:
    """The name as it is kept. Raises ValueError for what is none."""
    name = unicodedata.normalize("NFC", written)
    if not _NAME.fullmatch(name):
        raise ValueError("a name has 1 to 32 letters, digits, dots, hyphens and underscores")
    return name


def _hash(text: str) -> str:
    parse_password_hash(text)
    return text


_Name = Annotated[str, AfterValidator(officer_name)]


class _OfficerTable(Section):
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    password: Annotated[str, AfterValidator(_hash)]


class _OfficersFile(Section):
    officer: dict[Annotated[str, AfterValidator(officer_name)], _OfficerTable] = Field(
        default_factory=dict
    )


def read_officers(file: Path) -> dict[str, Account]:
    """Raises `ConfigurationError`, which repeats nothing of what is in the file."""
    content = read_private_file(file, _HINT, _FILE_BYTES_MAX)
    tables = validated(parse_document(file, content), _OfficersFile).officer
    if len(tables) > OFFICERS_MAX:
        raise ConfigurationError(f"{file} names more than {OFFICERS_MAX} officers")
    if len({one_name(name) for name in tables}) < len(tables):
        raise ConfigurationError(f"{file} names two officers that look the same")
    return {
        name: Account(Officer(name, frozenset(table.roles)), parse_password_hash(table.password))
        for name, table in tables.items()
    }


def write_officers(file: Path, accounts: Accounts) -> None:
    """The whole file, mode 0600. Raises `ConfigurationError`."""
    text = _HEADER
    for name, account in sorted(accounts.items()):
        roles = ", ".join(sorted(f'"{role.value}"' for role in account.officer.roles))
        quoted = json.dumps(name, ensure_ascii=False)
        text += f'\n[officer.{quoted}]\nroles = [{roles}]\npassword = "{account.password}"\n'
    write_private_file(file, text.encode())


class Roster:
    """The officers of one file, as it is now. `look` reads files: not for the event loop."""

    def __init__(self, file: Path) -> None:
        """Raises `ConfigurationError`."""
        self._file = file
        self._stamp = _stamp(file)
        self.accounts: Accounts = read_officers(file)
        # So that a name that is not there costs what one costs that is.
        self.nobody = hash_password(os.urandom(32).hex())

    def look(self) -> None:
        """Read the file again if it is another one than before."""
        stamp = _stamp(self._file)
        if stamp == self._stamp:
            return
        try:
            self.accounts = read_officers(self._file)
            _log.info("the desk's officers were read again")
        except ConfigurationError:
            self.accounts = {}
            _log.error("the desk's officers cannot be read: nobody is let in to the desk")
        self._stamp = stamp


def _stamp(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
