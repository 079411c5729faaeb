"""`fengcun desk officer`, as it is typed."""

import json
import stat

import pytest
from typer.testing import CliRunner

from proxy.cli.main import app
from proxy.desk.model import Role
from proxy.desk.officers import read_officers
from proxy.errors import ConfigurationError

PASSWORD = "synthetic, long enough"
SETTINGS = """\
[upstream]
host = "127.0.0.1"
databases = ["agency"]
catalogue_user = "fengcun"
[ledger]
directory = "log"
keys = "keys"
origin = "test.example/desk"
[policy]
file = "policy.toml"
[desk]
agency = "合成市公安局"
directory = "desk"
"""


@pytest.fixture
def run(tmp_path):
    config = tmp_path / "fengcun.toml"
    config.write_text(SETTINGS + 'officers_file = "officers.toml"\n', encoding="utf-8")

    def typed(*arguments, given=PASSWORD + "\n"):
        command = ["desk", "officer", *arguments, "--config", str(config)]
        return CliRunner().invoke(app, command, input=given)

    typed.file = tmp_path / "officers.toml"
    typed.config = config
    return typed


def test_an_officer_is_added_listed_and_removed(run):
    done = run("add", "李四", "--role", "clerk", "--role", "approver")
    assert (done.exit_code, PASSWORD in done.output) == (0, False)
    assert stat.S_IMODE(run.file.stat().st_mode) == 0o600
    assert PASSWORD not in run.file.read_text()
    account = read_officers(run.file)["李四"]
    assert account.officer.roles == frozenset(Role)
    assert account.password.fits(PASSWORD)
    assert "李四  approver, clerk" in run("list").output
    assert json.loads(run("list", "--json").output) == {"李四": ["approver", "clerk"]}
    assert run("remove", "李四").exit_code == 0
    assert read_officers(run.file) == {}


@pytest.mark.parametrize("given", ["short\n", "", "\n", "a" * 30 + "\n", "line one is\nand two\n"])
def test_a_bad_password_writes_nothing(run, given):
    done = run("add", "li", "--role", "clerk", given=given)
    assert isinstance(done.exception, ConfigurationError)
    assert not run.file.exists()


@pytest.mark.parametrize("name", ["../li", "a b", ""])
def test_a_bad_name_writes_nothing(run, name):
    assert isinstance(run("add", name, "--role", "clerk").exception, ConfigurationError)
    assert not run.file.exists()


def test_nobody_is_replaced_by_accident_nor_joined_by_a_double(run):
    run("add", "li", "--role", "clerk")
    before = run.file.read_text()
    for name, more in (("li", ()), ("LI", ()), ("ｌi", ("--replace",))):
        assert isinstance(run("add", name, "--role", "clerk", *more).exception, ConfigurationError)
    assert run.file.read_text() == before
    assert run("add", "li", "--role", "approver", "--replace", given="another, longer one\n")
    account = read_officers(run.file)["li"]
    assert account.officer.roles == {Role.APPROVER}
    assert account.password.fits("another, longer one")


def test_who_is_not_there_cannot_be_removed(run):
    run("add", "li", "--role", "clerk")
    assert isinstance(run("remove", "wang").exception, ConfigurationError)


def test_a_role_is_needed_and_known(run):
    assert run("add", "li").exit_code == 2
    assert run("add", "li", "--role", "chief").exit_code == 2


def test_without_the_key_it_says_which(run):
    run.config.write_text(SETTINGS, encoding="utf-8")
    done = run("list")
    assert "desk.officers_file" in str(done.exception)
