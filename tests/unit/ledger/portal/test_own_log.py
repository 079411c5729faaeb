"""The supervisor's own log as a list, of real entries beside a plain reading of the files."""

import json
from dataclasses import replace

import pytest

from ledger.entry import parse_entry
from ledger.envelope import Identity
from ledger.evidence.proven import ProvenLog
from ledger.fetch import DirectoryLog, entries
from ledger.fields import EntryKind
from ledger.portal import own_log
from ledger.portal.keyring import Payload
from ledger.portal.looks import Look
from ledger.portal.own_log import LOOKS, Asked, by_of, listed, payloads, row_of, what_of
from tests.unit.ledger.portal.test_looks import created, opened
from tests.unit.ledger.small_log import identities

EVENTS = (Look.ENTRY, Look.SEARCH, Look.SIGN_IN)
ORIGIN = "court.example/log"


@pytest.fixture
async def log(tmp_path):
    """Looks by two people, an opinion and its reply, and heartbeats between."""
    created(tmp_path)
    looks = opened(tmp_path)
    people = [looks.pseudonyms.of("supervisor", name) for name in ("lin", "qin")]
    for number in range(40):
        header = {
            "supervisor": people[number % 2], "role": "chief", "log": ORIGIN,
            "entries": [str(number)],
        }  # fmt: skip
        if number == 38:
            # Their pseudonym, in another field.
            header["person"] = people[1]
        name = ("lin", "qin")[number % 2]
        await looks.write(EVENTS[number % 3], header, {"supervisor": name, "number": number})
        if number % 10 == 0:
            await looks.heartbeat()
    opinion = {"opinion": "2026-1", "event": "drafted", "supervisor": people[0],
               "entries": [f"{ORIGIN}:3"]}  # fmt: skip
    await looks.append(EntryKind.OPINION, opinion, b'{"supervisor":"lin","text":"x"}')
    reply = {"opinion": "2026-1", "result": "accepted", "handler": people[1]}
    last = await looks.append(EntryKind.REPLY, reply, b"no JSON")
    assert await looks.until_public(last)
    yield ProvenLog(DirectoryLog(looks.directory), looks.keys)
    await looks.close()


def by_files(log, asked):
    """The same, by looking at each entry that there is."""
    found = []
    for index, data, _ in entries(log.reader):
        entry, _ = parse_entry(data)
        kinds = {asked.event} & {"opinion", "reply"} or own_log.SHOWN
        wanted = entry.kind in kinds and (not asked.by or by_of(entry) == asked.by)
        if kinds is own_log.SHOWN and asked.event:
            wanted = wanted and entry.header.get("event") == asked.event
        if wanted and index < log.size:
            found.append(index)
    return found[::-1]


async def test_pages_together_are_what_the_files_hold(log, monkeypatch):
    people = {by_of(log.entry(index).entry) for index in by_files(log, Asked())}
    assert len(people) == 2
    # Several strides, and several stretches within which one page looks.
    monkeypatch.setattr(own_log, "_STRIDE", 7)
    for within in (1 << 20, 9):
        monkeypatch.setattr(own_log, "WITHIN", within)
        for event in ("", "entry", "search", "opinion", "reply", "person"):
            for by in ("", *people, "0" * 32):
                asked, found, before = Asked(event, by), [], None
                for _ in range(100):
                    page = listed(log, asked, before, limit=6)
                    assert not page.unproved
                    assert len(page.proven) <= 6
                    found += [each.index for each in page.proven]
                    before = page.before
                    if before is None:
                        break
                assert found == by_files(log, asked), asked


async def test_before_what_there_is_nothing_is(log):
    assert listed(log, Asked(), 0) == own_log.Listed((), (), None)
    assert listed(log, Asked(), 10**15).proven == listed(log, Asked()).proven


async def test_one_that_was_altered_is_no_row(log):
    (first, *_), bundle = (
        listed(log, Asked("search")).proven,
        log.reader.root / f"tile/entries/000.p/{log.size}",
    )
    data = bundle.read_bytes().replace(first.data, first.data.replace(b'"chief"', b'"chyef"'))
    bundle.write_bytes(data)
    again = ProvenLog(log.reader, log.keys)
    found = listed(again, Asked("search"))
    assert found.unproved == (first.index,)
    assert first.index not in [each.index for each in found.proven]
    assert found.proven


async def test_a_key_opens_what_it_is_for_and_the_name_in_it_is_shown(log):
    reply, opinion, look = listed(log, Asked(), limit=3).proven
    opened_by = payloads(identities()[0], log, (reply, opinion, look))
    assert opened_by.keys() == {reply.index, opinion.index, look.index}
    row = row_of(look, {}, {ORIGIN: "court"}, opened_by[look.index])
    assert (row.name, row.log, row.named) == ("qin", "court", (("court", "39"),))
    assert json.loads(row.detail)["number"] == 39
    # What is no JSON, or names nobody, is shown as it is and names nobody.
    for data in (b"no JSON", b"[]", b'{"supervisor":1}', b"\xff", b"[" * 100_000):
        assert row_of(look, {}, {}, Payload(data)).name is None
    assert row_of(look, {by_of(look.entry): "qin"}, {}).name == "qin"
    assert payloads(Identity.generate("stranger"), log, (look,)) == {}


async def test_opinions_name_entries_of_a_log_and_looks_those_of_theirs(log):
    reply, opinion = listed(log, Asked(), limit=2).proven
    row = row_of(opinion, {}, {ORIGIN: "court"})
    assert (row.opinion, row.named) == ("2026-1", (("court", "3"),))
    assert row.what.chinese == "纠正意见：起草"
    assert row_of(opinion, {}, {}).named == ((None, "3"),)
    assert row_of(reply, {}, {}).what.english == "Opinion: answered"


async def test_a_word_of_a_later_version_stays_as_it_is(log):
    (look,) = listed(log, Asked("entry"), limit=1).proven
    header = {**look.entry.header, "event": "dreamt"}
    assert what_of(replace(look.entry, header=header)).english == "dreamt"


def test_each_look_has_its_words():
    assert LOOKS.keys() == set(Look)
