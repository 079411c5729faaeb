"""A file of accounts that changes under who reads it."""

import pytest

from ledger.accounts.roster import Roster, account_name
from tests.unit.ledger.accounts.people import LI, PEOPLE, WANG


def read(file):
    return {name: PEOPLE[name] for name in file.read_text().split()}


def test_it_is_read_again_when_it_changes(tmp_path):
    file = tmp_path / "accounts"
    file.write_text("li")
    roster = Roster(file, read, KeyError)
    assert roster.accounts == {"li": LI}
    file.write_text("li wang")
    roster.look()
    assert roster.accounts == {"li": LI, "wang": WANG}


def test_one_that_cannot_be_read_any_more_lets_nobody_in(tmp_path):
    file = tmp_path / "accounts"
    file.write_text("li")
    roster = Roster(file, read, KeyError)
    file.write_text("li somebody-else")
    roster.look()
    assert not roster.accounts


def test_at_the_start_it_has_to_be_readable(tmp_path):
    with pytest.raises(FileNotFoundError):
        Roster(tmp_path / "accounts", read, FileNotFoundError)


@pytest.mark.parametrize("name", ["", "a b", "x" * 33, "a/b", "a\n", "\ud800", "<b>"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ValueError, match="1 to 32"):
        account_name(name)
