"""Looking for entries, and for one person."""

import json
import re

import pytest

from ledger.chain import JudgedDraft
from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.header import encode_header
from ledger.portal import rendering
from ledger.portal.context import PACES
from ledger.portal.index.model import Role, Row
from ledger.portal.pages.entries import _TEXTS, LIMIT, query_of
from ledger.portal.rows import gist_of
from ledger.portal.searches import Sought
from ledger.portal.words import KINDS, VERDICTS, Language, Words
from tests.unit.ledger.portal.house import (
    GAO,
    PERSON,
    court,
    house,
    identity_file,
    until_indexed,
)
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock
from tests.unit.ledger.small_log import decision_header

LOGS = {"court": None, "police": None}


@pytest.fixture
def log(tmp_path):
    small, source = court(tmp_path / "court")
    yield small, source
    small.close()


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


def test_filters_become_a_query_of_days_in_beijing():
    given = {"log": "court", "kind": "decision", "verdict": "refuse", "principal": "hr",
             "since": "2026-01-01", "until": "2026-01-31", "refused": "1"}  # fmt: skip
    query = query_of(given, LOGS, None)
    assert query.logs == {"court"}
    assert query.kinds == {EntryKind.DECISION}
    assert (query.since, query.until) == ("2025-12-31T16:00:00.000Z", "2026-01-31T16:00:00.000Z")
    assert (query.verdict, query.principal, query.refused) == ("refuse", "hr", True)
    assert query_of({}, LOGS, None).logs == LOGS.keys()
    (named,) = query_of({}, LOGS, Sought({"court": "ab" * 16, "police": "cd" * 16})).named
    assert (named.role, named.pseudonyms) == (Role.PERSON, ("ab" * 16, "cd" * 16))


@pytest.mark.parametrize(
    "given",
    [{"log": "elsewhere"}, {"kind": "nothing"}, {"since": "yesterday"}, {"since": "9999-12-31T"},
     {"until": "9999-12-31"}, {"since": "0001-01-01"}, {"operator": "lin"},
     {"operator": "AB" * 16}, {"operator": "ab" * 16 + "\n"}],
)  # fmt: skip
def test_what_is_no_filter_is_refused(given):
    with pytest.raises((ValueError, FormatError)):
        query_of(given, LOGS, None)


async def test_the_list_is_recorded_before_it_is_shown(log, state):
    async with house(state, [log[1]]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 6)
        page = await gao.get("/entries?kind=decision&verdict=strip")
        assert page.status == 200
        assert page.text.count("已隐去封存内容，background-check-platform") == 3
        assert "刑事诉讼法 286" in page.text
        *_, (header, payload) = portal.recorded()
    assert (header["event"], header["role"]) == ("search", "auditor")
    assert payload["filters"] == {"kind": "decision", "verdict": "strip"}
    assert len(payload["shown"]["court"]) == 3


async def test_all_entries_of_one_operator_are_listed_from_an_entry_of_theirs(tmp_path, state):
    log, source = court(tmp_path / "court", count=0)
    assert log.sequencer is not None
    who = {name: log.keys.pseudonyms.of("operator", name) for name in ("a", "b")}
    drafts = [
        JudgedDraft(EntryKind.DECISION, encode_header(EntryKind.DECISION, header))
        for header in ({**decision_header(n), "operator": who["ab"[n % 2]]} for n in range(7))
    ]
    log.sequencer.commit([drafts])
    async with house(state, [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 10)
        listed = await gao.get("/entries?kind=decision")
        numbers = [int(each) for each in re.findall(r"/logs/court/entries/(\d+)", listed.text)]
        assert len(numbers) == 7
        entry = await gao.get(f"/logs/court/entries/{numbers[-1]}")
        place = re.search(r'href="(/entries\?log=court&amp;operator=[0-9a-f]{32})"', entry.text)
        assert place is not None
        theirs = await gao.get(place[1].replace("&amp;", "&"))
        assert re.findall(r"/logs/court/entries/(\d+)", theirs.text) == [
            str(each) for each in numbers[::2]
        ]
        *_, (_, payload) = portal.recorded()
    assert payload["filters"] == {"log": "court", "operator": who["a"]}
    log.close()


@pytest.mark.parametrize(
    "query",
    ["operator=x", "operator=%00", "kind=x", "after=:", "log=%3Cscript%3E", "since=1", "person=x"],
)
async def test_a_query_that_makes_no_sense_is_a_page_and_not_an_error(log, state, query):
    async with house(state, [log[1]]) as portal, portal.signed_in() as lin:
        answer = await lin.get(f"/entries?{query}")
        assert answer.status in (400, 404)
        assert "<script>" not in answer.text


async def test_one_page_leads_to_the_next_and_none_is_shown_twice(tmp_path, state):
    small, source = court(tmp_path / "court", count=2 * LIMIT + 5)
    async with house(state, [source]) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 2 * LIMIT + 5)
        place, seen = "/entries?kind=decision", []
        while place:
            text = (await lin.get(place)).text
            seen += re.findall(r"/logs/court/entries/(\d+)", text)
            found = re.search(r'id="older" rel="next" href="([^"]+)"', text)
            place = found[1].replace("&amp;", "&") if found else None
        assert len(seen) == len(set(seen)) == 2 * LIMIT + 5
    small.close()


async def test_who_searches_too_fast_waits(log, state):
    async with house(state, [log[1]]) as portal, portal.signed_in() as lin:
        burst = portal.app[PACES]["search"]._burst
        statuses = [(await lin.get("/entries")).status for _ in range(burst + 3)]
        assert statuses[:burst] == [200] * burst
        assert statuses[-1] == 429


@pytest.mark.requirement("G7")
async def test_a_person_is_found_by_number_and_the_number_is_nowhere(log, state, tmp_path, caplog):
    identity = identity_file(tmp_path / "keys")
    async with house(state, [log[1]], identity=identity) as portal, portal.signed_in() as lin:
        await until_indexed(portal, 6)
        assert (
            (await lin.send("/", "/person", {"number": PERSON}))
            .headers["Location"]
            .startswith("/unlock")
        )
        await unlock(lin, PASSPHRASE)
        # However it is typed.
        answer = await lin.send("/", "/person", {"number": f" {PERSON[:6]} {PERSON[6:]}".translate(
            {ord(d): ord(d) + 0xFEE0 for d in "0123456789"})})  # fmt: skip
        place = answer.headers["Location"]
        assert re.fullmatch(r"/entries\?person=[\w-]{20,}", place)
        page = await lin.get(place)
        assert len(re.findall(r"/logs/court/entries/", page.text)) == 1
        assert PERSON not in page.text + place
        nobody = await lin.send("/", "/person", {"number": "999999200001010038"})
        assert "没有符合条件的记录" in (await lin.get(nobody.headers["Location"])).text
        async with portal.signed_in(GAO) as gao:
            assert (await gao.get(place)).status == 404
        looks = portal.recorded()
    header, payload = next(each for each in looks if each[0]["event"] == "person")
    assert header["person"] == portal.looks.pseudonyms.of("person", PERSON)
    assert payload["pseudonyms"] == {"court": log[0].keys.pseudonyms.of("person", PERSON)}
    search = next(each for each in looks if each[1].get("person_look") is not None)
    assert search[1]["person_look"] > 0
    assert PERSON not in str(looks) + caplog.text
    for file in state.rglob("*"):
        assert not file.is_file() or PERSON.encode() not in file.read_bytes(), file


async def test_a_log_that_the_key_is_not_for_is_said(log, state, tmp_path):
    identity = identity_file(tmp_path / "keys")
    elsewhere = tmp_path / "gone"
    from ledger.portal.logs import source_of
    from tests.unit.ledger.small_log import notary_keys

    other = source_of("police", str(elsewhere), [str(notary_keys().log.verifier)])
    async with house(state, [other], identity=identity) as portal, portal.signed_in() as lin:
        await unlock(lin, PASSPHRASE)
        answer = await lin.send("/", "/person", {"number": PERSON})
        page = await lin.get(answer.headers["Location"])
        assert "以下机关的记录无法按人查询" in page.text
        assert "police" in page.text


@pytest.mark.parametrize("number", ["", "   ", "9" * 65])
async def test_what_is_no_number_is_refused(state, tmp_path, number):
    identity = identity_file(tmp_path / "keys")
    async with house(state, identity=identity) as portal, portal.signed_in() as lin:
        await unlock(lin, PASSPHRASE)
        assert (await lin.send("/", "/person", {"number": number})).status == 400


def test_markup_in_any_field_of_an_entry_is_text():
    evil = "<img src=x onerror=alert(1)>\"'"
    row = Row(
        evil, 1, evil, EntryKind.DECISION, principal=evil, verdict=evil, rule=evil, article=evil,
        event=evil, session=evil, permits=(evil,), certificate=evil, error=evil,
    )  # fmt: skip
    values = {
        "rows": [row], "given": dict.fromkeys(_TEXTS, evil), "handle": evil, "following": evil,
        "sought": Sought({evil: evil}, (evil,)), "first": False, "principals": [evil],
        "rules": [evil], "kinds": KINDS, "verdicts": {evil: Words(evil, evil)} | VERDICTS,
        "gist_of": gist_of, "beginning": evil, "person": None, "role": None, "form_token": evil,
        "here": evil, "sources": [evil],
    }  # fmt: skip
    for language in Language:
        text = rendering.page("entries.html", language, values).text
        assert "<img" not in text
        assert text.count("&lt;img src=x") > 10
        assert 'onerror=alert(1)>"' not in text


async def test_a_program_gets_the_same_as_json_page_by_page(tmp_path, state):
    small, source = court(tmp_path / "long", count=60)
    async with house(state, [source]) as portal, portal.signed_in(GAO) as gao:
        await until_indexed(portal, 63)
        place, found = "/entries?kind=decision", []
        while place:
            answer = await gao.get(place, Accept="application/json")
            given = json.loads(answer.text)
            found += [row["number"] for row in given["rows"]]
            place = given["next"]
        assert found == list(range(62, 2, -1))
        assert {row["verdict"] for row in given["rows"]} == {"strip"}
        shown = [p["shown"]["court"] for h, p in portal.recorded() if h["event"] == "search"]
        assert [number for each in shown for number in each] == found
        async with portal.browser() as stranger:
            answer = await stranger.get("/entries", Accept="application/json")
            assert (answer.status, answer.text) == (303, "")
    small.close()
