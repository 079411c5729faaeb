"""The file of accounts."""

import contextlib
import stat
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts.codes import new_secret
from ledger.errors import ConfigurationError
from ledger.portal.accounts import Account, read_accounts, write_accounts
from tests.unit.ledger.portal.house import HASH, LIN, PEOPLE, QIN

GOOD = f'role = "chief"\npassword = "{HASH}"\ncode = "{new_secret()}"\n'


def test_what_is_written_is_read_again_and_is_for_the_portal_alone(tmp_path):
    file = tmp_path / "accounts.toml"
    people = {**PEOPLE, "王": replace(LIN, name="王", certificate="ab" * 32)}
    write_accounts(file, people)
    assert read_accounts(file) == people
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_accounts(file)


@pytest.mark.parametrize(
    "text",
    ["nonsense", "more = 1", "account = 1", "[account]\na = 1", "[account.'a b']\n" + GOOD,
     "[account.a]\n" + GOOD + "admin = true\n", "[account.a]\n" + GOOD.replace("chief", "root"),
     "[account.a]\n" + GOOD.replace("scrypt", "plain"), "[account.a]\nrole = 'chief'\n",
     "[account.a]\n" + GOOD + "certificate = 'AB'\n", "[account.a]\n" + GOOD + "certificate = 1\n",
     f"[account.a]\n{GOOD}code = 1\n", f"[account.a]\n{GOOD}[account.A]\n{GOOD}",
     f"[account.a]\n{GOOD.split('code')[0]}code = 'SECRETINCLEAR'\n"],
)  # fmt: skip
def test_a_file_that_is_wrong_is_refused_and_not_quoted(tmp_path, text):
    file = tmp_path / "accounts.toml"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        read_accounts(file)
    assert "SECRET" not in str(caught.value)
    assert "scrypt" not in str(caught.value)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("any") / "accounts.toml"
    file.write_bytes(data)
    file.chmod(0o600)
    with contextlib.suppress(ConfigurationError):
        assert read_accounts(file) == {}


def test_two_accounts_with_one_certificate_are_refused(tmp_path):
    file = tmp_path / "accounts.toml"
    shown = {each.name: replace(each, certificate="ab" * 32) for each in (LIN, QIN)}
    write_accounts(file, shown)
    with pytest.raises(ConfigurationError, match="one certificate"):
        read_accounts(file)


def test_an_account_is_shown_without_its_secrets():
    shown = repr(Account("lin", LIN.role, HASH, LIN.code))
    assert LIN.code not in shown
    assert "scrypt" not in shown
