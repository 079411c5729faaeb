"""`fengcun portal account`."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from ledger.accounts.codes import Codes, code_at
from ledger.portal.access import Role
from ledger.portal.accounts import ACCOUNTS_FILE, read_accounts
from ledger.portal.cli import portal_app

PASSWORD = "synthetic, and long enough"


@pytest.fixture
def run(tmp_path):
    def invoke(*arguments, given=PASSWORD):
        return CliRunner().invoke(
            portal_app, ["account", *arguments, "--state", str(tmp_path)], input=given
        )

    return invoke


def test_an_account_is_added_and_its_secret_is_shown_once(run, tmp_path):
    done = run("add", "lin", "--role", "supervisor", "--json")
    assert done.exit_code == 0, done.output
    secret = parse_qs(urlsplit(json.loads(done.output)["otpauth"]).query)["secret"][0]
    account = read_accounts(tmp_path / ACCOUNTS_FILE)["lin"]
    assert account.password.fits(PASSWORD)
    assert (account.role, account.code) == (Role.SUPERVISOR, secret)
    assert Codes(tmp_path / "codes").take("lin", secret, code_at(secret, 9), 270.0)
    listed = run("list")
    assert listed.output == "lin  supervisor\n"
    assert secret not in listed.output
    assert "otpauth://totp/Fengcun:qin?" in run("add", "qin", "--role", "chief").output


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [(("add", "lin", "--role", "chief"), PASSWORD, "--replace"),
     (("add", "LIN", "--role", "chief"), PASSWORD, "--replace"),
     (("add", "LIN", "--role", "chief", "--replace"), PASSWORD, "--replace"),
     (("add", "a b", "--role", "chief"), PASSWORD, "1 to 32"),
     (("add", "qin", "--role", "chief"), "short", "12 characters"),
     (("add", "qin", "--role", "chief", "--certificate", "/nowhere"), PASSWORD, "no certificate"),
     (("remove", "qin"), "", "no such account")],
)  # fmt: skip
def test_what_cannot_be_is_said_in_a_line_and_changes_nothing(
    run, tmp_path, arguments, given, says
):
    assert run("add", "lin", "--role", "supervisor").exit_code == 0
    before = read_accounts(tmp_path / ACCOUNTS_FILE)
    done = run(*arguments, given=given)
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output
    assert read_accounts(tmp_path / ACCOUNTS_FILE) == before


def test_one_is_replaced_with_a_new_secret_and_removed(run, tmp_path):
    run("add", "lin", "--role", "supervisor")
    before = read_accounts(tmp_path / ACCOUNTS_FILE)["lin"]
    assert run("add", "lin", "--role", "chief", "--replace").exit_code == 0
    after = read_accounts(tmp_path / ACCOUNTS_FILE)["lin"]
    assert after.code != before.code
    assert after.role is Role.CHIEF
    assert run("remove", "lin").exit_code == 0
    assert json.loads(run("list", "--json").output) == {}
