"""Who may work at the desk: a TOML file of the service's alone, one table an officer.

[officer.lin]
roles = ["clerk"]
password = "scrypt$32768$8$1$...$..."
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from ledger.accounts import roster
from ledger.accounts.passwords import PasswordHash, parse_password_hash
from ledger.accounts.roster import account_name
from proxy.desk.model import Officer, Role
from proxy.desk.rules import one_name
from proxy.errors import ConfigurationError
from proxy.record.private import read_private_file, write_private_file
from proxy.settings.problems import parse_document, validated
from proxy.settings.section import Section

OFFICERS_MAX: Final = 500
_FILE_BYTES_MAX: Final = 1 << 20
_HINT: Final = "make it with `fengcun desk officer add`"
_HEADER: Final = (
    "# Officers of the desk, written by `fengcun desk officer`. 查询窗口工作人员, 请用命令维护.\n"
)


@dataclass(frozen=True, slots=True)
class Account:
    """An officer and what is kept of their password."""

    officer: Officer
    password: PasswordHash

    @property
    def name(self) -> str:
        """Their login."""
        return self.officer.name


Accounts = Mapping[str, Account]
"""By name, in NFC."""


def _hash(text: str) -> str:
    parse_password_hash(text)
    return text


_Name = Annotated[str, AfterValidator(account_name)]


class _OfficerTable(Section):
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    password: Annotated[str, AfterValidator(_hash)]


class _OfficersFile(Section):
    officer: dict[Annotated[str, AfterValidator(account_name)], _OfficerTable] = Field(
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


class Roster(roster.Roster[Account]):
    """The officers of one file, as it is now. `look` reads files: not for the event loop."""

    def __init__(self, file: Path) -> None:
        """Raises `ConfigurationError`."""
        super().__init__(file, read_officers, ConfigurationError)
