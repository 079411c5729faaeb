"""`fengcun permit batch` against a desk that is served by the real thing."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from proxy.cli.batch import LOOK_SECONDS
from proxy.cli.desk_client import DeskRefused
from proxy.cli.main import app
from proxy.errors import ConfigurationError
from tests.unit.proxy.desk.counter import APPROVER, BATCH, CLERK, OTHER, PERSON, ListGate, Site
from tests.unit.proxy.desk.front.house import PASSWORD, open_house


@pytest.fixture
def gate():
    return ListGate(OTHER)


@pytest.fixture
async def typed(tmp_path, monkeypatch, gate):
    """Types as an officer; the command runs in a thread, as the desk is in this one."""
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    monkeypatch.setenv("FENGCUN_OFFICER_PASSWORD_FILE", str(secret))
    async with open_house(Site(tmp_path), tmp_path, gate=gate) as house:
        monkeypatch.setenv("FENGCUN_DESK_URL", house.base)

        async def run(*arguments, officer=CLERK):
            monkeypatch.setenv("FENGCUN_OFFICER", officer.name)
            return await asyncio.to_thread(CliRunner().invoke, app, ["permit", *arguments])

        run.house = house
        run.number = await house.applied(BATCH)
        await house.api(APPROVER, "POST", f"/applications/{run.number}/grant")
        yield run


@pytest.mark.requirement("D11")
async def test_the_answers_as_text_json_and_csv(typed, gate):
    done = await typed("batch", typed.number)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"{PERSON}  无 / no record to report", f"{OTHER}  有 / has a record to report",
        "共 2 人 / in all",
    ]  # fmt: skip
    found = json.loads((await typed("batch", typed.number, "--json")).stdout)
    assert [each["answer"] for each in found["answers"]] == ["no-record", "record"]
    file = (await typed("batch", typed.number, "--csv")).stdout_bytes.decode("utf-8-sig")
    assert f"{OTHER},有 / has a record to report\r\n" in file
    # One check, given three times.
    assert len(gate.asked) == 2
    done = await typed("batch", typed.number, "--run", "2")
    assert (done.exit_code, len(gate.asked)) == (0, 4)


async def test_how_far_it_is_is_told_beside_the_answers(typed, gate):
    gate.goes_on.clear()
    running = asyncio.create_task(typed("batch", typed.number, "--csv"))
    await asyncio.sleep(2 * LOOK_SECONDS)
    gate.goes_on.set()
    done = await running
    assert "已查 0 / 2 人" in done.stderr
    assert "已查" not in done.stdout


async def test_what_failed_is_an_error_and_says_that_nothing_was_counted(typed, gate):
    gate.fails_after = 0
    done = await typed("batch", typed.number)
    assert isinstance(done.exception, DeskRefused)
    assert "(database)" in str(done.exception)
    assert "重新进行" in str(done.exception)
    assert done.stdout == ""
    gate.fails_after = None
    assert (await typed("batch", typed.number)).exit_code == 0
    # A second that fails is no error of the first.
    gate.fails_after = 0
    assert isinstance((await typed("batch", typed.number, "--run", "2")).exception, DeskRefused)
    assert (await typed("batch", typed.number)).exit_code == 0


async def test_wrong_usage(typed):
    done = await typed("batch", typed.number, "--csv", "--json")
    assert isinstance(done.exception, ConfigurationError)
    assert isinstance((await typed("batch", "../x")).exception, ConfigurationError)
    assert (await typed("batch", typed.number, "--run", "0")).exit_code == 2
    done = await typed("batch", typed.number, officer=APPROVER)
    assert "(role)" in str(done.exception)
