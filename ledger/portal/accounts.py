"""Who may sign in to the portal: a TOML file of the portal's alone, one table an account.

[account.lin]
role = "supervisor"
password = "scrypt$32768$8$1$...$..."
code = "BASE32..."                        secret of the second factor (RFC 6238)
certificate = "sha256 in hexadecimal"     of the client certificate, where one is used
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.accounts.passwords import PasswordHash, parse_password_hash
from ledger.accounts.roster import account_name
from ledger.disk import replace_file
from ledger.errors import ConfigurationError
from ledger.keyfile import read_private_bytes, require_own_directory
from ledger.portal.access import Role

ACCOUNTS_FILE: Final = "accounts.toml"
ACCOUNTS_MAX: Final = 500
_FILE_BYTES_MAX: Final = 1 << 20
_HINT: Final = "make it with `fengcun portal account add`"
_SECRET: Final = re.compile(r"[A-Z2-7]{32}")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_HEADER: Final = (
    "# Accounts of the portal, written by `fengcun portal account`. 监督平台账户, 请用命令维护.\n"
)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody, as what they sign in, and with what."""

    name: str
    role: Role
    password: PasswordHash
    code: str
    """Secret of the second factor, 32 characters of Base32: 160 bits."""
    certificate: str | None = None
    """SHA-256 of the client certificate, in hexadecimal."""

    def __repr__(self) -> str:
        return f"Account({self.name!r}, {self.role})"


def read_accounts(file: Path) -> dict[str, Account]:
    """By name. Raises `ConfigurationError`, which repeats nothing of what is in the file."""
    content = read_private_bytes(file, _HINT, _FILE_BYTES_MAX)
    try:
        tables = tomllib.loads(content.decode())
        named = tables.pop("account", {})
        if tables or not isinstance(named, dict) or len(named) > ACCOUNTS_MAX:
            raise ValueError
        accounts = {name: _account(name, table) for name, table in named.items()}
    except (ValueError, TypeError, AttributeError):
        raise ConfigurationError(f"{file} is not a file of accounts: {_HINT}") from None
    certificates = [each.certificate for each in accounts.values() if each.certificate]
    looks = {name.casefold() for name in accounts}
    if len(set(certificates)) < len(certificates) or len(looks) < len(accounts):
        raise ConfigurationError(f"{file}: two accounts have one certificate, or look the same")
    return accounts


def write_accounts(file: Path, accounts: Mapping[str, Account]) -> None:
    """The whole file, mode 0600. Raises `ConfigurationError`."""
    text = _HEADER
    for name, each in sorted(accounts.items()):
        text += (
            f"\n[account.{json.dumps(name, ensure_ascii=False)}]\n"
            f'role = "{each.role}"\npassword = "{each.password}"\ncode = "{each.code}"\n'
        )
        text += f'certificate = "{each.certificate}"\n' if each.certificate else ""
    try:
        require_own_directory(file.parent)
        replace_file(file, text.encode(), mode=0o600)
    except OSError as error:
        raise ConfigurationError(f"cannot write {file}: {error.strerror}") from None


def _account(name: str, table: Mapping[str, str]) -> Account:
    """Raises ValueError, TypeError or AttributeError for what is none."""
    if account_name(name) != name or not table.keys() <= {
        "role", "password", "code", "certificate",
    }:  # fmt: skip
        raise ValueError
    certificate = table.get("certificate")
    code = table.get("code", "")
    if not _SECRET.fullmatch(code):
        raise ValueError
    if certificate is not None and not _FINGERPRINT.fullmatch(certificate):
        raise ValueError
    password = parse_password_hash(table.get("password", ""))
    return Account(name, Role(table.get("role", "")), password, code, certificate)
