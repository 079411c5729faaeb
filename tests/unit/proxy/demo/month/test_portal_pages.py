"""Each page of the supervisor's portal has something of the month to show."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from ledger.portal.leads.words import TITLES
from ledger.portal.pages.verification import RUNS
from proxy.demo.month import history
from proxy.demo.month.roster import CHINA
from tests.unit.ledger.portal.house import house, identity_file, until_indexed
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock
from tests.unit.proxy.demo.month.conftest import NOW

SINCE = datetime.fromtimestamp(NOW - 30 * 86_400, CHINA).date().isoformat()
LOG = f"/logs/{quote(history.NAME)}"


async def test_leads_findings_unsealings_statistics_and_one_entry(month, tmp_path):
    key = identity_file(tmp_path)
    async with (
        house(tmp_path / "state", [month.source], identity=key) as portal,
        portal.signed_in() as lin,
    ):
        await until_indexed(portal, len(month.entries), history.NAME)
        assert history.NAME in (await lin.get("/")).text
        leads = await lin.get(f"/leads?since={SINCE}")
        for words in TITLES.values():
            assert words.chinese in leads.text
        await unlock(lin, PASSPHRASE)
        findings = (await lin.get("/findings")).text
        unsealings = (await lin.get("/unsealings")).text
        assert "封存通知书送达超过三日尚未执行" in findings
        assert "登记为已解封, 供检察机关逐件审查" in unsealings
        statistics = (await lin.get(f"/statistics?since={SINCE}")).text
        for words in ("platform-protected", "受理查询申请", "出具证明"):
            assert words in statistics
        refused = next(e for e, _ in month.of("decision") if e.header["verdict"] == "refuse")
        page = await lin.get(f"{LOG}/entries/{refused.sequence}")
        assert page.status == 200
        assert "虚构 synthetic" in page.text


async def test_its_verification_is_green(month, tmp_path):
    async with house(tmp_path / "state", [month.source]) as portal, portal.signed_in() as lin:
        await lin.send(f"{LOG}/verification", f"{LOG}/verification", {})
        await portal.app[RUNS].finished(history.NAME)
        page = await lin.get(f"{LOG}/verification")
        assert f"记录完整：第 0 号至第 {len(month.entries) - 1} 号" in page.text
        # Warned of is that nobody else keeps a checkpoint of it, as of the demo's own.
        assert 'data-standing="warned"' in page.text
