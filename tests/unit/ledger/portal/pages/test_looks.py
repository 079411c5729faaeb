"""The supervisor's own record over HTTP: who looked at what, for who oversees them."""

import re

import pytest

from ledger.portal.context import PACES
from ledger.portal.looks import Look
from ledger.portal.pages.looks import OWN
from ledger.portal.pages.verification import RUNS
from ledger.tile import TILE_WIDTH
from tests.unit.ledger.portal.house import (
    GAO,
    LIN,
    PEOPLE,
    PERSON,
    QIN,
    court,
    house,
    identity_file,
    until_indexed,
)
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock


@pytest.fixture
async def portal(tmp_path):
    small, source = court(tmp_path / "court")
    key = identity_file(tmp_path)
    async with house(tmp_path / "state", [source], identity=key) as made:
        await until_indexed(made, 6)
        yield made
    small.close()


def numbers(page):
    return [int(each) for each in re.findall(r'<tr><td class="number">(\d+)', page.text)]


def row(page, number):
    return page.text.partition(f'<tr><td class="number">{number}</td>')[2].partition("</tr>")[0]


def index_of(portal, event):
    """The last look of that sort, from the files: header, and where it stands."""
    return [header for header, _ in portal.recorded() if header["event"] == event][-1]


async def test_an_auditor_sees_who_looked_at_what_and_their_own_look(portal):
    async with portal.signed_in(LIN) as lin, portal.signed_in(GAO) as gao:
        await lin.get("/logs/court/entries/3")
        page = await gao.get("/looks")
        assert page.status == 200
        assert numbers(page) == sorted(numbers(page), reverse=True)
        own, looked = numbers(page)[0], numbers(page)[1]
        assert "查看监督记录" in row(page, own)
        assert "gao" in row(page, own)
        assert "审计（只读）" in row(page, own)
        assert "查看记录" in row(page, looked)
        assert "lin" in row(page, looked)
        assert 'href="/logs/court/entries/3"' in row(page, looked)
        assert "解密所得" not in page.text
        look = index_of(portal, "own-record")
        assert look["log"] == portal.looks.origin
        await gao.send("/", "/language", {"language": "en", "here": "/looks"})
        english = await gao.get("/looks")
        assert "Looked at this record" in row(english, numbers(english)[0])


async def test_a_supervisor_does_not_see_it(portal):
    async with portal.signed_in(LIN) as lin:
        assert (await lin.get("/looks")).status == 403
        assert (await lin.send("/", "/looks/verification", {})).status == 403
        assert 'href="/looks"' not in (await lin.get("/")).text


async def test_it_is_filtered_by_matter_and_account_and_paged(portal):
    async with portal.signed_in(LIN) as lin, portal.signed_in(QIN) as qin:
        for _ in range(60):
            await lin.get("/logs/court/entries/3")
        await qin.get("/logs/court/entries/4")
        page = await qin.get("/looks?event=entry&account=lin")
        first = numbers(page)
        assert len(first) == 50
        assert all("查看记录" in row(page, each) for each in first)
        assert "entries/4" not in page.text
        older = re.search(r'id="older"[^>]*href="([^"]*)"', page.text)
        assert older is not None
        page = await qin.get(older[1].replace("&amp;", "&"))
        second = numbers(page)
        assert len(second) == 10
        assert max(second) < min(first)
        assert 'id="older"' not in page.text
        assert "回到最新" in page.text
        assert numbers(await qin.get("/looks?event=entry&account=qin")) == [max(first) + 1]
        nobody = await qin.get("/looks?account=nobody")
        assert "没有符合条件的记录" in nobody.text
        filters = [p["filters"] for h, p in portal.recorded() if h["event"] == "own-record"]
        lin = portal.looks.pseudonyms.of("supervisor", "lin")
        assert filters[0] == {"event": "entry", "account": lin, "before": ""}


async def test_opinions_and_searches_for_people_stand_in_it(portal):
    async with portal.signed_in(LIN) as lin, portal.signed_in(QIN) as qin:
        await unlock(lin, PASSPHRASE)
        await lin.send("/person", "/person", {"number": PERSON})
        draft = {"log": "court", "entries": "3", "text": "虚构"}
        await lin.send("/opinions/new", "/opinions/new", draft)
        page = await qin.get("/looks?event=opinion&account=lin")
        (opinion,) = numbers(page)
        assert "纠正意见：起草" in row(page, opinion)
        assert 'href="/logs/court/entries/3"' in row(page, opinion)
        page = await qin.get("/looks?event=person")
        (person,) = numbers(page)
        assert index_of(portal, "person")["person"][:8] in row(page, person)
        assert PERSON not in page.text


async def test_what_the_session_may_open_is_shown_and_that_is_recorded(portal):
    async with portal.signed_in(LIN) as lin, portal.signed_in(QIN) as qin:
        await lin.get("/entries?rule=%3Cscript%3Ealert")
        assert "解密所得" not in (await qin.get("/looks?event=search")).text
        before = len(portal.recorded())
        await unlock(qin, PASSPHRASE)
        page = await qin.get("/looks?event=search")
        (number,) = numbers(page)
        assert "解密所得" in row(page, number)
        assert "&lt;script&gt;alert" in row(page, number)
        assert "<script>alert" not in page.text
        looks = [header for header, _ in portal.recorded()[before:]]
        assert looks[-1]["event"] == "payload"
        assert looks[-1]["entries"] == [str(number)]
        assert looks[-1]["log"] == portal.looks.origin
        await qin.send("/", "/lock", {})
        assert "解密所得" not in (await qin.get("/looks?event=search")).text


async def test_the_name_of_an_account_that_is_gone_is_read_by_the_key_alone(tmp_path):
    key = identity_file(tmp_path)
    async with house(tmp_path / "state", identity=key) as portal, portal.signed_in(LIN):
        pass
    people = {name: each for name, each in PEOPLE.items() if name != "lin"}
    async with (
        house(tmp_path / "state", people=people, identity=key) as portal,
        portal.signed_in(QIN) as qin,
    ):
        page = await qin.get("/looks?event=sign-in&account=lin")
        (number,) = numbers(page)
        assert "lin" not in row(page, number)
        assert portal.looks.pseudonyms.of("supervisor", "lin")[:8] in row(page, number)
        await unlock(qin, PASSPHRASE)
        page = await qin.get("/looks?event=sign-in&account=lin")
        assert "<td>lin " in row(page, number)


async def test_one_button_verifies_it(portal):
    async with portal.signed_in(GAO) as gao:
        assert "尚未核验过" in (await gao.get("/looks")).text
        answer = await gao.send("/looks", "/looks/verification", {})
        assert (answer.status, answer.headers["Location"]) == (303, "/looks")
        await portal.app[RUNS].finished(OWN)
        page = await gao.get("/looks")
        assert "记录完整：第 0 号至第" in page.text
        verify = index_of(portal, "verify")
        assert verify["log"] == portal.looks.origin
        # Of an agency's log that has the same address nothing is said.
        assert (await portal.app[RUNS].state("court")).kept is None


async def test_what_is_no_filter_is_refused_and_shows_nothing(portal):
    async with portal.signed_in(QIN) as qin:
        for query in (
            "event=nothing", "event=heartbeat", "account=a%20b", "account=%00",
            "account=" + "a" * 33, "before=-1", "before=x", "before=%D9%A3", "before=" + "9" * 16,
        ):  # fmt: skip
            answer = await qin.get(f"/looks?{query}")
            assert answer.status == 400, query
            assert "查询条件不正确" in answer.text
        assert not [1 for header, _ in portal.recorded() if header["event"] == "own-record"]


async def test_what_was_altered_is_named_and_not_shown(portal):
    async with portal.signed_in(GAO) as gao:
        # So that the bundle of the sign-in is full, and is not written again.
        for _ in range(TILE_WIDTH):
            last = await portal.looks.write(Look.LEADS, {}, {})
        assert await portal.looks.until_public(last)
        (signed_in,) = numbers(await gao.get("/looks?event=sign-in"))
        bundle = portal.state / "log" / "tile/entries/000"
        bundle.write_bytes(bundle.read_bytes().replace(b'"role":"auditor"', b'"role":"chieftn"'))
        page = await gao.get("/looks?event=sign-in")
        assert f"第 {signed_in} 号不能通过核验" in page.text
        assert numbers(page) == []
        assert numbers(await gao.get("/looks?event=leads")) != []


async def test_without_the_files_nothing_is_confirmed(portal, monkeypatch):
    async with portal.signed_in(GAO) as gao:

        def gone(*_):
            raise FileNotFoundError

        monkeypatch.setattr("ledger.portal.pages.looks.listed", gone)
        answer = await gao.get("/looks")
        assert answer.status == 502
        assert "不能确认" in answer.text


async def test_who_is_too_fast_waits(portal):
    async with portal.signed_in(QIN) as qin:
        portal.app[PACES]["search"]._burst = 0
        assert (await qin.get("/looks")).status == 429
