"""Figures over real logs."""

import pytest

from tests.unit.ledger.portal.house import GAO, court, house, until_indexed

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
        for path in ("/statistics", "/statistics/sheet"):
            assert (await lin.get(f"{path}?{query}")).status == 400
