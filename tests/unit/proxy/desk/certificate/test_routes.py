"""Certificates by HTTP: officers issue, whoever has the paper checks."""

import json
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ledger.accounts.doorkeeper import TooManyAttempts
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.routes import VERIFY_PATH, certificate_routes, verify_page
from proxy.desk.front.description import describe
from proxy.desk.front.problem import problem_of
from proxy.desk.front.rendering import problem_page
from proxy.desk.front.routes import PREFIX, Call
from proxy.desk.front.shapes import Malformed, NoBody, read_shape
from tests.unit.proxy.desk.certificate.samples import REQUEST, UNIT
from tests.unit.proxy.desk.certificate.test_desk import CLERK, rooms

__all__ = ["rooms"]


PER_MINUTE = 8


@web.middleware
async def problems(request, handler):
    """As the front answers."""
    try:
        return await handler(request)
    except TooManyAttempts as error:
        return problem_page(problem_of(error))


@pytest.fixture
async def client(rooms):
    """The routes, with an officer who is let in: who is let in is the front's to say."""
    app = web.Application(middlewares=[problems])
    for route in certificate_routes(rooms[0]):

        async def handle(request, route=route):
            body = read_shape(await request.read(), route.body) if route.body else NoBody()
            try:
                return await route.handle(Call(None, request, CLERK, body, NoBody()))
            except CertificateError as error:
                return problem_of(error).response()

        app.router.add_route(route.method, PREFIX + route.path, handle)
    app.router.add_get(VERIFY_PATH, verify_page(rooms[0], PER_MINUTE))
    async with TestClient(TestServer(app)) as client:
        yield client


async def issue(client, request=REQUEST):
    return await client.post("/api/v1/certificates", data=json.dumps(request).encode())


async def test_a_form_is_issued_and_fetched(client):
    answer = await issue(client)
    said = await answer.json()
    assert (answer.status, said["serial"], said["form"]) == (201, "000001", "certificate")
    form = await client.get(answer.headers["Location"])
    assert form.content_type == "application/pdf"
    assert (await form.read()).startswith(b"%PDF-")
    assert (await client.get("/api/v1/certificates/000002.pdf")).status == 404


async def test_periods_and_units_come_through(client):
    request = {**REQUEST, "period": {"from": "2020-01-01", "until": "2021-01-01"}}
    assert (await issue(client, request)).status == 201
    said = await (await issue(client, {**REQUEST, "asked": "letter", "applicant": UNIT})).json()
    assert said["form"] == "letter"


async def test_what_is_wrong_is_a_problem_with_its_field(client):
    request = {**REQUEST, "person": {**REQUEST["person"], "number": "110105200405100019"}}
    answer = await issue(client, request)
    problem = await answer.json(content_type=None)
    assert (answer.status, problem["code"]) == (422, "identity")
    assert problem["fields"][0]["field"] == "person.number"
    assert "1101052004" not in json.dumps(problem)


@pytest.mark.requirement("E1")
async def test_the_page_shows_what_the_paper_has_to_say(client, rooms):
    said = await (await issue(client)).json()
    page = await client.get(f"/verify/{said['code']}")
    text = await page.text()
    assert page.status == 200
    assert "无犯罪记录证明" in text
    assert "甲一" in text
    await rooms[0].revoke(CLERK, 1)
    assert "已经撤销" in await (await client.get(f"/verify/{said['code']}")).text()


async def test_a_wrong_code_and_no_code_get_one_answer(client, rooms):
    issued = await rooms[0].issue(CLERK, request_of())
    wrong = replace(issued.code, salt=b"\0" * 14)
    free = replace(issued.code, number=7)
    answers = []
    for code in (wrong, free, "FC-AAAAA", "%3Cscript%3E"):
        page = await client.get(f"/verify/{code}")
        answers.append((page.status, await page.text()))
    assert len(set(answers[:3])) == 1
    assert {status for status, _ in answers} == {404}


async def test_who_looks_too_often_has_to_wait_whatever_the_code(client, rooms):
    issued = await rooms[0].issue(CLERK, request_of())
    codes = [str(issued.code), "FC-AAAAA"] * (PER_MINUTE // 2)
    statuses = [(await client.get(f"/verify/{code}")).status for code in codes]
    assert statuses == [200, 404] * (PER_MINUTE // 2)
    for code in (str(issued.code), "FC-AAAAA"):
        page = await client.get(f"/verify/{code}")
        assert page.status == 429
        assert 1 <= int(page.headers["Retry-After"]) <= 60 / PER_MINUTE + 1
        assert "请稍后再试" in await page.text()


async def test_what_is_shown_is_escaped(client):
    request = {**REQUEST, "person": {**REQUEST["person"], "name": "<b>&"}}
    said = await (await issue(client, request)).json()
    text = await (await client.get(f"/verify/{said['code']}")).text()
    assert "&lt;b&gt;&amp;" in text
    assert "<b>" not in text


def request_of():
    from tests.unit.proxy.desk.certificate.test_decoding import decoded

    return decoded(REQUEST)


def test_the_shape_is_closed_and_described(rooms):
    (post, _) = certificate_routes(rooms[0])
    with pytest.raises(Malformed):
        read_shape(json.dumps({**REQUEST, "more": 1}).encode(), post.body)
    paths = describe((certificate_routes(rooms[0]),))["paths"]
    assert {f"{PREFIX}/certificates", f"{PREFIX}/certificates/{{serial}}.pdf"} <= paths.keys()
