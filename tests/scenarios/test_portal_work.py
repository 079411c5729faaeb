"""What a chief prosecutor does at the portal, in a real browser and both languages: from a lead to
an opinion that is served, the scans, and the figures of the year."""

import asyncio

import pytest

from tests.scenarios.chromium import PROGRAM, browsing
from tests.scenarios.test_portal import PASSPHRASE, PASSWORD, Portal
from tests.unit.ledger.portal.findings.test_read import said
from tests.unit.ledger.portal.pages.test_findings import finding

COUNT = 12
SINCE = "since=2026-01-01&until=2099-12-31"


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="chromium is not installed: apt-get install chromium")
async def test_from_a_lead_to_an_opinion_that_is_served(tmp_path):
    portal = Portal(tmp_path, "qin", "chief", COUNT)
    assert portal.log.sequencer is not None
    scan = said(1, 1, [("K-7", 1)], title="送达超过三日（虚构）")
    portal.log.sequencer.commit([[finding("notice-not-executed", scan)]])
    process = await portal.start()
    try:
        async with browsing(tmp_path) as page:
            await sign_in(page, portal)
            await an_opinion_from_a_lead(page, portal, tmp_path)
            await the_last_scan(page, portal, tmp_path)
            await the_year(page, portal, tmp_path)
            await in_english(page, portal, tmp_path)
    finally:
        process.terminate()
        assert await process.wait() == 0
        portal.log.close()


async def sign_in(page, portal):
    await page.go(f"{portal.url}/", "#password")
    await page.fill("name", "qin")
    await page.fill("password", PASSWORD)
    await page.fill("code", portal.code())
    await page.value("document.querySelector('form[action=\"/sign-in\"]').submit()")
    await page.until("document.querySelector('h1').textContent.includes('各机关记录总览')")
    async with asyncio.timeout(60):
        while await page.value("document.querySelector('.card dd').textContent") != str(COUNT + 4):
            await page.go(f"{portal.url}/?", ".card dd")


async def an_opinion_from_a_lead(page, portal, pictures):
    await page.go(f"{portal.url}/leads?{SINCE}", "tbody tr")
    assert "查询未载明案号" in await page.value("document.querySelector('tbody').textContent")
    await page.picture(pictures / "leads.png")
    await page.value("document.querySelector('tbody a[href^=\"/opinions/new\"]').click()")
    await page.until("document.getElementById('draft') !== null")
    entries = await page.value("document.getElementById('entries').value")
    assert len(entries.split(",")) == COUNT
    await page.fill("text", "请说明上述查询为何未载明案号（虚构）")
    await page.value("document.getElementById('draft').click()")
    await page.until("location.pathname.endsWith('-1')")
    assert "请说明" not in await page.value("document.body.textContent")
    await page.value("document.querySelector('input[value=issued]').click()")
    await page.value("document.getElementById('due').value = '2099-12-31'")
    await page.value("document.getElementById('take').click()")
    await page.until("document.body.textContent.includes('待答复，2099-12-31 前')")
    await page.picture(pictures / "opinion.png")


async def the_last_scan(page, portal, pictures):
    await page.go(f"{portal.url}/findings", "main a[href^='/unlock']")
    await page.value("document.querySelector('main a[href^=\"/unlock\"]').click()")
    await page.until("document.getElementById('passphrase') !== null")
    await page.fill("passphrase", PASSPHRASE)
    await page.press("Enter")
    await page.until("location.pathname === '/findings'")
    await page.until("document.body.textContent.includes('送达超过三日（虚构）')")
    assert "K-7" in await page.value("document.querySelector('details').textContent")
    await page.picture(pictures / "findings.png")
    # What was encrypted a minute ago is read by the key of this session.
    await page.go(f"{portal.url}/opinions", "tbody a")
    await page.value("document.querySelector('tbody a').click()")
    await page.until("document.body.textContent.includes('请说明上述查询为何未载明案号')")


async def the_year(page, portal, pictures):
    await page.go(f"{portal.url}/statistics?{SINCE}", "#sheet")
    rows = await page.value("[...document.querySelectorAll('tr')].map(r => r.innerText).join('|')")
    assert f"访问请求\t{COUNT}" in rows
    assert "送达纠正意见\t1" in rows
    await page.picture(pictures / "statistics.png")


async def in_english(page, portal, pictures):
    await page.value("document.querySelector('button[name=language]').click()")
    await page.until("document.documentElement.lang === 'en'")
    for path, words in (
        (f"/leads?{SINCE}", "No case was named"),
        ("/opinions", "a reply is due by 2099-12-31"),
        ("/findings", "Not sealed that ought to be"),
        ("/unsealings", "Unsealings"),
        (f"/statistics?{SINCE}", "Certificates of no record"),
    ):
        await page.go(f"{portal.url}{path}", "main h1")
        assert words in await page.value("document.body.innerText")
        for width in (1280, 820):
            await page.call("Emulation.setDeviceMetricsOverride", width=width, height=1000,
                            deviceScaleFactor=1, mobile=False)  # fmt: skip
            assert await page.value("document.documentElement.scrollWidth <= innerWidth"), path
        await page.picture(pictures / f"english-{path.strip('/').partition('?')[0]}.png")
