"""The first page: in plain words, how each log stands."""

import pytest

from ledger.portal.context import Check
from ledger.portal.logs import source_of
from ledger.portal.pages import overview
from ledger.portal.words import Words
from tests.unit.ledger.portal.house import court, house, until, until_indexed
from tests.unit.ledger.small_log import notary_keys

NEVER_SAID = ("hash", "append-only", "Merkle", "哈希", "仅追加")


async def test_without_logs_it_says_what_to_do(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        page = await lin.get("/")
        assert page.status == 200
        assert "尚未登记任何机关的记录" in page.text


async def test_a_log_is_shown_with_its_size_and_what_the_last_check_said(tmp_path):
    log, source = court(tmp_path / "court")
    checked = Check(Words("记录完整", "Record intact"), True, 0.0)

    async def check(_):
        return checked

    async with house(tmp_path / "s", [source], last_check=check) as portal, portal.signed_in() as a:
        await until_indexed(portal, 6)
        page = await a.get("/")
        assert '<p class="state good">记录完整</p>' in page.text
        assert "<dd>6</dd>" in page.text
        assert "2026-01-01 08:00:00" in page.text
        assert not any(word in page.text for word in NEVER_SAID)
        checked = Check(Words("第 3 号记录被改动", "entry 3 was altered"), False, 0.0)
        page = await a.get("/")
        assert '<section class="card bad"' in page.text
        assert "第 3 号记录被改动" in page.text
        checked = None
        assert "尚未核验" in (await a.get("/")).text
    log.close()


async def test_one_that_is_not_there_is_said_and_keeps_no_other_away(tmp_path):
    log, source = court(tmp_path / "court")
    gone = source_of(
        "police", str(tmp_path / "nowhere"), [str(notary_keys(b"x" * 32).log.verifier)]
    )
    async with house(tmp_path / "s", [gone, source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 6)

        async def said():
            return "指定的位置没有记录" in (await lin.get("/")).text

        await until(said)
        text = (await lin.get("/")).text
        assert '<section class="card bad"' in text
        assert "<dd>6</dd>" in text
    log.close()


async def test_a_log_of_another_key_is_not_relied_on(tmp_path):
    log, _ = court(tmp_path / "court")
    other = source_of("court", str(tmp_path / "court"), [str(notary_keys(b"x" * 32).log.verifier)])
    async with house(tmp_path / "s", [other]) as portal, portal.signed_in() as lin:

        async def said():
            return "不能采信" in (await lin.get("/")).text

        await until(said)
    log.close()


async def test_an_empty_log_and_one_that_is_silent(tmp_path):
    log, source = court(tmp_path / "court", count=1)
    async with house(tmp_path / "s", [source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 4)
        assert "未见心跳" in (await lin.get("/")).text
        log.close()
        await until_indexed(portal, 5)
        # Its last heartbeat says when it stopped, by the clock of the test: long ago.
        assert "已停止报告：" in (await lin.get("/")).text
        assert overview.Card("x", "", Words("", ""), 1, "", None, None).empty


@pytest.mark.parametrize(("seconds", "late"), [(None, False), (599.0, False), (601.0, True)])
def test_a_writer_is_late_after_ten_minutes(seconds, late):
    assert overview.Card("x", "", Words("", ""), 1, "", seconds, None).late is late
