"""The API on the real desk: from login to the end of a permit."""

from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from proxy.desk.model import Standing
from tests.unit.proxy.desk.counter import (
    APPROVER,
    BATCH,
    BOTH,
    CASE,
    CHECK,
    CLERK,
    PERSON,
    SECOND,
)  # fmt: skip
from tests.unit.proxy.desk.front.house import PASSWORD, as_json


async def test_an_application_goes_from_receipt_to_its_end(house):
    number = await house.applied(CASE)
    shown = (await house.api(CLERK, "GET", f"/applications/{number}")).json()
    assert (shown["state"], shown["received_by"]) == ("received", CLERK.name)
    assert shown["application"]["subjects"] == [PERSON]
    granted = await house.api(APPROVER, "POST", f"/applications/{number}/grant")
    assert (granted.status, granted.json()["state"]) == (200, "granted")
    assert [permit.number for permit in house.desk.permits()] == [number]
    body = {"reason": "no-longer-needed"}
    revoked = await house.api(SECOND, "POST", f"/applications/{number}/revoke", json=body)
    assert revoked.json()["state"] == "revoked"
    assert house.desk.permits() == ()
    again = await house.api(SECOND, "POST", f"/applications/{number}/revoke", json=body)
    assert (again.status, again.json()["code"]) == (409, "not-in-force")


async def test_what_is_created_says_where_it_is(house):
    reply = await house.api(CLERK, "POST", "/applications", json=as_json(CHECK))
    assert reply.headers["Location"] == f"/api/v1/applications/{reply.json()['number']}"


@pytest.mark.requirement("D4")
async def test_a_refusal_has_its_document_and_others_have_none(house):
    number = await house.applied(CASE)
    none = await house.api(CLERK, "GET", f"/applications/{number}/refusal")
    assert none.status == 404
    body = {"ground": "mismatch"}
    await house.api(APPROVER, "POST", f"/applications/{number}/refuse", json=body)
    text = (await house.api(CLERK, "GET", f"/applications/{number}/refusal")).text
    assert "不许可查询决定书" in text
    assert number in text
    assert PERSON not in text


@pytest.mark.requirement("G1")
async def test_the_duty_of_secrecy_is_there_to_be_signed_and_nothing_is_taken_in_without(house):
    reply = await house.api(CLERK, "GET", "/undertaking")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert "保密义务告知" in reply.text
    unsigned = as_json(CASE)
    del unsigned["undertaking_sha256"]
    assert (await house.api(CLERK, "POST", "/applications", json=unsigned)).status == 422
    of_nothing = replace(CASE, undertaking_sha256=sha256(b"").hexdigest())
    reply = await house.api(CLERK, "POST", "/applications", json=as_json(of_nothing))
    assert (reply.status, reply.json()["code"]) == (422, "undertaking")


@pytest.mark.requirement("C4")
async def test_a_platform_is_refused_at_once_and_nobody_can_grant_it(house):
    reply = await house.api(
        CLERK, "POST", "/applications", json=as_json(replace(CHECK, standing=Standing.PLATFORM))
    )
    assert (reply.status, reply.json()["state"]) == (201, "refused")
    number = reply.json()["number"]
    granted = await house.api(APPROVER, "POST", f"/applications/{number}/grant")
    assert (granted.status, granted.json()["code"]) == (409, "decided")


async def test_who_took_it_in_does_not_decide(house):
    number = await house.applied(CASE, BOTH)
    for step, body in (("grant", {}), ("refuse", {"ground": "mismatch"})):
        reply = await house.api(BOTH, "POST", f"/applications/{number}/{step}", json=body)
        assert (reply.status, reply.json()["code"]) == (403, "own-application")
    assert house.desk.permits() == ()


async def test_a_role_that_is_missing_does_nothing(house):
    number = await house.applied(CASE)
    granted = await house.api(CLERK, "POST", f"/applications/{number}/grant", json={})
    taken = await house.api(APPROVER, "POST", "/applications", json=as_json(CASE))
    assert {granted.json()["code"], taken.json()["code"]} == {"role"}
    assert {granted.status, taken.status} == {403}
    assert len(house.desk.dossiers()) == 1


async def test_the_register_is_the_latest_first_in_parts_and_names_nobody_asked_about(house):
    numbers = [await house.applied(each) for each in (CASE, CHECK, BATCH)]
    whole = await house.api(CLERK, "GET", "/applications")
    listed = whole.json()
    assert listed["total"] == 3
    assert {line["number"] for line in listed["applications"]} == set(numbers)
    assert PERSON not in whole.text
    part = (await house.api(CLERK, "GET", "/applications?offset=1&limit=1")).json()
    assert part["applications"] == listed["applications"][1:2]
    none = (await house.api(CLERK, "GET", "/applications?state=granted")).json()
    assert none == {"total": 0, "applications": []}


@pytest.mark.requirement("D3")
async def test_what_should_have_been_decided_is_marked(house):
    number = await house.applied(CASE)
    desk = house.desk
    path = f"/applications/{number}"
    assert not (await house.api(CLERK, "GET", path)).json()["overdue"]
    later = desk._clock() + 4 * 86_400
    desk._clock = lambda: later
    assert (await house.api(CLERK, "GET", path)).json()["overdue"]
    await house.api(APPROVER, "POST", f"{path}/refuse", json={"ground": "incomplete"})
    assert not (await house.api(CLERK, "GET", path)).json()["overdue"]


async def test_name_and_password_do_without_a_token(house):
    for name, password, status in (
        (CLERK.name, PASSWORD, 200),
        (CLERK.name, "wrong", 401),
        ("nobody", PASSWORD, 401),
    ):
        auth = "Basic " + b64encode(f"{name}:{password}".encode()).decode()
        headers = {"Authorization": auth}
        assert (await house.send("GET", "/api/v1/applications", headers=headers)).status == status


async def test_a_token_ends_with_its_logout(house):
    await house.token(CLERK)
    assert (await house.api(CLERK, "POST", "/logout")).status == 200
    assert (await house.api(CLERK, "GET", "/applications")).status == 401
