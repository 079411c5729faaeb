"""The description is served to who is signed in, about the portal that serves it."""

import json

import pytest

from ledger.portal.description import describe
from tests.unit.ledger.portal.house import GAO, LIN, court, house


@pytest.mark.parametrize("account", [LIN, GAO], ids=["supervisor", "auditor"])
async def test_whoever_is_signed_in_gets_it_and_nobody_else(tmp_path, account):
    small, source = court(tmp_path / "court")
    async with house(tmp_path / "state", [source]) as portal:
        async with portal.browser() as stranger:
            answer = await stranger.get("/openapi.json")
            assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")
        async with portal.signed_in(account) as somebody:
            answer = await somebody.get("/openapi.json")
        assert answer.headers["Content-Type"].startswith("application/json")
        assert json.loads(answer.text) == describe(["court"], "fengcun-portal")
    small.close()
