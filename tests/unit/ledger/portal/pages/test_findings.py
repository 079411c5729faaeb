"""What scans found, for whoever unlocks it."""

import json

import pytest

from ledger.chain import JudgedDraft
from ledger.fields import EntryKind, Header
from ledger.header import encode_header
from tests.unit.ledger.portal.findings.test_read import said
from tests.unit.ledger.portal.house import GAO, court, house, identity_file, until_indexed
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock


def finding(rule: str, payload: bytes) -> JudgedDraft:
    header: Header = {
        "rule": rule,
        "severity": "alarm",
        "article": "实施办法第11条",
        "observed_count": 1,
    }
    return JudgedDraft(EntryKind.FINDING, encode_header(EntryKind.FINDING, header), payload)


@pytest.fixture
def source(tmp_path):
    small, found = court(tmp_path / "court")
    assert small.sequencer is not None
    small.sequencer.commit([[
        finding("notice-not-executed", said(keys=[("old", 1)], title="旧的扫描")),
        finding("notice-not-executed", said(1, 2, [("K-<b>", 1)], title="送达超过三日（虚构）")),
        finding("notice-not-executed", said(2, 2, [("K-2", 2)], title="送达超过三日（虚构）")),
        finding("unsealed-without-ground", said(keys=[], title="没有理由的解封（虚构）")),
        finding("main-act-after", said(failed="query", found=None, title="未能执行（虚构）")),
    ]])  # fmt: skip
    yield found
    small.close()


@pytest.mark.requirement("G5")
async def test_the_last_scan_is_read_with_the_key_and_each_reading_recorded(source, tmp_path):
    key = identity_file(tmp_path)
    async with house(tmp_path / "state", [source], identity=key) as portal:
        async with portal.signed_in() as lin:
            await until_indexed(portal, 11)
            locked = await lin.get("/findings")
            assert "解锁后可见" in locked.text
            assert "notice-not-executed" in locked.text
            assert "虚构" not in locked.text
            await unlock(lin, PASSPHRASE)
            page = await lin.get("/findings")
            assert "送达超过三日（虚构）" in page.text
            assert "K-&lt;b&gt;" in page.text
            assert "K-2" in page.text
            assert "旧的扫描" not in page.text
            assert "此规则未能执行" in page.text
            assert "没有理由的解封" not in page.text
            review = await lin.get("/unsealings")
            assert "没有理由的解封（虚构）" in review.text
            assert '<p class="state good">没有</p>' in review.text
        events = [header["event"] for header, _ in portal.recorded()]
        assert events.count("findings") == 3
        assert events.count("payload") == 5


async def test_an_auditor_sees_that_there_was_a_scan_and_nothing_of_it(source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 11)
        page = await gao.get("/findings")
        assert page.status == 200
        assert "虚构" not in page.text
        assert "/unlock" not in page.text


async def test_where_there_is_no_scan_it_says_so(tmp_path):
    small, source = court(tmp_path / "court")
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 6)
        assert "尚无扫描结果" in (await lin.get("/findings")).text
    small.close()


COLUMNS = (
    *("notice_id", "cp_id", "unseal_ground", "sealed_on", "unsealed_on", "sealed_months"),
    *("decided_on", "decided_penalty", "decided_months", "terms_months", "offence_age"),
)
EXACTLY = (7, 15, "18-1", "2020-01-02", "2020-02-02", 36, "2020-03-30", "FIXED", 60, 67, 16)
UNKNOWN = (8, 16, "<i>", None, None, None, None, None, None, None, None)


def order(**header: str) -> JudgedDraft:
    return JudgedDraft(EntryKind.UNSEAL, encode_header(EntryKind.UNSEAL, header), None)


@pytest.fixture
def unsealed(tmp_path):
    small, found = court(tmp_path / "court")
    assert small.sequencer is not None
    payload = json.loads(said(keys=[EXACTLY, UNKNOWN], title="已解封（虚构）"))
    payload["columns"] = COLUMNS
    small.sequencer.commit([[
        finding("unsealed", json.dumps(payload).encode()),
        order(order="JF-1", event="ordered"),
        order(order="JF-2", authority="court.example", article="实施办法第18条", event="executed",
              person="a" * 32, document_hmac="b" * 32),
    ]])  # fmt: skip
    yield found
    small.close()


@pytest.mark.requirement("F2", "F3")
async def test_an_unsealing_is_reckoned_and_what_does_not_add_up_is_said(unsealed, tmp_path):
    key = identity_file(tmp_path)
    async with house(tmp_path / "state", [unsealed], identity=key) as portal:
        async with portal.signed_in() as lin:
            await until_indexed(portal, 9)
            locked = (await lin.get("/unsealings")).text
            assert "恰为五年" not in locked
            assert "2020-02-02" not in locked
            await unlock(lin, PASSPHRASE)
            page = (await lin.get("/unsealings")).text
            assert "60 − 60 = 0 个月，不超过五年" in page
            assert "恰为五年，五年不超过五年" in page
            assert "解封早于该裁判生效" in page
            assert "登记的理由不是实施办法第18条所列情形" in page
            assert "没有登记可用的解封日期" in page
            assert "&lt;i&gt;" in page
            assert "<i>" not in page
            assert "不超过总和 67 个月" in page
        _, (looked, _), _ = portal.recorded()[-3:]
        assert looked["event"] == "findings"


async def test_an_order_is_shown_by_its_header_to_whoever_may_see_lists(unsealed, tmp_path):
    async with house(tmp_path / "state", [unsealed]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 9)
        page = (await gao.get("/unsealings")).text
        first, second = page.split("JF-2")[1], page.split("JF-1")[1]
        assert "未见不符" in first.split("</section>")[0]
        assert "court.example" in first
        for words in ("未载明决定机关", "未载明所依据的条文", "未绑定决定文书"):
            assert words in second
            assert words not in first.split("</section>")[0]
        assert "JF-1" not in (await gao.get("/findings")).text
