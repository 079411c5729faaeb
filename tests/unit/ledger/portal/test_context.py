"""What pages share: who asks, what is recorded before something is shown, and payloads."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from ledger.evidence.proven import ProvenLog
from ledger.portal.access import TABLE
from ledger.portal.context import LOOKS, opened, record_look, render, source_of, wants_json
from ledger.portal.keyring import LOCKED, Payload
from ledger.portal.looks import Look
from ledger.portal.route import Route
from ledger.portal.routes import ROUTES
from tests.unit.ledger.portal.house import PERSON, court, house, identity_file
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock

INDEX = 3


async def _one(request: web.Request) -> web.Response:
    """A page as others write it."""
    source = source_of(request)
    log = await asyncio.to_thread(lambda: ProvenLog(source.reader(), source.keys))
    proven = await asyncio.to_thread(log.entry, INDEX)
    await record_look(
        request, Look.ENTRY, log=source, entries=[INDEX], person=PERSON, why="supervision"
    )
    found = await opened(request, source, log, proven)
    text = found.data.decode() if isinstance(found, Payload) else found.why.chinese
    assert render(request, "person.html", unlocked=False, problem=None).status == 200
    return web.Response(text=text)


def with_page(monkeypatch):
    table = {**TABLE, ("GET", "/one/{log}"): TABLE["GET", "/"]}
    monkeypatch.setattr("ledger.portal.gate.TABLE", table)
    monkeypatch.setattr("ledger.portal.application.require_table", lambda places: None)
    return (*ROUTES, Route("GET", "/one/{log}", _one))


async def test_a_page_is_recorded_and_shows_a_payload_to_who_unlocked(tmp_path, monkeypatch):
    log, source = court(tmp_path / "court")
    log.close()
    identity = identity_file(tmp_path / "keys")
    routes = with_page(monkeypatch)
    async with (
        house(tmp_path / "s", [source], identity=identity, routes=routes) as portal,
        portal.signed_in() as lin,
    ):
        assert (await lin.get("/one/court")).text == LOCKED.chinese
        assert (await lin.get("/one/elsewhere")).status == 404
        await unlock(lin, PASSPHRASE)
        assert "<script>" in (await lin.get("/one/court")).text
        looks = portal.recorded()
        # Nothing is shown of what cannot be recorded.
        portal.app[LOOKS]._sequencer.fail(OSError("no disk"))
        answer = await lin.get("/one/court")
        assert answer.status == 503
        assert "script" not in answer.text
    kinds = [header["event"] for header, _ in looks]
    assert kinds == ["sign-in", "entry", "unlock", "entry", "payload"]
    header, payload = looks[1]
    assert (header["log"], header["entries"]) == (source.origin, ["3"])
    assert header["person"] == portal.looks.pseudonyms.of("person", PERSON)
    assert payload == {"supervisor": "lin", "source": "127.0.0.1", "why": "supervision"}


async def test_many_entries_are_all_recorded(tmp_path, monkeypatch):
    async def many(request: web.Request) -> web.Response:
        await record_look(request, Look.EXPORT, entries=range(1_000))
        return web.Response(text="done")

    routes = [Route("GET", "/live", many) if r.path == "/live" else r for r in ROUTES]
    async with house(tmp_path, routes=routes) as portal, portal.signed_in() as lin:
        assert (await lin.get("/live")).text == "done"
        _, (header, payload) = portal.recorded()
    assert len(header["entries"]) == 256
    assert payload["entries"] == list(range(1_000))


@pytest.mark.parametrize(
    ("accept", "json"),
    [("application/json", True), ("text/csv, Application/JSON;q=0.5", True), ("*/*", False),
     ("text/html,application/json;q=0.9", False), ("", False)],
)  # fmt: skip
def test_whoever_takes_pages_gets_a_page(accept, json):
    assert wants_json(make_mocked_request("GET", "/", headers={"Accept": accept})) is json
    assert not wants_json(make_mocked_request("GET", "/"))
