"""Figures over real logs."""

import base64
import io
from datetime import UTC, date, datetime, timedelta

import pypdf
import pytest

from ledger.chain import JudgedDraft
from ledger.fields import EntryKind
from ledger.header import encode_header
from ledger.portal.beijing import day_of
from ledger.portal.opinions.model import Act, Result, Step
from ledger.portal.pages.opinions import REGISTER
from tests.unit.ledger.portal.house import GAO, PEOPLE, PERSON, court, house, until_indexed

YEAR = "since=2026-01-01&until=2026-12-31"


@pytest.fixture
def source(tmp_path):
    small, found = court(tmp_path / "court", count=12)
    yield found
    small.close()


@pytest.mark.requirement("G9")
async def test_the_page_counts_and_the_sheet_withholds_what_is_small(source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 15)
        page = await gao.get(f"/statistics?{YEAR}")
        assert page.status == 200
        assert page.text.count('<td class="number">12</td>') == 3
        assert "2026-01" in page.text
        assert 'width="100.00"' in page.text
        sheet = await gao.get(f"/statistics/sheet?{YEAR}")
        assert sheet.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in sheet.headers["Content-Disposition"]
        assert "访问,其中已隐去封存内容,12" in sheet.text
        *_, (looked, _), (exported, payload) = portal.recorded()
        assert (looked["event"], exported["event"]) == ("statistics", "export")
        assert payload["filters"]["since"] == "2026-01-01"
        # Python reads this day, too; what is compared with it is written in one way.
        compact = await gao.get("/statistics?since=20260101&until=20261231")
        assert "2026-01-01 – 2026-12-31" in compact.text
        empty = await gao.get("/statistics?since=2025-01-01&until=2025-12-31&outside=1")
        assert empty.text.count('<td class="number">0</td>') >= 10


async def test_small_numbers_are_withheld_where_it_is_for_outside(tmp_path):
    small, source = court(tmp_path / "court", count=4)
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 7)
        inside = await lin.get(f"/statistics?{YEAR}")
        assert '<td class="number">4</td>' in inside.text
        outside = await lin.get(f"/statistics?{YEAR}&outside=1")
        assert '<td class="number">4</td>' not in outside.text
        assert "不足10或者须一并略去" in outside.text
        assert ",4\r" not in (await lin.get(f"/statistics/sheet?{YEAR}")).text
    small.close()


@pytest.mark.parametrize("query", ["since=x", "until=9999-12-31", "log=nowhere"])
async def test_what_is_no_time_is_a_page_and_not_an_error(query, source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in() as lin:
        for path in ("/statistics", "/statistics/sheet", "/statistics/print"):
            assert (await lin.get(f"{path}?{query}")).status == 400


def step(number: int, event: str, decide_by: str) -> JudgedDraft:
    """Of a synthetic application."""
    header = {"permit": f"xk-{number}", "event": event, "decide_by": decide_by}
    return JudgedDraft(EntryKind.PERMIT, encode_header(EntryKind.PERMIT, header), b"{}")


def end_of(day: date) -> str:
    return f"{day}T15:59:59Z"


async def replied(portal, origin: str) -> None:
    """An opinion that was answered on the day it was served."""
    register, today = portal.app[REGISTER], day_of(datetime.now(UTC))
    number = await register.draft(Act(Step.DRAFTED, "", "a" * 32, today, origin, (1,)), "", "lin")
    due = today + timedelta(days=3)
    for act in (
        Act(Step.ISSUED, number, "a" * 32, today, due=due),
        Act(Step.REPLIED, number, "a" * 32, today, result=Result.ACCEPTED),
    ):
        await register.take(act, "", "qin")


@pytest.mark.requirement("D3", "G4", "G9")
async def test_whether_days_were_kept_is_told_and_small_rows_are_withheld(tmp_path):
    small, source = court(tmp_path / "court", count=1)
    assert small.sequencer is not None
    day = day_of(datetime.fromtimestamp(small.clock.now_ms / 1000, UTC))
    late, kept = end_of(day - timedelta(days=1)), end_of(day + timedelta(days=1))
    drafts = []
    for number in range(30):
        due = late if number < 3 else kept
        drafts.append(step(number, "received", due))
        drafts += [step(number, "granted", due)] * (number != 2)
    small.sequencer.commit([drafts])
    year = f"since={day.year - 1}-01-01&until={day.year + 1}-12-31"
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 4 + len(drafts))
        page = (await gao.get(f"/statistics?{year}")).text
        for what, number in (("应办结", 30), ("按期办结", 27), ("逾期办结", 2), ("逾期未办", 1)):
            row = page.split(f"court {what}</th>")[1].split("</td>")[0]
            assert row.endswith(f">{number}")
        assert page.split("court 按期率（%）</th>")[1].split("</td>")[0].endswith(">90")
        outside = (await gao.get(f"/statistics?{year}&outside=1")).text
        sheet = (await gao.get(f"/statistics/sheet?{year}")).text
        for what in ("应办结", "按期办结", "逾期办结", "逾期未办", "按期率（%）"):
            assert "须一并略去" in outside.split(f"court {what}</th>")[1].split("</td>")[0]
            assert f"court {what},不足10或者须一并略去" in sheet
        await replied(portal, source.origin)
        today = day_of(datetime.now(UTC))
        now = await gao.get(f"/statistics?since={today}&until={today + timedelta(days=9)}")
        assert now.text.split("纠正意见按期答复（按机关）")[1].count('"number">1</td>') == 2
    small.close()


async def test_more_applications_than_are_read_are_refused(tmp_path, monkeypatch):
    small, source = court(tmp_path / "court", count=1)
    assert small.sequencer is not None
    day = day_of(datetime.fromtimestamp(small.clock.now_ms / 1000, UTC))
    small.sequencer.commit([[step(number, "received", end_of(day)) for number in range(5)]])
    year = f"since={day.year}-01-01&until={day.year}-12-31"
    monkeypatch.setattr("ledger.portal.pages.statistics.LIMIT_MAX", 2)
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 9)
        monkeypatch.setattr("ledger.portal.pages.statistics.ROWS_MAX", 6)
        assert "应办结" in (await gao.get(f"/statistics?{year}")).text
        monkeypatch.setattr("ledger.portal.pages.statistics.ROWS_MAX", 4)
        refused = await gao.get(f"/statistics?{year}")
        assert refused.status == 413
        assert "请缩短期间" in refused.text
    small.close()


async def pdf_of(browser, query: str) -> tuple[str, pypdf.PdfReader]:
    async with browser.session.get(f"{browser.base}/statistics/print?{query}") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/pdf"
        assert "attachment" in answer.headers["Content-Disposition"]
        reader = pypdf.PdfReader(io.BytesIO(await answer.read()))
    return "\n".join(page.extract_text() for page in reader.pages), reader


@pytest.mark.requirement("G9")
async def test_the_pdf_has_the_figures_what_they_rest_on_and_nobody(source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 15)
        page = await gao.get(f"/statistics?{YEAR}")
        assert f'href="/statistics/print?log=&amp;{YEAR.replace("&", "&amp;")}"' in page.text
        text, reader = await pdf_of(gao, YEAR)
        root = base64.b64encode(source.checkpoint().root).decode()
        for words in ("2026-01-01 – 2026-12-31", "court", source.origin, root, "供参考", "已隐去"):
            assert words in text
        assert f"已读入目录 15 条；生成时的签名检查点 {source.checkpoint().size} 条" in text
        assert text.split("其中已隐去封存内容")[1].split()[0] == "12"
        header, payload = portal.recorded()[-1]
        assert (header["event"], payload["form"]) == ("export", "pdf")
        assert payload["filters"]["since"] == "2026-01-01"
        pseudonyms = [PERSON, *PEOPLE, "999999", "<script>"]
        assert not [each for each in pseudonyms if each in text]
        assert not (reader.metadata or {}).get("/Author")


async def test_a_log_out_of_reach_is_printed_as_such_and_the_small_is_withheld(tmp_path):
    small, source = court(tmp_path / "court", count=4)
    async with house(tmp_path / "state", [source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 7)
        (tmp_path / "court").rename(tmp_path / "elsewhere")
        text, _ = await pdf_of(lin, YEAR)
        assert "签名检查点 — 条" in text
        assert "不足10或者须一并略去" in text
        assert "已隐去封存内容" in text
        (tmp_path / "elsewhere").rename(tmp_path / "court")
    small.close()


async def test_nobody_without_a_session_gets_a_pdf(source, tmp_path):
    async with house(tmp_path / "state", [source]) as portal, portal.browser() as stranger:
        assert (await stranger.get(f"/statistics/print?{YEAR}")).status == 303
