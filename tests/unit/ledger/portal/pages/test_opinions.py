"""Opinions over HTTP: from the draft to the end, by who may."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.portal.beijing import day_of
from tests.unit.ledger.portal.house import GAO, LIN, QIN, court, house, identity_file, until_indexed
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock

TEXT = "请说明<script>alert(1)</script>第7号记录（虚构）"


@pytest.fixture
def source(tmp_path):
    small, found = court(tmp_path / "court")
    yield found
    small.close()


def today() -> date:
    return day_of(datetime.now(UTC))


async def drafted(browser):
    answer = await browser.send(
        "/opinions/new?log=court&entries=3,4",
        "/opinions/new",
        {"log": "court", "entries": "3-4", "text": TEXT},
    )
    assert answer.status == 303, answer.text
    return answer.headers["Location"]


@pytest.mark.requirement("G4")
async def test_from_the_draft_to_the_end_by_supervisor_and_chief(source, tmp_path):
    key = identity_file(tmp_path)
    async with house(tmp_path / "state", [source], identity=key) as portal:
        async with portal.signed_in(LIN) as lin, portal.signed_in(QIN) as qin:
            await until_indexed(portal, 6)
            new = await lin.get("/opinions/new?log=court&entries=3,4")
            assert 'value="3,4"' in new.text
            place = await drafted(lin)
            assert re.fullmatch(r"/opinions/\d{4}-1", place)
            mine, chiefs = await lin.get(place), await qin.get(place)
            assert 'value="issued"' not in mine.text
            assert 'value="issued"' in chiefs.text
            assert "虚构" not in mine.text
            assert "正文已加密" in mine.text
            due = (today() + timedelta(15)).isoformat()
            step = {"step": "issued", "due": due, "text": ""}
            assert (await lin.send(place, place, step)).status == 403
            assert (await qin.send(place, place, {**step, "due": ""})).status == 409
            assert (await qin.send(place, place, {**step, "due": "soon"})).status == 400
            assert (await qin.send(place, place, step)).status == 303
            early = await lin.send(place, place, {"step": "urged"})
            assert early.status == 409
            assert "答复期限未满" in early.text
            reply = {"step": "replied", "result": "accepted", "text": "已整改（虚构）"}
            assert (await lin.send(place, place, reply)).status == 303
            assert (await lin.send(place, place, {"step": "closed"})).status == 303
            listed = await lin.get("/opinions")
            assert "办结（采纳）" in listed.text
            await unlock(lin, PASSPHRASE)
            whole = await lin.get(place)
            assert "&lt;script&gt;" in whole.text
            assert "<script>alert" not in whole.text
            assert "已整改（虚构）" in whole.text
            assert 'name="step"' not in whole.text
        events = [header["event"] for header, _ in portal.recorded()]
        assert events.count("payload") >= 3


async def test_an_auditor_reads_and_changes_nothing(source, tmp_path):
    async with (
        house(tmp_path / "state", [source]) as portal,
        portal.signed_in(LIN) as lin,
        portal.signed_in(GAO) as gao,
    ):
        await until_indexed(portal, 6)
        place = await drafted(lin)
        page = await gao.get(place)
        assert page.status == 200
        assert 'name="step"' not in page.text
        assert "/pack" not in page.text
        assert (await gao.get("/opinions/new")).status == 403
        token = (await gao.get("/opinions")).hidden("form_token")
        refused = await gao.post(place, {"form_token": token, "step": "withdrawn"})
        assert refused.status == 403


@pytest.mark.parametrize(
    "form",
    [
        {"log": "nowhere", "entries": "3", "text": "x"},
        {"log": "court", "entries": "", "text": "x"},
        {"log": "court", "entries": "x", "text": "x"},
        {"log": "court", "entries": "3", "text": "  "},
        {"log": "court", "entries": "3", "text": "x" * 20_001},
        {"log": "court", "entries": "0-256", "text": "x"},
        {"log": "court", "entries": "6", "text": "x"},
    ],
)
async def test_a_draft_that_lacks_something_is_refused(form, source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 6)
        answer = await lin.send("/opinions/new", "/opinions/new", form)
        assert answer.status in (400, 409)
        assert "尚无纠正意见" in (await lin.get("/opinions")).text


async def test_an_opinion_that_is_not_there(source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in() as lin:
        assert (await lin.get("/opinions/2026-99")).status == 404
        assert "没有该编号的意见" in (await lin.get("/opinions/%3Cscript%3E")).text
