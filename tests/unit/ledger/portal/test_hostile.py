"""Whatever stands in an address or a form, the answer is a page, and leads to no other site."""

from urllib.parse import quote

import pytest

from ledger.portal.context import PACES
from ledger.portal.routes import ROUTES
from tests.unit.ledger.portal.house import QIN, court, house, identity_file, until_indexed
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock

VALUES = [
    "", "é", "\x00", "'\"><script>", "0001-01-01", "9999-12-31", "2026-02-30", "20260101", "-1",
    "2026-W01-1", "a" * 3000, "%", "court:99999999999999999999", "court:5,court:5", ";drop table",
    "7" * 40, "0-999999999", "٣", "//evil.example", "/\\evil.example", "\r\nX: y", "opinion", "1e9",
]  # fmt: skip
QUERY = ("log", "kind", "verdict", "principal", "rule", "since", "until", "refused", "after",
         "person", "entries", "to", "outside", "event", "account", "before")  # fmt: skip
RIGHT = {"log": "court", "entries": "3", "text": "x", "step": "issued", "due": "2099-01-01",
         "result": "accepted", "number": "1", "passphrase": "x", "to": "/", "language": "en",
         "here": "/"}  # fmt: skip
PARAMETERS = ("{log}", "{index}", "{number}", "{name}")
# It goes on until its reader leaves.
ENDLESS = "/live/events"


def of(path, value, *, log):
    for name in PARAMETERS:
        path = path.replace(name, log if name == "{log}" and log else quote(value, safe="") or "x")
    return path


def harmless(answer):
    assert answer.status < 500
    assert "<script>" not in answer.text
    assert "evil" not in answer.headers.get("Location", "")
    assert "X" not in answer.headers


@pytest.fixture
async def portal(tmp_path):
    small, source = court(tmp_path / "court")
    identity = identity_file(tmp_path)
    async with house(tmp_path / "state", [source], identity=identity) as made:
        await until_indexed(made, 6)
        for pace in made.app[PACES].values():
            pace._burst = 1_000_000
        yield made
    small.close()


async def test_no_address_makes_it_fail(portal):
    async with portal.signed_in(QIN) as qin:
        await unlock(qin, PASSPHRASE)
        for route in ROUTES:
            if route.method != "GET" or route.path == ENDLESS:
                continue
            for value in VALUES:
                query = "&".join(f"{name}={quote(value, safe='')}" for name in QUERY)
                for log in ("", "court"):
                    harmless(await qin.get(of(route.path, value, log=log) + f"?{query}"))
                if "{" not in route.path:
                    one = VALUES.index(value) % len(QUERY)
                    harmless(await qin.get(f"{route.path}?{QUERY[one]}={quote(value, safe='')}"))
        assert (await qin.get("/")).status == 200


async def test_no_form_makes_it_fail(portal):
    async with portal.signed_in(QIN) as qin:
        token = (await qin.get("/opinions/new")).hidden("form_token")
        for route in ROUTES:
            # Sign-out ends the session; what is exported is no text.
            if route.method != "POST" or route.path.startswith(("/sign", "/logs/{log}/pack")):
                continue
            for value in VALUES:
                for name in RIGHT:
                    form = {"form_token": token, **RIGHT, name: value}
                    harmless(await qin.post(of(route.path, "2026-1", log="court"), form))
        assert (await qin.get("/")).status == 200


async def test_no_value_of_the_own_record_makes_it_fail(portal):
    """Each value in each of its filters, alone: one that is no filter would hide the others."""
    async with portal.signed_in(QIN) as qin:
        for name in ("event", "account", "before"):
            for value in VALUES:
                harmless(await qin.get(f"/looks?{name}={quote(value, safe='')}"))
        assert (await qin.get("/looks")).status == 200


@pytest.mark.parametrize("accept", ["application/json", "application/json" + "," * 3000, "\xff"])
async def test_programs_are_answered_as_harmlessly(portal, accept):
    async with portal.signed_in(QIN) as qin:
        for path in ("/entries", "/leads", "/looks", "/logs/court/entries/x", "/openapi.json"):
            for value in VALUES:
                answer = await qin.get(
                    f"{path}?since={quote(value, safe='')}&after={quote(value, safe='')}",
                    Accept=accept,
                )
                assert answer.status < 500
                # A browser takes it for no page.
                if "<script>" in answer.text:
                    assert "json" in answer.headers["Content-Type"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
