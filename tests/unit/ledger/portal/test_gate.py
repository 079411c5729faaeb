"""What is before every route: a session, a role that may, and a form of this site."""

import re

import pytest
from aiohttp import web

from ledger.portal.access import STRANGERS, TABLE, Role
from ledger.portal.gate import BODY_BYTES_MAX, HEADERS
from ledger.portal.route import Route
from ledger.portal.routes import ROUTES
from tests.unit.ledger.portal.house import GAO, LIN, QIN, house

# The form of sign-in is for who is not signed in, and has a token of its own.
FORMS = [r for r in ROUTES if r.method == "POST" and TABLE[r.method, r.path] is not STRANGERS]
PAGES = [r.path for r in ROUTES if r.method == "GET" and "{" not in r.path]
NO_PAGES = {"/live/events", "/statistics/sheet", "/statistics/print", "/openapi.json"}
OF_ROLE = {Role.SUPERVISOR: LIN, Role.CHIEF: QIN, Role.AUDITOR: GAO}


def filled(path):
    return re.sub(r"\{\w+\}", "1", path)


async def test_no_route_but_the_strangers_answers_without_a_session(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as stranger:
        for route in ROUTES:
            if TABLE[route.method, route.path] is STRANGERS:
                continue
            path = filled(route.path)
            answer = await (
                stranger.get(path) if route.method == "GET" else stranger.post(path, {})
            )
            assert (answer.status, answer.headers["Location"]) == (303, "/sign-in"), path
            assert answer.text == ""
        assert portal.recorded() == []


@pytest.mark.parametrize("role", Role)
async def test_each_role_has_its_own_routes_and_no_other(tmp_path, role):
    async with house(tmp_path) as portal, portal.signed_in(OF_ROLE[role]) as somebody:
        for route in ROUTES:
            if role in TABLE[route.method, route.path] or not TABLE[route.method, route.path]:
                continue
            path = filled(route.path)
            answer = await (
                somebody.get(path) if route.method == "GET" else somebody.send("/", path, {})
            )
            assert answer.status == 403, path
            assert "您的角色无权使用此页面" in answer.text


def test_an_auditor_cannot_unlock_or_look_for_people():
    for place in (("POST", "/unlock"), ("POST", "/person"), ("GET", "/person")):
        assert Role.AUDITOR not in TABLE[place]


async def test_a_route_without_a_row_is_refused_even_if_it_were_served(tmp_path, monkeypatch):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        monkeypatch.setattr("ledger.portal.gate.TABLE", {})
        assert (await lin.get("/")).status == 403


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": ""}, {"Origin": "null"},
     {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}],
    ids=["another", "none", "null", "cross", "sibling"],
)  # fmt: skip
async def test_a_form_that_another_site_sent_is_refused(tmp_path, headers):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        token = (await lin.get("/")).hidden("form_token")
        answer = await lin.post("/sign-out", {"form_token": token}, **headers)
        assert answer.status == 403
        assert (await lin.get("/")).status == 200


@pytest.mark.parametrize("route", FORMS, ids=lambda r: r.path)
async def test_no_form_is_taken_without_its_token_or_with_anothers(tmp_path, route):
    async with house(tmp_path) as portal, portal.signed_in() as lin, portal.signed_in(QIN) as qin:
        foreign = (await lin.get("/")).hidden("form_token")
        for token in ("", "x", foreign, "é"):
            answer = await qin.post(filled(route.path), {"form_token": token})
            assert answer.status == 403
            assert "此表单已失效" in answer.text
        assert (await qin.get("/")).status == 200


async def test_headers_are_on_all_that_leaves(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        for path in ("/", "/sign-in", "/static/portal.css", "/nowhere", "/person"):
            answer = await lin.get(path)
            assert HEADERS.items() <= dict(answer.headers).items(), path
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


async def test_pages_have_no_script_and_no_style_of_their_own(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in(QIN) as qin:
        for path in {*PAGES, "/sign-in"} - NO_PAGES:
            answer = await qin.get(path)
            assert (answer.status, path == "/sign-in") in ((200, False), (303, True)), path
            text = answer.text
            assert "style=" not in text
            assert " on" + "click" not in text
            for part in text.split("<script")[1:]:
                assert part.startswith(' src="/static/')


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [(b"x" * (BODY_BYTES_MAX + 1), {"Content-Type": "application/x-www-form-urlencoded"}, 413),
     (b'{"a": 1}', {"Content-Type": "application/json"}, 415),
     (b"form_token=a&form_token=b", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
     (b"\xff=1", {"Content-Type": "application/x-www-form-urlencoded"}, 400),
     (b"&".join(b"f%d=1" % n for n in range(100)),
      {"Content-Type": "application/x-www-form-urlencoded"}, 400)],
    ids=["too large", "no form", "twice", "no text", "too many fields"],
)  # fmt: skip
async def test_what_is_no_form_is_refused(tmp_path, data, headers, status):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        given = {"Origin": lin.base, **headers}
        async with lin.session.post(lin.base + "/sign-out", data=data, headers=given) as answer:
            assert answer.status == status


async def test_an_error_shows_no_trace_and_is_a_page(tmp_path, caplog):
    async def broken(_: web.Request) -> web.Response:
        raise ValueError("110105194912310000 of a synthetic person")

    routes = [Route(r.method, r.path, broken) if r.path == "/live" else r for r in ROUTES]
    async with house(tmp_path, routes=routes) as portal, portal.signed_in() as lin:
        answer = await lin.get("/live")
        assert answer.status == 500
        assert "平台内部错误" in answer.text
        assert "1101051949" not in answer.text
        assert "Traceback" not in answer.text
    (said,) = [each for each in caplog.records if each.name == "ledger.portal.gate"]
    assert said.error == "ValueError"
    assert "1101051949" not in caplog.text


async def test_the_language_is_a_choice_and_leads_nowhere_else(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        assert 'lang="zh-CN"' in (await lin.get("/")).text
        for place, leads in (("/entries?kind=permit", None), ("//evil.example", "/"),
                             ("https://evil.example", "/"), ("/\\evil.example", "/"),
                             ("/a\r\nSet-Cookie: x=1", "/")):  # fmt: skip
            answer = await lin.post("/language", {"language": "en", "here": place})
            assert answer.headers["Location"] == (leads or place)
        page = await lin.get("/")
        assert '<html lang="en">' in page.text
        assert "Records of the agencies" in page.text
        assert (await lin.post("/language", {"language": "<b>"})).status == 400
