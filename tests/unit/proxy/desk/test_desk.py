"""The desk as officers use it: real ledger, real files, a clock of the test's."""

import asyncio
import json
import logging
import os
import stat
from dataclasses import replace
from datetime import date, datetime

import pytest

from ledger.entry import parse_entry
from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import scan
from ledger.fetch import DirectoryLog
from ledger.fields import EntryKind
from ledger.keys import load_pseudonyms
from proxy.desk.desk import Desk
from proxy.desk.documents import CHINA
from proxy.desk.errors import DeskError
from proxy.desk.model import (
    Officer,
    Purpose,
    RefusalGround,
    RevocationReason,
    Role,
    Standing,
    State,
)
from proxy.errors import RecordUnavailable
from proxy.policy.law import PrincipalKind
from proxy.policy.permit import Scope
from tests.unit.proxy.desk.counter import (
    APPROVER,
    BATCH,
    BOTH,
    CASE,
    CHECK,
    CLERK,
    DAY,
    HANDLER,
    KINDS,
    PERSON,
    SECOND,
    law_of,
)


def refused(code):
    return pytest.raises(DeskError, check=lambda error: error.code == code)


def headers(site):
    """The permit entries of the whole log, durable or published."""
    wanted = EntryFilter(kinds=frozenset({EntryKind.PERMIT}))
    found = scan(DirectoryLog(site.ledger.directory), wanted)
    return [parse_entry(each.data)[0].header for each in found]


@pytest.mark.requirement("D2", "D8", "D9", "D13", "G1")
async def test_an_application_is_taken_in_granted_and_in_force(site):
    async with site.open() as desk:
        received = await desk.apply(CLERK, CASE)
        assert (received.state, site.enforced) == (State.RECEIVED, ())
        granted = await desk.grant(APPROVER, received.number)
        (permit,) = site.enforced
        assert (permit.number, permit.subjects, permit.scope) == (
            received.number,
            (PERSON,),
            Scope.FULL,
        )
        assert (permit.valid_from, permit.valid_until) == (site.now, site.now + 10 * DAY)
        assert (permit.case, permit.uses_max) == (CASE.case, 100)
        assert desk.dossier(received.number) == granted
        first, second = headers(site)
        pseudonym = load_pseudonyms(site.ledger.keys).of
        assert (first["event"], second["event"]) == ("received", "granted")
        assert second["subjects"] == [pseudonym("person", PERSON)]
        assert second["handler"] == pseudonym("person", HANDLER)
        assert second["case"] == pseudonym("case", CASE.case)
        assert second["approver"] == pseudonym("officer", APPROVER.name)
        assert second["officer"] == pseudonym("officer", CLERK.name)
        assert second["undertaking"] == pseudonym("undertaking", CASE.undertaking_sha256)
        assert second["basis"] == "中华人民共和国刑事诉讼法第286条"
        assert first["document_hmac"] != second["document_hmac"]


@pytest.mark.requirement("B6")
@pytest.mark.parametrize(
    ("application", "label"),
    [
        (CASE, "含犯罪记录封存信息"),
        (replace(CHECK, case="(2026)合1号"), "含犯罪记录封存信息"),
        (CHECK, None),
        (replace(BATCH, case="(2026)合1号"), None),
    ],
    ids=["for a case", "conviction for a case", "for none", "shows nothing sealed"],
)
async def test_a_case_that_uses_what_is_sealed_is_to_be_labelled(site, application, label):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, application)).number
        await desk.grant(APPROVER, number)
        assert [each.get("label") for each in headers(site)] == [None, label]


@pytest.mark.requirement("C4", "C5", "D1")
@pytest.mark.parametrize(
    ("change", "ground", "rule"),
    [
        ({"standing": Standing.PLATFORM}, RefusalGround.PLATFORM_OR_BULK, "platform-standing"),
        ({"principal": "bgcheck"}, RefusalGround.PLATFORM_OR_BULK, "platform-principal"),
        ({"basis": "网约车暂行办法"}, RefusalGround.NO_BASIS, "no-basis"),
    ],
)
async def test_what_the_law_refuses_is_refused_at_once_and_recorded(site, change, ground, rule):
    async with site.open() as desk:
        dossier = await desk.apply(CLERK, replace(CASE, **change))
        assert (dossier.state, dossier.ground, dossier.rule) == (State.REFUSED, ground, rule)
        assert dossier.decided_by is None
        assert [each["event"] for each in headers(site)] == ["received", "refused"]
        with refused("decided"):
            await desk.grant(APPROVER, dossier.number)
        assert site.enforced == ()


async def test_what_is_not_filled_in_right_is_not_taken_in(site):
    async with site.open() as desk:
        with refused("field-missing"):
            await desk.apply(CLERK, replace(CASE, letter=" "))
        assert desk.dossiers() == ()
        assert headers(site) == []
        assert not list(site.desk_directory.glob("xk-*"))


@pytest.mark.requirement("D13")
@pytest.mark.parametrize(
    "name", ["clerk-li", "Clerk-Li", " clerk-li ", "ｃｌｅｒｋ-li", "clerk-\u200bli"]
)
async def test_who_took_it_in_does_not_decide_however_they_spell_themselves(site, name):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        same = Officer(name, frozenset(Role))
        with refused("own-application"):
            await desk.grant(same, number)
        with refused("own-application"):
            await desk.refuse(same, number, RefusalGround.INCOMPLETE)
        assert desk.dossier(number).state is State.RECEIVED


async def test_each_step_needs_its_role(site):
    async with site.open() as desk:
        with refused("role"):
            await desk.apply(APPROVER, CASE)
        number = (await desk.apply(BOTH, CASE)).number
        for step in (
            desk.grant(CLERK, number),
            desk.refuse(CLERK, number, RefusalGround.MISMATCH),
            desk.revoke(CLERK, number, "supervision"),
        ):
            with refused("role"):
                await step
        for missing in ("xk-20260101-aaaaaaaaaa", "../../etc/passwd", ""):
            with refused("unknown-number"):
                await desk.grant(APPROVER, missing)


async def test_a_revocation_is_in_force_when_it_returns_and_ends_it(site):
    async with site.open() as desk:
        number = (await desk.apply(BOTH, CASE)).number
        with refused("not-in-force"):
            await desk.revoke(APPROVER, number, "wrongly-granted")
        await desk.grant(APPROVER, number)
        with refused("reason-code"):
            await desk.revoke(APPROVER, number, "because")
        ended = await desk.revoke(BOTH, number, RevocationReason.UNDERTAKING_BROKEN)
        assert (ended.state, site.enforced) == (State.REVOKED, ())
        assert ended.reason is RevocationReason.UNDERTAKING_BROKEN
        assert headers(site)[-1]["reason"] == "undertaking-broken"
        with refused("not-in-force"):
            await desk.revoke(APPROVER, number, "supervision")
        with refused("decided"):
            await desk.grant(APPROVER, number)


async def test_a_permit_ends_by_the_clock_and_its_end_is_recorded(site):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        await desk.grant(APPROVER, number)
        site.now += 10 * DAY - 1
        assert desk.dossier(number).state is State.GRANTED
        site.now += 1
        assert desk.dossier(number).state is State.EXPIRED
        assert desk.permits() == ()
        with refused("not-in-force"):
            await desk.revoke(APPROVER, number, "supervision")
        await desk.expire()
        assert site.enforced == ()
        assert [each["event"] for each in headers(site)] == ["received", "granted", "expired"]
        site.now -= DAY  # a clock put back does not bring it back
        assert desk.dossier(number).state is State.EXPIRED
        await desk.expire()
        assert len(headers(site)) == 3


async def test_two_approvers_at_once_make_one_decision(site):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        results = await asyncio.gather(
            desk.grant(APPROVER, number),
            desk.refuse(SECOND, number, RefusalGround.MISMATCH),
            desk.grant(SECOND, number),
            return_exceptions=True,
        )
        errors = [each.code for each in results if isinstance(each, DeskError)]
        assert errors == ["decided", "decided"]
        assert [each["event"] for each in headers(site)] == ["received", "granted"]


async def test_a_step_goes_to_its_end_when_who_asked_has_gone(site):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        asked = asyncio.create_task(desk.grant(APPROVER, number))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await desk.reconsider()  # waits for its turn
        assert site.numbers_in_force() == {number}


@pytest.mark.requirement("C4")
async def test_a_principal_that_becomes_a_platform_loses_its_permits(site):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        waiting = (await desk.apply(CLERK, CASE)).number
        await desk.grant(APPROVER, number)
        for kinds in (
            {**KINDS, "court": PrincipalKind.PLATFORM},
            {**KINDS, "court": PrincipalKind.UNIT},
            {"school": PrincipalKind.UNIT},
        ):
            site.law = law_of(kinds)
            await desk.reconsider()
            assert site.enforced == ()
            with refused("unlawful-now"):
                await desk.grant(APPROVER, waiting)
        site.law = law_of()
        await desk.reconsider()
        assert site.numbers_in_force() == {number}


async def test_what_could_not_be_enforced_is_tried_again(site, monkeypatch):
    monkeypatch.setattr("proxy.desk.desk.LOOK_SECONDS", 0.01)
    failing, enforced = True, asyncio.Event()

    async def enforce(permits):
        if permits and failing:
            raise RecordUnavailable("synthetic")
        if permits:
            enforced.set()

    site.enforce = enforce
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        with pytest.raises(RecordUnavailable):
            await desk.grant(APPROVER, number)
        assert desk.dossier(number).state is State.GRANTED
        failing = False
        await asyncio.wait_for(enforced.wait(), 20)


async def test_it_looks_after_permits_and_the_ledger_by_itself(site, monkeypatch):
    monkeypatch.setattr("proxy.desk.desk.LOOK_SECONDS", 0.01)
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number
        await desk.grant(APPROVER, number)
        site.now += 10 * DAY
        async with asyncio.timeout(30):
            while [each["event"] for each in headers(site)][-1] != "expired":
                await asyncio.sleep(0.05)
            while not remembers(site, number, "expired"):
                await asyncio.sleep(0.05)
        assert site.enforced == ()


def remembers(site, number, event):
    body = (site.desk_directory / "ledger-read.json").read_bytes().partition(b"\n")[2]
    latest = {each: line for each, _, line in json.loads(body)["latest"]}
    return f'"event":"{event}"' in latest.get(number, "")


async def test_a_disk_that_does_not_write_decides_nothing(site, monkeypatch, caplog):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CASE)).number

        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("proxy.desk.store.Store.add", full)
        with refused("store"):
            await desk.grant(APPROVER, number)
        assert desk.dossier(number).state is State.RECEIVED
        assert (site.enforced, len(headers(site))) == ((), 1)
    assert number not in caplog.text


async def test_a_ledger_that_does_not_write_decides_nothing(site):
    async with site.notary() as line:
        desk = Desk(site.rooms(line), lambda: site.law, site.enforce, lambda: site.now)
        await desk.start()
        number = (await desk.apply(CLERK, CASE)).number
        await line.close()
        with pytest.raises(RecordUnavailable):
            await desk.grant(APPROVER, number)
        assert (desk.dossier(number).state, site.enforced) == (State.RECEIVED, ())
        await desk.close()
        with refused("closed"):
            await desk.apply(CLERK, CASE)


@pytest.mark.requirement("D3")
async def test_what_is_late_is_listed_by_working_days(site):
    async with site.open() as desk:
        site.now = datetime(2026, 9, 30, 9, 0, tzinfo=CHINA).timestamp()
        late = await desk.apply(CLERK, CASE)
        assert (late.decide_by, late.calendar_known) == (date(2026, 10, 10), True)
        site.now = datetime(2026, 12, 30, 9, 0, tzinfo=CHINA).timestamp()
        unknown = await desk.apply(CLERK, CASE)
        assert not unknown.calendar_known
        assert desk.overdue(date(2026, 10, 10)) == ()
        assert desk.overdue(date(2026, 10, 11)) == (late,)
        await desk.refuse(APPROVER, late.number, RefusalGround.INCOMPLETE)
        assert desk.overdue(date(2026, 10, 11)) == ()
        assert [each.number for each in desk.dossiers()] == [unknown.number, late.number]
        assert desk.dossiers(State.RECEIVED) == (unknown,)


async def test_what_was_received_before_today_is_counted_from_then(site):
    async with site.open() as desk:
        received = await desk.apply(CLERK, replace(CASE, received_on=date(2026, 2, 27)))
        assert received.decide_by == date(2026, 3, 3)  # the 28th, a Saturday, is worked


async def test_a_year_without_a_calendar_is_said_at_the_start(site, caplog):
    site.now = datetime(2031, 1, 2, tzinfo=CHINA).timestamp()
    async with site.open():
        pass
    (said,) = [each for each in caplog.records if "calendar of working days" in each.message]
    assert (said.levelno, said.year) == (logging.ERROR, 2031)


async def test_no_more_is_given_than_the_desk_may_give_when_it_is_granted(site):
    async with site.open() as desk:
        number = (await desk.apply(CLERK, replace(CASE, valid_days=30, uses_max=90))).number
    site.terms = replace(site.terms, valid_days_max=3, uses_max=5)
    async with site.open() as desk:
        await desk.grant(APPROVER, number)
        (permit,) = site.enforced
        assert (permit.valid_until, permit.uses_max) == (site.now + 3 * DAY, 5)


async def test_nothing_of_anybody_is_in_names_of_files_metrics_or_logs(site, caplog):
    caplog.set_level(logging.DEBUG)
    async with site.open() as desk:
        number = (await desk.apply(CLERK, CHECK)).number
        await desk.grant(APPROVER, number)
        assert number.startswith("xk-20260302-")
        names = " ".join(os.listdir(site.desk_directory))
        for secret in (PERSON, HANDLER, CHECK.unit, CHECK.handler_name, CLERK.name):
            assert secret not in names + caplog.text
            for data in scan(DirectoryLog(site.ledger.directory), EntryFilter()):
                assert secret.encode() not in data.data
        modes = {stat.S_IMODE(each.stat().st_mode) for each in site.desk_directory.iterdir()}
        assert modes == {0o600}
        assert stat.S_IMODE(site.desk_directory.stat().st_mode) == 0o700
    sample = site.metrics.registry.get_sample_value
    assert sample("fengcun_permit_steps_total", {"kind": "granted"}) == 1
    assert sample("fengcun_permits_in_force") == 1


@pytest.mark.requirement("C5")
async def test_a_list_is_for_close_contact_alone(site):
    async with site.open() as desk:
        good = await desk.apply(CLERK, BATCH)
        bad = await desk.apply(
            CLERK, replace(BATCH, purpose=Purpose.STATUTORY_CHECK, basis="lawyers")
        )
        assert (good.state, bad.state) == (State.RECEIVED, State.REFUSED)
        assert bad.ground is RefusalGround.PLATFORM_OR_BULK
