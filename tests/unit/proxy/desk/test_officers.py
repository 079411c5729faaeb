"""The file of officers: who may be in it, and who may read it."""

import os
import stat

import pytest

from ledger.accounts.roster import account_name
from proxy.desk.officers import Roster, read_officers, write_officers
from proxy.errors import ConfigurationError
from tests.unit.proxy.desk.front.house import ACCOUNTS, HASH

GOOD = f'roles = ["clerk"]\npassword = "{HASH}"\n'


@pytest.fixture
def file(tmp_path):
    return tmp_path / "officers.toml"


def test_what_is_written_is_read_again_and_is_the_services_alone(file):
    write_officers(file, ACCOUNTS)
    assert read_officers(file) == ACCOUNTS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(file, mode):
    write_officers(file, ACCOUNTS)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_officers(file)


def test_a_file_of_somebody_else_is_refused(file):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    write_officers(file, ACCOUNTS)
    os.chown(file, 12345, -1)
    with pytest.raises(ConfigurationError, match="belongs to user 12345"):
        read_officers(file)


def test_a_directory_that_others_can_change_is_refused(file):
    write_officers(file, ACCOUNTS)
    file.parent.chmod(0o777)
    with pytest.raises(ConfigurationError, match="can be changed by others"):
        read_officers(file)
    with pytest.raises(ConfigurationError, match="can be changed by others"):
        write_officers(file, ACCOUNTS)


@pytest.mark.parametrize(
    "text",
    ["[officer.a]\n" + GOOD + "more = 1\n", "[officer.a]\nroles = []\n" + GOOD.split("\n", 1)[1],
     "[officer.a]\nroles = ['chief']\n" + GOOD.split("\n", 1)[1], "[officer.'a b']\n" + GOOD,
     "[officer.a]\nroles = ['clerk']\npassword = 'secret-in-clear'\n", "not toml",
     f"[officer.a]\n{GOOD}[officer.A]\n{GOOD}", f"[officer.a]\n{GOOD}[officer.ａ]\n{GOOD}"],
)  # fmt: skip
def test_a_file_that_is_wrong_is_refused_and_not_quoted(file, text):
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError) as caught:
        read_officers(file)
    assert "secret-in-clear" not in str(caught.value)
    assert HASH.salt.hex() not in str(caught.value)


def test_a_file_that_is_not_there_says_how_to_make_it(file):
    with pytest.raises(ConfigurationError, match="fengcun desk officer add"):
        read_officers(file)


@pytest.mark.parametrize("name", ["", "a b", "a\n", "../x", "x" * 33, "a/b", "<b>", 'a"'])
def test_what_is_no_name(name):
    with pytest.raises(ValueError, match="a name has"):
        account_name(name)


def test_a_name_may_be_chinese():
    assert account_name("李四") == "李四"


def test_the_file_is_read_again_when_it_changes_and_lets_nobody_in_when_it_is_broken(file):
    write_officers(file, ACCOUNTS)
    roster = Roster(file)
    fewer = dict(list(ACCOUNTS.items())[1:])
    write_officers(file, fewer)
    roster.look()
    assert roster.accounts == fewer
    file.write_text("not toml")
    roster.look()
    assert roster.accounts == {}
    write_officers(file, ACCOUNTS)
    roster.look()
    assert roster.accounts == ACCOUNTS
    file.unlink()
    roster.look()
    assert roster.accounts == {}
