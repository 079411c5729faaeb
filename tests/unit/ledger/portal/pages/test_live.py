"""Following what is recorded."""

import asyncio
import json

import pytest

from ledger.portal.context import DOORKEEPER, LOOKS, PACES
from tests.unit.ledger.portal.house import GAO, court, house, until, until_indexed


@pytest.fixture
def log(tmp_path):
    small, source = court(tmp_path / "court")
    yield small, source
    small.close()


async def lines(answer):
    """The next event of the stream: its id and its rows."""
    event = ""
    async with asyncio.timeout(30):
        while True:
            line = (await answer.content.readline()).decode()
            assert line, "the stream ended"
            if line == "\n" and "data: " in event:
                fields = dict(each.split(": ", 1) for each in event.splitlines())
                return fields["id"], json.loads(fields["data"])
            event = "" if line.startswith(":") or line == "\n" else event + line


async def follow(browser, **headers):
    return await browser.session.get(
        browser.base + "/live/events?after=court:3", headers=headers, allow_redirects=False
    )


async def test_what_is_recorded_comes_by_itself_and_goes_on_after_a_break(log, tmp_path):
    async with house(tmp_path / "s", [log[1]]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 6)
        answer = await follow(gao)
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        seen = []
        while len(seen) < 3:
            last, rows = await lines(answer)
            seen += rows
        assert {row["gist"] for row in seen} == {
            "已隐去封存内容，background-check-platform，刑事诉讼法 286"
        }
        await asyncio.to_thread(log[0].append, 1)
        last, (row,) = await lines(answer)
        assert row["number"] == 6
        answer.close()
        await asyncio.to_thread(log[0].append, 1)
        answer = await follow(gao, **{"Last-Event-ID": last})
        _, (row,) = await lines(answer)
        assert row["number"] == 7
        answer.close()
    looks = [payload for header, payload in portal.recorded() if header["event"] == "follow"]
    assert looks[0]["since"] == "court:3"
    assert any(payload.get("until", "").startswith("court:7") for payload in looks)


async def test_it_ends_with_the_session(log, tmp_path):
    async with house(tmp_path / "s", [log[1]]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 6)
        answer = await follow(lin)
        await lines(answer)
        for sitting in list(portal.app[DOORKEEPER]._sittings._kept.values()):
            sitting.seen -= 1e6
        portal.app[DOORKEEPER].sweep()
        await asyncio.to_thread(log[0].append, 1)
        async with asyncio.timeout(30):
            while await answer.content.readline():
                pass


async def test_nothing_more_is_sent_when_it_cannot_be_recorded(log, tmp_path):
    async with house(tmp_path / "s", [log[1]]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 6)
        answer = await follow(lin)
        await lines(answer)
        portal.app[LOOKS]._sequencer.fail(OSError("no disk"))
        await asyncio.to_thread(log[0].append, 1)
        async with asyncio.timeout(30):
            rest = await answer.content.read()
        assert b'"number": 6' not in rest
        assert (await follow(lin)).status == 503


async def test_who_opens_too_many_waits(log, tmp_path):
    async with house(tmp_path / "s", [log[1]]) as portal, portal.signed_in() as lin:
        burst = portal.app[PACES]["follow"]._burst
        answers = [await follow(lin) for _ in range(burst + 1)]
        assert [each.status for each in answers] == [200] * burst + [429]
        for each in answers:
            each.close()

        async def ended():
            looks = [p for h, p in portal.recorded() if h["event"] == "follow" and "until" in p]
            return len(looks) == burst

        await until(ended)


async def test_a_place_that_is_none_is_refused(log, tmp_path):
    async with house(tmp_path / "s", [log[1]]) as portal, portal.signed_in() as lin:
        for place in ("x", "court:-1", "%3Cscript%3E"):
            answer = await lin.get(f"/live/events?after={place}")
            assert answer.status == 400
        page = await lin.get("/live")
        assert 'id="rows" data-after="court:' in page.text or "data-after" in page.text
