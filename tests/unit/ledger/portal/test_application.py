"""The whole: what starts with it, what ends with it."""

from dataclasses import replace

import pytest

from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.portal import application as module
from ledger.portal.accounts import ACCOUNTS_FILE, write_accounts
from ledger.portal.context import DOORKEEPER
from ledger.portal.route import Route
from ledger.portal.routes import ROUTES
from ledger.verify import verify_log
from tests.unit.ledger.portal.house import LIN, PEOPLE, house, until


async def test_its_own_log_is_whole_when_it_has_stopped(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        await lin.get("/entries")
    report = verify_log(DirectoryLog(portal.looks.directory), portal.looks.keys)
    assert report.kinds["look"] == 2
    assert report.kinds["heartbeat"] == 1


async def test_it_beats_and_sweeps_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(module, "SWEEP_SECONDS", 0.01)
    async with house(tmp_path) as portal, portal.signed_in():
        for sitting in portal.app[DOORKEEPER]._sittings._kept.values():
            sitting.seen -= 1e6

        async def swept():
            return not portal.app[DOORKEEPER]._sittings._kept

        await until(swept)

        async def beaten():
            return portal.looks._sequencer.size > 6

        await until(beaten)
    report = verify_log(DirectoryLog(portal.looks.directory), portal.looks.keys)
    assert report.kinds["heartbeat"] > 1


async def test_a_route_that_nobody_gave_a_role_does_not_start(tmp_path):
    routes = [*ROUTES, Route("GET", "/everything", ROUTES[0].handle)]
    with pytest.raises(ConfigurationError, match="GET /everything has no role"):
        async with house(tmp_path, routes=routes):
            pass


async def test_who_was_removed_or_got_another_role_is_out_at_once(tmp_path):
    async with house(tmp_path) as portal:
        for people in ({}, {**PEOPLE, "lin": replace(LIN, role=PEOPLE["gao"].role)}):
            write_accounts(tmp_path / ACCOUNTS_FILE, PEOPLE)
            async with portal.signed_in() as lin:
                assert (await lin.get("/")).status == 200
                write_accounts(tmp_path / ACCOUNTS_FILE, people)
                assert (await lin.get("/")).headers["Location"] == "/sign-in"
