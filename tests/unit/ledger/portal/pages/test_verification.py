"""核验 over HTTP: one button, and what a prosecutor reads on the first screen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ledger.portal.context import Check
from ledger.portal.pages.verification import RUNS, last_check_of
from tests.unit.ledger.evidence.site import WITNESS, make_site
from tests.unit.ledger.portal.house import GAO, Browser, House, Reply
from tests.unit.ledger.portal.proof.believers import NAME, make_log, portal, source_of
from tests.unit.ledger.portal.proof.test_words import TECHNICAL
from tests.unit.ledger.small_log import SmallLog

PAGE = "/logs/%E5%85%AC%E5%AE%89/verification"


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return make_log(tmp_path)


async def verified(house: House, browser: Browser) -> Reply:
    answer = await browser.send(PAGE, PAGE, {})
    assert (answer.status, answer.headers["Location"]) == (303, PAGE)
    await house.app[RUNS].finished(NAME)
    return await browser.get(PAGE)


def standing(page: Reply) -> str:
    return page.text.partition('data-standing="')[2].partition('"')[0]


async def test_one_button_and_the_result(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        page = await browser.get(PAGE)
        assert "尚未核验过" in page.text
        first = await verified(house, browser)
        assert f"记录完整：第 0 号至第 {log.verify().size - 1} 号" in first.text
        assert standing(first) == "warned"
        assert "没有登记见证人" in first.text
        again = await verified(house, browser)
        assert "检察院留存的副本" in again.text
        state = json.loads((await browser.get(f"{PAGE}/state")).text)
        last = state.pop("last")
        assert state == {"running": False, "done": 0, "total": 0}
        assert (last["standing"], last["code"], last["index"]) == ("warned", "intact", None)
        assert last["ended_seconds"] > 1_700_000_000
    looks = [header for header, _ in house.recorded() if header["event"] == "verify"]
    assert [look["log"] for look in looks] == [source_of(log).origin] * 2


async def test_the_first_bad_number_stands_on_the_first_screen(log: SmallLog, tmp_path: Path):
    bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"bulk-access"', b'"bulk-accesz"'))
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        page = await verified(house, browser)
        assert standing(page) == "broken"
        assert "第 8 号记录被改动" in page.text
        first_screen = page.text.partition("<details>")[0]
        assert not TECHNICAL.search(first_screen.partition("<main")[2])
        check = await last_check_of(house.app[RUNS])(NAME)
        assert isinstance(check, Check)
        assert check.good is False
        assert "第 8 号记录被改动" in (await browser.get("/")).text
        await browser.send(PAGE, "/language", {"language": "en", "here": PAGE})
        assert "Entry 8 was altered" in (await browser.get(PAGE)).text


async def test_an_end_that_is_missing_is_told(log: SmallLog, tmp_path: Path):
    shutil.copytree(log.root, tmp_path / "older")
    log.open().append(3)
    log.close()
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        await verified(house, browser)
        shutil.rmtree(log.root)
        shutil.move(tmp_path / "older", log.root)
        page = await verified(house, browser)
        assert standing(page) == "broken"
        assert "末尾缺失" in page.text
        check = await last_check_of(house.app[RUNS])(NAME)
        assert check is not None
        assert check.good is False


async def test_witnesses_and_their_age_are_shown(tmp_path: Path):
    site = make_site(tmp_path / "site", 5)
    source = source_of(site.log)
    witnesses = {NAME: (WITNESS.verifier,)}
    async with (
        portal(tmp_path / "state", [source], witnesses=witnesses) as house,
        house.signed_in() as browser,
    ):
        page = await verified(house, browser)
        assert "见证签名过期" in page.text
        assert WITNESS.name in page.text


async def test_a_log_that_is_gone_is_not_confirmed(log: SmallLog, tmp_path: Path):
    source = source_of(log)
    shutil.rmtree(log.root)
    async with portal(tmp_path / "state", [source]) as house, house.signed_in() as browser:
        assert await last_check_of(house.app[RUNS])(NAME) is None
        page = await verified(house, browser)
        assert standing(page) == "unsure"
        assert "不能确认" in page.text
        check = await last_check_of(house.app[RUNS])(NAME)
        assert check is not None
        assert check.good is None


async def test_an_auditor_may_verify_and_a_stranger_not(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house:
        async with house.browser() as stranger:
            assert (await stranger.get(PAGE)).headers["Location"] == "/sign-in"
            assert (await stranger.get(f"{PAGE}/state")).headers["Location"] == "/sign-in"
            assert (await stranger.post(PAGE, {})).status in (303, 403)
        async with house.signed_in(GAO) as auditor:
            assert (await auditor.post(PAGE, {})).status == 403
            assert standing(await verified(house, auditor)) == "warned"
            assert (await auditor.get("/logs/none/verification")).status == 404
