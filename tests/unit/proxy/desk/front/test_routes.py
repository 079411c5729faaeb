"""Who asks, and what of a request is read at all."""

import pytest

from tests.unit.proxy.desk.counter import CASE, CLERK
from tests.unit.proxy.desk.front.house import as_json


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic /w==", "Bearer", "Bearer x",
     "Digest a=b", "Basic Og==", "bearer \t", "Basic Y2xlcms6", "Token x"],
)  # fmt: skip
async def test_what_is_no_login_is_none(house, header):
    headers = {"Authorization": header} if header else {}
    reply = await house.send("GET", "/api/v1/applications", headers=headers)
    assert (reply.status, reply.json()["code"]) == (401, "not-logged-in")


async def test_two_logins_are_none(house):
    token = await house.token(CLERK)
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]
    assert (await house.send("GET", "/api/v1/applications", headers=twice)).status == 401


async def test_nothing_is_read_of_who_is_not_logged_in(house):
    reply = await house.send("POST", "/api/v1/applications", json=as_json(CASE))
    assert reply.status == 401
    assert house.desk.dossiers() == ()


@pytest.mark.parametrize(
    "query",
    ["?state=everything", "?limit=0", "?limit=501", "?offset=-1", "?limit=1e2", "?limit=1&limit=2",
     "?more=1", "?state=", "?limit=99999999999999999999", "?offset=%00"],
)  # fmt: skip
async def test_a_query_that_is_not_understood_is_refused(house, query):
    reply = await house.api(CLERK, "GET", f"/applications{query}")
    assert (reply.status, reply.json()["code"]) == (422, "malformed")


async def test_a_route_without_a_query_takes_none(house):
    number = await house.applied(CASE)
    assert (await house.api(CLERK, "GET", f"/applications/{number}?x=1")).status == 422
    assert (await house.api(CLERK, "GET", f"/applications/{number}", data=b"{}")).status == 422


@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/json", 201), ("application/json; charset=utf-8", 201), ("text/json", 415),
     ("application/json; charset=gbk", 415), ("application/x-www-form-urlencoded", 415)],
)  # fmt: skip
async def test_only_json_is_json(house, kind, status):
    import json

    data = json.dumps(as_json(CASE)).encode()
    headers = {"Content-Type": kind}
    reply = await house.api(CLERK, "POST", "/applications", data=data, headers=headers)
    assert reply.status == status


async def test_a_body_that_does_not_come_is_not_waited_for_without_end(house, monkeypatch):
    import asyncio

    from proxy.desk.front import routes

    monkeypatch.setattr(routes, "BODY_SECONDS_MAX", 0.2)
    token = await house.token(CLERK)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.front.port)
    writer.write(
        b"POST /api/v1/applications HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\nAuthorization: Bearer " + token.encode() + b"\r\n\r\n{"
    )
    await writer.drain()
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert house.desk.dossiers() == ()
