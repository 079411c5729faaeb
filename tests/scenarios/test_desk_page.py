"""The counter as it is worked at: the real service, its commands, and a real browser."""

import json
import os
import subprocess
from contextlib import contextmanager

import pytest

from tests.scenarios.chromium import PROGRAM, browsing
from tests.scenarios.service import FENGCUN, ROOT, install, started, until_it_answers
from tests.world import free_port

PASSWORD = "synthetic, long enough"
AGENCY = "合成市公安局"
# Nobody's: there is no region 999999.
PERSON, HANDLER = "999999200001010011", "999999198001010011"
APPLICATION = {
    "agency": AGENCY, "principal": "query-desk", "standing": "unit", "unit": "合成律师协会",
    "letter": "合律函〔2026〕1号", "handler_name": "合成经办人", "handler_identity": HANDLER,
    "subjects": [PERSON], "purpose": "statutory-check", "basis": "lawyers",
    "reason": "申请律师执业审核", "use": "仅用于本次执业审核", "scope": "conviction",
    "valid_days": 10, "undertaking_sha256": "ab" * 32,
}  # fmt: skip
OFFICERS = {"clerk-li": "clerk", "chief-wang": "approver"}


@pytest.fixture(scope="module")
def desk(agency, tmp_path_factory):
    with served(agency, tmp_path_factory.mktemp("desk")) as served_there:
        yield served_there


@contextmanager
def served(agency, home, *, policy=None):
    """The service with a desk and two officers; its page's address, its site."""
    port = free_port()
    lines = (
        f'agency = "{AGENCY}"', 'directory = "desk"', 'officers_file = "officers.toml"',
        f"port = {port}",
    )  # fmt: skip
    site = install(agency, home)
    if policy is not None:
        site.policy.write_text(policy, encoding="utf-8")
    for line in lines:
        site.set("desk", line)
    for name, role in OFFICERS.items():
        command = [*FENGCUN, "desk", "officer", "add", name, "--role", role]
        subprocess.run(
            [*command, "--config", str(site.config)], cwd=ROOT, input=PASSWORD, text=True,
            check=True,
        )  # fmt: skip
    with started(site) as service:
        until_it_answers(port, service.process)
        yield f"http://127.0.0.1:{port}", site
        assert service.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()


def permit(url, site, officer, *arguments, given=None, secret=PASSWORD):
    file = site.home / "password"
    file.write_text(secret)
    file.chmod(0o600)
    environment = {
        **os.environ, "FENGCUN_DESK_URL": url, "FENGCUN_OFFICER": officer,
        "FENGCUN_OFFICER_PASSWORD_FILE": str(file),
    }  # fmt: skip
    return subprocess.run(
        [*FENGCUN, "permit", *arguments], cwd=ROOT, env=environment, input=given, text=True,
        capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.database
@pytest.mark.slow
def test_a_permit_by_commands_is_in_the_ledger_and_names_nobody_in_the_log(desk):
    url, site = desk
    given = json.dumps(APPLICATION)
    done = permit(url, site, "clerk-li", "apply", "--file", "-", "--json", given=given)
    assert done.returncode == 0, done.stderr
    number = json.loads(done.stdout)["number"]
    own = permit(url, site, "clerk-li", "grant", number)
    assert (own.returncode, "(role)" in own.stderr) == (1, True)
    assert permit(url, site, "chief-wang", "grant", number).returncode == 0
    wrong = permit(url, site, "clerk-li", "list", "--url", "gopher://desk")
    assert wrong.returncode == 2
    entries = site.entries("permit")
    assert [each["header"]["event"] for each in entries if each["header"]["permit"] == number] == [
        "received", "granted",
    ]  # fmt: skip
    log = site.errors.read_text(encoding="utf-8")
    for secret in (PERSON, HANDLER, "合成经办人", "合成律师协会", "clerk-li", PASSWORD):
        assert secret not in log


@pytest.mark.database
@pytest.mark.slow
def test_failed_logins_are_in_the_ledger_when_the_service_has_stopped(agency, tmp_path):
    with served(agency, tmp_path) as (url, site):
        done = permit(url, site, "clerk-li", "list", secret="wrong, and long enough")
        assert (done.returncode, "(not-logged-in)" in done.stderr) == (1, True)
    (finding,) = site.entries("finding")
    assert finding["header"]["rule"] == "desk-login-refused"
    assert finding["header"]["observed_count"] == 1


@pytest.mark.database
@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="chromium is not installed: apt-get install chromium")
async def test_at_the_counter_one_takes_in_and_another_grants(desk, tmp_path):
    url, _ = desk
    async with browsing(tmp_path) as clerk:
        await log_in(clerk, url, "clerk-li")
        await clerk.go(f"{url}/applications/new", "#undertaking_sha256")
        for name, value in APPLICATION.items():
            await clerk.fill(name, "\n".join(value) if isinstance(value, list) else str(value))
        await clerk.picture(tmp_path / "apply.png")
        await clerk.value("document.querySelector('main form button').click()")
        await clerk.until("/^.applications.xk-/.test(location.pathname)")
        await clerk.until("document.querySelector('h1').textContent.includes('待审批')")
        place = await clerk.value("location.pathname")
        assert await clerk.value("document.getElementById('grant')") is None
        # No script of the page's could have run, and none of another's can.
        assert await clerk.value("document.scripts.length") == 0
        await clerk.value("""(() => { const s = document.createElement('script');
            s.textContent = 'window.evil = 1'; document.body.append(s); })()""")
        assert await clerk.value("window.evil === undefined")
        assert await clerk.value("document.cookie") == ""
    async with browsing(tmp_path / "second") as approver:
        await log_in(approver, url, "chief-wang")
        await approver.go(url + place, "#grant")
        await approver.picture(tmp_path / "decide.png")
        # By the keyboard alone.
        await approver.value("document.getElementById('grant').focus()")
        await approver.press("Enter")
        await approver.until("document.querySelector('h1').textContent.includes('已许可')")
        await approver.go(f"{url}/?state=granted", "tbody")
        number = place.rpartition("/")[2]
        row = f"document.querySelector('a[href=\"{place}\"]').closest('tr').textContent"
        assert number in (text := await approver.value(row))
        assert "已许可" in text
        await approver.picture(tmp_path / "register.png")


async def log_in(page, url, officer):
    await page.go(f"{url}/", "#officer")
    # The page puts the cursor there by itself.
    await page.until("document.activeElement.id === 'officer'")
    await page.call("Input.insertText", text=officer)
    await page.press("Tab")
    await page.call("Input.insertText", text=PASSWORD)
    await page.press("Enter")
    await page.until("document.querySelector('h1').textContent.includes('登记簿')")
