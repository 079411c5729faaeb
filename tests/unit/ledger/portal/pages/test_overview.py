"""The first page."""

from tests.unit.ledger.portal.house import house


async def test_without_logs_it_says_what_to_do(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        page = await lin.get("/")
        assert page.status == 200
        assert "尚未登记任何机关的记录" in page.text
