"""`fengcun permit` against a desk that is served by the real thing."""

import asyncio
import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from proxy.cli.desk_client import DeskRefused
from proxy.cli.main import app
from proxy.errors import ConfigurationError
from tests.unit.proxy.desk.counter import APPROVER, CASE, CLERK, PERSON, Site
from tests.unit.proxy.desk.front.house import PASSWORD, as_json, open_house


@pytest.fixture
async def typed(tmp_path, monkeypatch):
    """Types as an officer; the command runs in a thread, as the desk is in this one."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    monkeypatch.setenv("FENGCUN_OFFICER_PASSWORD_FILE", str(secret))
    async with open_house(Site(tmp_path), tmp_path) as house:
        monkeypatch.setenv("FENGCUN_DESK_URL", house.base)

        async def run(officer, *arguments, given=None):
            monkeypatch.setenv("FENGCUN_OFFICER", officer.name)
            command = ["permit", *arguments]
            return await asyncio.to_thread(CliRunner().invoke, app, command, input=given)

        run.house = house
        run.home = tmp_path
        yield run


async def test_from_receipt_to_the_end(typed):
    file = typed.home / "application.json"
    file.write_text(json.dumps(as_json(CASE)), encoding="utf-8")
    done = await typed(CLERK, "apply", "--file", str(file), "--json")
    assert done.exit_code == 0, done.output
    number = json.loads(done.output)["number"]
    shown = await typed(APPROVER, "show", number)
    assert "state: received" in shown.output
    assert f"  subjects: {PERSON}" in shown.output
    assert "state: granted" in (await typed(APPROVER, "grant", number)).output
    listed = await typed(CLERK, "list", "--state", "granted")
    assert number in listed.output
    assert "共 1 件" in listed.output
    assert PERSON not in listed.output
    assert json.loads((await typed(CLERK, "list", "--json")).output)["total"] == 1
    revoked = await typed(APPROVER, "revoke", number, "--reason", "supervision", "--json")
    assert json.loads(revoked.output)["reason"] == "supervision"
    assert typed.house.desk.permits() == ()


async def test_from_standard_input_and_refused(typed):
    given = json.dumps(as_json(CASE))
    done = await typed(CLERK, "apply", "--file", "-", "--json", given=given)
    number = json.loads(done.output)["number"]
    await typed(APPROVER, "refuse", number, "--ground", "mismatch")
    paper = await typed(CLERK, "show", number, "--refusal")
    assert "不许可查询决定书" in paper.output


@pytest.mark.requirement("G1")
async def test_the_undertaking_is_there_before_anything_is_applied_for(typed):
    paper = await typed(CLERK, "undertaking")
    assert "保密义务告知" in paper.output
    assert json.loads((await typed(CLERK, "undertaking", "--json")).output).keys() == {
        "undertaking"
    }


async def test_what_the_desk_says_is_said_in_both_languages(typed):
    wrong = json.dumps({**as_json(CASE), "handler_identity": "999999198001010012"})
    done = await typed(CLERK, "apply", "--file", "-", given=wrong)
    assert isinstance(done.exception, DeskRefused)
    text = str(done.exception)
    assert "证件号码校验位不正确" in text
    assert "handler_identity" in text
    assert "999999198001010012" not in text
    done = await typed(CLERK, "grant", "xk-20260302-aaaaaaaaaa")
    assert "(role)" in str(done.exception)


async def test_wrong_usage_is_told_from_a_desk_that_says_no(typed, monkeypatch):
    for arguments in (
        ("show", "../../x"), ("show", "XK/1"), ("apply", "--file", "/nowhere/at/all"),
        ("list", "--url", "ftp://desk"), ("list", "--url", "http://desk.example:8432"),
        ("list", "--url", "https://li:secret@desk"), ("list", "--ca-file", "/nowhere"),
        ("list", "--url", "http://[::1"),
    ):  # fmt: skip
        done = await typed(CLERK, *arguments)
        assert isinstance(done.exception, ConfigurationError), arguments
    assert (await typed(CLERK, "refuse", "xk-1", "--ground", "because")).exit_code == 2
    done = await typed(CLERK, "list", "--url", "http://127.0.0.1:1")
    assert isinstance(done.exception, DeskRefused)
    monkeypatch.delenv("FENGCUN_OFFICER_PASSWORD_FILE")
    done = await typed(CLERK, "list")
    assert isinstance(done.exception, ConfigurationError)
    assert "FENGCUN_OFFICER_PASSWORD_FILE" in str(done.exception)


async def test_what_a_terminal_would_act_on_is_not_printed(typed):
    number = await typed.house.applied(CASE)
    dossier = typed.house.desk.dossier(number)
    evil = replace(dossier, application=replace(dossier.application, unit="x\x1b]0;y\x07"))
    typed.house.desk._dossiers[number] = evil
    assert "\x1b" not in (await typed(CLERK, "list")).output
    assert "\x1b" not in (await typed(CLERK, "show", number)).output
