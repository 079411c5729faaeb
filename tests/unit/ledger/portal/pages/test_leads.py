"""The page of leads over a real log."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from ledger.portal.pages.leads import _day_before
from tests.unit.ledger.portal.house import GAO, court, house, until_indexed

DAY = "since=2026-01-01&until=2026-01-02"


@pytest.fixture
def log(tmp_path):
    small, source = court(tmp_path / "court", count=5)
    yield source
    small.close()


async def test_what_names_no_case_is_listed_with_its_entries(log, tmp_path):
    async with house(tmp_path / "state", [log]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 8)
        page = await gao.get(f"/leads?{DAY}")
        assert page.status == 200
        assert "查询未载明案号" in page.text
        assert "当日 5 次（达到 5 次即列出）" in page.text
        assert len(re.findall(r'href="/logs/court/entries/\d+"', page.text)) == 5
        assert "background-check-platform" in page.text
        *_, (header, payload) = portal.recorded()
        assert (header["event"], payload["shown"]) == ("leads", {"no-case": 1})
        assert payload["filters"] == {"log": "", "since": "2026-01-01", "until": "2026-01-02"}
        elsewhere = await gao.get("/leads?since=2026-01-02")
        assert "这段时间没有线索" in elsewhere.text


async def test_in_english(log, tmp_path):
    async with house(tmp_path / "state", [log]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 8)
        await lin.post("/language", {"language": "en", "here": "/"})
        page = await lin.get(f"/leads?{DAY}")
        assert "No case was named" in page.text
        assert "5 on that day (listed from 5 on)" in page.text


@pytest.mark.parametrize("query", ["since=yesterday", "log=nowhere", "until=9999-12-31"])
async def test_what_is_no_time_or_log_is_a_page_and_not_an_error(log, tmp_path, query):
    async with house(tmp_path / "state", [log]) as portal, portal.signed_in() as lin:
        answer = await lin.get(f"/leads?{query}")
        assert answer.status == 400
        assert "请检查日期" in answer.text


def test_the_last_days_are_those_of_china():
    china = datetime.now(UTC) + timedelta(hours=8)
    assert _day_before(0) in (china.date().isoformat(), (china + timedelta(1)).date().isoformat())
    assert _day_before(30) < _day_before(0)


async def test_a_program_gets_the_same_as_json_and_that_is_recorded_alike(log, tmp_path):
    async with house(tmp_path / "state", [log]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 8)
        given = json.loads((await gao.get(f"/leads?{DAY}", Accept="application/json")).text)
        (lead,) = given["leads"]
        assert (lead["rule"], lead["log"], lead["count"], lead["limit"]) == (
            "no-case",
            "court",
            5,
            5,
        )
        assert (given["rows_count"], given["back_to"]) == (5, None)
        assert len(lead["entries"]) == 5
        *_, (header, payload) = portal.recorded()
        assert (header["event"], payload["shown"]) == ("leads", {"no-case": 1})
        wrong = await gao.get("/leads?since=soon", Accept="application/json")
        assert wrong.headers["Content-Type"].startswith("application/problem+json")
        assert json.loads(wrong.text) == {
            "title": "Check the dates.", "title_zh": "请检查日期。", "status": 400
        }  # fmt: skip
