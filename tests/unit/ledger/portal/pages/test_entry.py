"""一次访问的全貌 over HTTP: with the key, without it, and of what was tampered with."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from ledger.evidence.receipt import check_receipt
from ledger.portal.pages.entry import place_of
from tests.unit.ledger.portal.house import GAO, Browser, Reply, until_indexed
from tests.unit.ledger.portal.proof.believers import (
    HOSTILE,
    PASSPHRASE,
    make_log,
    portal,
    source_of,
)
from tests.unit.ledger.small_log import SmallLog

LOG = "/logs/%E5%85%AC%E5%AE%89"
WORDS = {"bulk-access": "请写明查询对象"}


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return make_log(tmp_path)


async def unlock(browser: Browser) -> None:
    answer = await browser.send("/unlock", "/unlock", {"passphrase": PASSPHRASE})
    assert answer.status == 303, answer.text


async def entry(browser: Browser, index: int) -> Reply:
    page = await browser.get(f"{LOG}/entries/{index}")
    assert page.status == 200, page.text
    return page


async def test_without_the_key_it_shows_what_the_log_says(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        page = await entry(browser, 5)
        for said in (
            *("已隐去封存内容", "刑事诉讼法 286", "background-check-platform"),
            *("依查询许可提供", "P2026-7", "返回 3 行", "教师法 14", "内容已加密"),
        ):
            assert said in page.text, said
        assert "SELECT" not in page.text
        assert 'href="6"' in page.text
        assert 'href="7"' in page.text
    (look,) = [header for header, _ in house.recorded() if header["event"] == "entry"]
    assert isinstance(look["entries"], list)
    assert {"5", "3", "4", "6", "7"} <= set(look["entries"])


async def test_with_the_key_the_statement_is_shown_and_cannot_act(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        await unlock(browser)
        page = await entry(browser, 5)
        assert "SELECT name" in page.text
        assert "\nFROM cases" in page.text
        assert "&lt;script&gt;" in page.text
        assert "<script>document" not in page.text
        assert "<img" not in page.text
        assert "\u202e" not in page.text
        assert "\x1b" not in page.text
        assert "110101" in page.text
        assert "0xff" in page.text
        assert "NULL" in page.text
        assert "与账本中的假名相符" in page.text
        assert "不符" not in page.text
    looks = [header for header, _ in house.recorded() if header["event"] == "payload"]
    assert ["5"] in [look["entries"] for look in looks]
    assert not any(HOSTILE in json.dumps(detail) for _, detail in house.recorded())


async def test_a_payload_that_contradicts_the_log_is_told(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        await unlock(browser)
        page = await entry(browser, 9)
        assert "解密的内容与账本中的假名不符" in page.text


async def test_what_an_application_says_of_itself_is_marked(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        await unlock(browser)
        text = (await entry(browser, 5)).text
    row = text[text.index("应用自报名称") :].partition("</tr>")[0]
    assert "应用自称" in row
    row = text[text.index('scope="row">法律依据') :].partition("</tr>")[0]
    assert "账本所载" in row


async def test_a_refusal_is_told_in_the_words_of_the_policy(log: SmallLog, tmp_path: Path):
    async with (
        portal(tmp_path / "state", [source_of(log)], rule_words=WORDS) as house,
        house.signed_in() as browser,
    ):
        page = await entry(browser, 8)
        assert "拒绝" in page.text
        assert WORDS["bulk-access"] in page.text
        assert "没有找到结果" in page.text


async def test_each_kind_of_entry_has_its_page(log: SmallLog, tmp_path: Path):
    size = log.verify().size
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        await unlock(browser)
        for index in range(size):
            page = await entry(browser, index)
            assert 'data-standing="proved"' in page.text
            assert "<script>document" not in page.text
        await browser.send("/", "/language", {"language": "en", "here": "/"})
        for index in range(size):
            assert 'data-standing="proved"' in (await entry(browser, index)).text
        assert "The decision it belongs to" in (await entry(browser, 7)).text
        missing = await browser.get(f"{LOG}/entries/{size}")
        assert missing.status == 404
        for wrong in ("-1", "05", "1e1", "x", "9" * 16, "%EF%BC%95"):
            assert (await browser.get(f"{LOG}/entries/{wrong}")).status == 404


async def test_an_entry_that_was_altered_is_not_shown(log: SmallLog, tmp_path: Path):
    bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"rows_count":3', b'"rows_count":0'))
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        page = await entry(browser, 7)
        assert "第 7 号记录不能通过核验" in page.text
        assert "返回" not in page.text.partition("<main")[2]
        neighbour = await entry(browser, 5)
        assert 'data-standing="proved"' in neighbour.text
        assert "相关的第 7 号记录不能通过核验" in neighbour.text
        answer = await browser.get(f"{LOG}/entries/7/receipts")
        assert (answer.status, json.loads(answer.text)) == (502, {"receipt": None})


async def test_a_log_that_cannot_be_read_confirms_nothing(log: SmallLog, tmp_path: Path):
    (log.root / "checkpoint").write_bytes(b"x\n\n")
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as browser:
        page = await browser.get(f"{LOG}/entries/5")
        assert page.status == 502
        assert "不能确认" in page.text


async def test_the_receipts_are_what_the_ledgers_own_check_takes(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house:
        async with house.signed_in() as browser:
            given = json.loads((await browser.get(f"{LOG}/entries/5/receipts")).text)
        async with house.browser() as stranger:
            assert (await stranger.get(f"{LOG}/entries/5/receipts")).status == 303
    history = [each.encode() for each in given["history"]]
    found = check_receipt(given["receipt"].encode(), source_of(log).keys, history=history)
    assert (found.index, found.signer) == (5, log.keys.entry.verifier)


async def test_an_auditor_sees_no_payload_and_exports_nothing(log: SmallLog, tmp_path: Path):
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in(GAO) as gao:
        page = await entry(gao, 5)
        assert "SELECT" not in page.text
        answer = await gao.send(place_of(source_of(log), 5), f"{LOG}/pack", {"entries": "5"})
        assert answer.status == 403


async def test_an_opinion_starts_at_its_entry_and_is_found_there(log: SmallLog, tmp_path: Path):
    async with (
        portal(tmp_path / "state", [source_of(log)]) as house,
        house.signed_in() as lin,
        house.signed_in(GAO) as gao,
    ):
        await until_indexed(house, 9, "公安")
        page = await entry(lin, 5)
        section = page.text.partition('id="opinions"')[2].partition("</section>")[0]
        assert "没有。" in section
        button = f"/opinions/new?log={quote('公安')}&amp;entries=5"
        assert f'href="{button}"' in section
        form = await lin.get(button.replace("&amp;", "&"))
        assert '<option value="公安" selected>' in form.text
        assert 'name="entries" value="5"' in form.text
        draft = {"log": "公安", "entries": "5 7", "text": "虚构"}
        answer = await lin.send("/opinions/new", "/opinions/new", draft)
        for index, browser in ((5, lin), (7, gao)):
            page = await entry(browser, index)
            section = page.text.partition('id="opinions"')[2].partition("</section>")[0]
            assert f'href="{answer.headers["Location"]}"' in section
            assert "起草" in section
            assert "虚构" not in section
        assert "/opinions/new" not in section
        page = await entry(lin, 6)
        assert answer.headers["Location"] not in page.text


async def test_an_entry_that_was_altered_can_be_asked_about(log: SmallLog, tmp_path: Path):
    bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"rows_count":3', b'"rows_count":0'))
    async with portal(tmp_path / "state", [source_of(log)]) as house, house.signed_in() as lin:
        page = await entry(lin, 7)
        assert 'data-standing="broken"' in page.text
        assert "entries=7" in page.text
