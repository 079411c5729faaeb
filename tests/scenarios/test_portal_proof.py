"""核验 and the check of one entry in a real browser, under the portal's own content policy."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from ledger.portal.pages.entry import place_of
from tests.scenarios.chromium import PROGRAM, Page, browsing
from tests.seeds import seed_of
from tests.unit.ledger.portal.house import LIN, PASSWORD, House
from tests.unit.ledger.portal.proof.believers import NAME, make_log, portal, source_of
from tests.unit.ledger.portal.proof.browser_check import Given, by_python, given_of
from tests.unit.ledger.small_log import notary_keys

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM, reason="chromium is not installed: apt-get install chromium"),
]
RESULT = "document.getElementById('browser').dataset.result"


async def sign_in(page: Page, house: House) -> None:
    async with house.browser() as codes:
        code = codes.code(LIN)
    await page.go(f"{house.base}/sign-in", "#password")
    for field, text in (("name", LIN.name), ("password", PASSWORD), ("code", code)):
        await page.fill(field, text)
    await page.press("Enter")
    await page.until("document.querySelector('.who span') !== null")


async def test_the_button_is_pressed_and_the_result_comes_by_itself(tmp_path: Path):
    log = make_log(tmp_path)
    async with (
        portal(tmp_path / "state", [source_of(log)]) as house,
        browsing(tmp_path) as page,
    ):
        await sign_in(page, house)
        await page.go(f"{house.base}/logs/{NAME}/verification", "main form button")
        await page.value("document.querySelector('main form button').click()")
        await page.until("document.querySelector('[data-standing]') !== null")
        shown = "document.querySelector('[data-standing] .state')"
        assert "记录完整：第 0 号至第" in await page.value(f"{shown}.textContent")
        # Within the first screen.
        assert await page.value(f"{shown}.getBoundingClientRect().bottom < innerHeight / 2")
        await page.picture(tmp_path / "intact.png")
        bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
        bundle.write_bytes(bundle.read_bytes().replace(b'"bulk-access"', b'"bulk-accesz"'))
        await page.value("document.querySelector('main form button').click()")
        await page.until("document.querySelector('[data-standing=broken]') !== null")
        assert "第 8 号记录被改动" in await page.value(f"{shown}.textContent")
        assert await page.value(f"{shown}.getBoundingClientRect().bottom < innerHeight / 2")
        await page.picture(tmp_path / "broken.png")
        await page.value("document.querySelector('button[lang=en]').click()")
        await page.until("document.documentElement.lang === 'en'")
        await page.until(f"{shown}?.textContent === 'Entry 8 was altered'")


async def pressed(page: Page) -> str:
    """What the browser's own check comes to."""
    await page.until("document.readyState === 'complete'")  # its scripts, too
    await page.value("document.getElementById('check').click()")
    await page.until(f"{RESULT} !== undefined")
    return str(await page.value(RESULT))


async def test_an_entry_is_checked_in_the_browser_itself(tmp_path: Path):
    log = make_log(tmp_path)
    source = source_of(log)
    async with (
        portal(tmp_path / "state", [source]) as house,
        browsing(tmp_path) as page,
    ):
        await sign_in(page, house)
        await page.go(house.base + place_of(source, 5), "#check")
        assert await pressed(page) == "good"
        passed = "document.querySelectorAll('#steps li.passed').length"
        assert await page.value(passed) == 4
        assert "第 5 号记录没有改动" in await page.value(
            "document.getElementById('result').textContent"
        )
        await page.picture(tmp_path / "checked.png")
        # Another key in place of the registered one.
        other = str(notary_keys(b"o" * 32).log.verifier)
        await page.fill("keys", other)
        assert await pressed(page) == "bad"
        await page.fill("keys", "")
        assert await pressed(page) == "bad"
        await page.fill("keys", str(source.keys[0]))
        assert await pressed(page) == "good"
        # The receipt of another entry, no receipt, and what is none.
        for answer in ("other", "null", "'x'"):
            await page.value(
                f"""(() => {{ const real = window.realFetch ??= window.fetch;
                window.fetch = async (url, given) => {{
                  const answer = await (await real("{place_of(source, 6)}/receipts")).json();
                  if ({json.dumps(answer)} !== "other") answer.receipt = {answer};
                  return {{ ok: true, json: async () => answer }}; }}; }})()"""
                if answer != "other"
                else f"""(() => {{ const real = window.realFetch ??= window.fetch;
                window.fetch = () => real("{place_of(source, 6)}/receipts"); }})()"""
            )
            assert await pressed(page) == "bad", answer
        await page.value("window.fetch = async () => { throw new Error(); }, 0")
        assert await pressed(page) == "unread"
        await page.value("window.fetch = window.realFetch, 0")
        # A browser that has no Ed25519, and one whose Ed25519 says yes to everything.
        await page.value(
            "window.realImport = crypto.subtle.importKey.bind(crypto.subtle),"
            "crypto.subtle.importKey = async () => { throw new Error('none'); }, 0"
        )
        assert await pressed(page) == "unable"
        await page.value("crypto.subtle.importKey = window.realImport, 0")
        await page.value("crypto.subtle.verify = async () => true, 0")
        assert await pressed(page) == "unable"
        assert "不能确认" in await page.value("document.getElementById('result').textContent")
        await page.value("document.querySelector('button[lang=en]').click()")
        await page.until("document.documentElement.lang === 'en'")
        assert await pressed(page) == "good"
        assert "entry 5 is unaltered" in await page.value(
            "document.getElementById('result').textContent"
        )


_CHECK_ALL = """(() => { window.told = null;
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  import('/static/check.js').then(async ({ checkReceipt }) => {
    const told = [];
    for (const each of %s) {
      try {
        const found = await checkReceipt(bytes(each.receipt), each.history.map(bytes), each.keys);
        told.push(String(found.index));
      } catch { told.push(null); }
    }
    window.told = told; }); })()"""


async def test_each_byte_that_was_changed_is_refused_in_the_browser(tmp_path: Path):
    log = make_log(tmp_path)
    source = source_of(log)
    given = given_of(log.root, source.keys, 5)
    random = Random(seed_of(__name__))
    cases = [given]
    for at in range(0, len(given.receipt), 2):
        changed = bytearray(given.receipt)
        changed[at] ^= 1 << random.randrange(8)
        cases.append(given.with_receipt(bytes(changed)))
    for at in range(0, len(given.history[0]), 9):
        changed = bytearray(given.history[0])
        changed[at] ^= 1 << random.randrange(8)
        cases.append(Given(given.receipt, (bytes(changed),), given.keys))
    async with (
        portal(tmp_path / "state", [source]) as house,
        browsing(tmp_path) as page,
    ):
        await page.go(f"{house.base}/sign-in", "#password")
        await page.value(_CHECK_ALL % json.dumps([case.as_json() for case in cases]))
        await page.until("window.told !== null")
        told = await page.value("window.told")
    expected = [by_python(case) for case in cases]
    assert told == [None if each is None else each["index"] for each in expected]
    assert told[0] == "5"
    assert set(told[1:]) == {None}
