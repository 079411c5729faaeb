"""The portal as a prosecutor works with it: the real command, and a real browser, in both
languages."""

import asyncio
import subprocess
import time

import pytest

from ledger.accounts.codes import STEP_SECONDS, code_at
from ledger.portal.accounts import ACCOUNTS_FILE, read_accounts
from tests.scenarios.chromium import PROGRAM, browsing
from tests.scenarios.service import FENGCUN, ROOT
from tests.unit.ledger.portal.house import PERSON, court, identity_file
from tests.unit.ledger.small_log import identities
from tests.world import free_port

PASSWORD, PASSPHRASE = "synthetic, and long enough", "synthetic words here"
# The first screen has none of these: a prosecutor reads what is so, not how it is made.
NOT_ON_THE_FIRST_SCREEN = ("hash", "append-only", "rewrite", "哈希", "改写")


class Portal:
    """`fengcun portal` with one log, one account and the key of a recipient."""

    def __init__(self, home, name="lin", role="supervisor", count=3):
        self.home, self.state = home, home / "state"
        self.log, self.source = court(home / "court", count)
        (home / "court.vkey").write_text(str(self.log.keys.log.verifier))
        for each in identities():
            (home / f"{each.name}.pub").write_text(str(each.recipient))
        recipients = [f"--recipient={home / each.name}.pub" for each in identities()]
        self.command("create", "--origin", "procuratorate.example/portal", "--force-filesystem",
                     *recipients)  # fmt: skip
        self.command("account", "add", name, "--role", role, given=PASSWORD)
        self.account = read_accounts(self.state / ACCOUNTS_FILE)[name]
        self.identity = identity_file(home / "keys", PASSPHRASE.encode())
        self.url = f"http://127.0.0.1:{free_port()}"

    def command(self, *arguments, given=None):
        subprocess.run(
            [*FENGCUN, "portal", *arguments, "--state", str(self.state)], cwd=ROOT, input=given,
            text=True, check=True, capture_output=True,
        )  # fmt: skip

    async def start(self):
        process = await asyncio.create_subprocess_exec(
            *FENGCUN, "portal", "--log", f"法院={self.home / 'court'}",
            "--key", f"法院={self.home / 'court.vkey'}", "--state", str(self.state),
            "--listen", self.url.removeprefix("http://"), "--identity", str(self.identity),
            cwd=ROOT, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        async with asyncio.timeout(60):
            assert self.url in (await process.stderr.readline()).decode()
        return process

    def code(self):
        return code_at(self.account.code, int(time.time()) // STEP_SECONDS)


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="chromium is not installed: apt-get install chromium")
async def test_a_prosecutor_signs_in_looks_for_one_person_and_signs_out(tmp_path):
    portal = Portal(tmp_path)
    process = await portal.start()
    try:
        async with browsing(tmp_path) as page:
            await in_chinese(page, portal, tmp_path)
            await in_english(page, portal, tmp_path)
    finally:
        process.terminate()
        assert await process.wait() == 0
        portal.log.close()


async def in_chinese(page, portal, pictures):
    await page.go(f"{portal.url}/", "#password")
    assert await page.value("document.documentElement.lang") == "zh-CN"
    # By the keyboard alone; the page puts the cursor into the first field.
    await page.until("document.activeElement.id === 'name'")
    for text in ("lin", PASSWORD, portal.code()):
        await page.call("Input.insertText", text=text)
        await page.press("Tab" if text != portal.code() else "Enter")
    await page.until("document.querySelector('h1').textContent.includes('各机关记录总览')")
    async with asyncio.timeout(60):
        while await page.value("document.querySelector('.card dd').textContent") != "6":
            await page.go(f"{portal.url}/?", ".card dd")
    first = await page.value("document.body.innerText")
    assert "法院" in first
    assert "尚未核验" in first
    assert not any(word in first for word in NOT_ON_THE_FIRST_SCREEN)
    await page.picture(pictures / "overview.png")
    await look_for_a_person(page, portal, pictures)
    await follow(page, portal)
    await no_script_but_ours(page)


async def look_for_a_person(page, portal, pictures):
    await page.go(f"{portal.url}/person", "main a.button")
    await page.value("document.querySelector('main a.button').click()")
    await page.until("document.getElementById('passphrase') !== null")
    await page.fill("passphrase", PASSPHRASE)
    await page.press("Enter")
    await page.until("document.getElementById('number') !== null")
    await page.fill("number", PERSON)
    await page.picture(pictures / "person.png")
    await page.press("Enter")
    await page.until("location.pathname === '/entries'")
    await page.until("document.querySelectorAll('tbody tr').length === 1")
    assert PERSON not in await page.value("location.href + document.documentElement.outerHTML")
    await page.picture(pictures / "entries.png")


async def follow(page, portal):
    await page.go(f"{portal.url}/live", "#rows")
    await page.until("document.getElementById('status').textContent.includes('已连接')")
    await asyncio.to_thread(portal.log.append, 1)
    await page.until("document.querySelectorAll('#rows tr').length === 1")
    assert "法院" in await page.value("document.querySelector('#rows tr').textContent")


async def no_script_but_ours(page):
    await page.value("""(() => { const s = document.createElement('script');
        s.textContent = 'window.evil = 1'; document.body.append(s); })()""")
    assert await page.value("window.evil === undefined")
    assert await page.value("document.cookie") == ""


async def in_english(page, portal, pictures):
    await page.go(f"{portal.url}/entries", "main form")
    await page.value("document.querySelector('button[name=language]').click()")
    await page.until("document.documentElement.lang === 'en'")
    # It comes back to where it was.
    assert await page.value("location.pathname") == "/entries"
    await page.fill("kind", "decision")
    await page.value("document.getElementById('filter').click()")
    await page.until("document.querySelectorAll('tbody tr').length === 4")
    assert "Sealed rows withheld" in await page.value("document.querySelector('tbody').textContent")
    # On a tablet nothing is wider than the screen.
    for width in (1280, 820):
        await page.call("Emulation.setDeviceMetricsOverride", width=width, height=1000,
                        deviceScaleFactor=1, mobile=False)  # fmt: skip
        assert await page.value("document.documentElement.scrollWidth <= innerWidth")
        await page.picture(pictures / f"english-{width}.png")
    await page.value("document.querySelector('form[action=\"/sign-out\"] button').click()")
    await page.until("document.getElementById('password') !== null")
    assert "Sign in" in await page.value("document.querySelector('h1').textContent")
    await page.go(f"{portal.url}/entries", "#password")
