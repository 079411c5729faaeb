"""What holds for every answer, and what no request can do."""

import asyncio
import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.desk.front.application import HEADERS
from proxy.desk.front.shapes import BODY_BYTES_MAX, FieldProblem, ProblemShape
from proxy.errors import RecordUnavailable
from tests.unit.proxy.desk.counter import APPROVER, CASE, CLERK, PERSON
from tests.unit.proxy.desk.front.house import as_form, as_json

PATHS = (
    "/", "/login", "/desk.css", "/nowhere", "/applications/new", "/api/v1/nowhere",
    "/api/v1/openapi.json", "/api/v1/applications", "/applications/..%2f..%2fetc%2fpasswd",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_no_answer_is_kept_embedded_or_told_on(house, path):
    reply = await house.send("GET", path)
    for name, value in HEADERS.items():
        assert reply.headers[name] == value
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert reply.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "number",
    ["..", "%2e%2e", "..%2f..%2fofficers.toml", "%00", "xk-20260302-aaaaaaaaaa%0d%0aX-Evil:1",
     "XK-20260302-AAAAAAAAAA", "xk-20260302-aaaaaaaaaa.jsonl", "a" * 65, "xk-20260302-aaaaaaaaaa"],
)  # fmt: skip
async def test_a_number_is_never_a_path(house, number):
    for path in (f"/applications/{number}", f"/applications/{number}/refusal"):
        reply = await house.api(CLERK, "GET", path)
        assert reply.status == 404
        assert ProblemShape.model_validate_json(reply.body).status == 404
        assert "X-Evil" not in reply.headers
    clerk = await house.browser(CLERK)
    assert (await clerk.get(f"/applications/{number}")).status == 404


async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(house):
    clerk = await house.browser(CLERK)
    large = b'{"agency": "' + b"x" * BODY_BYTES_MAX + b'"}'
    assert (await house.send("POST", "/api/v1/login", data=large)).status == 413
    reply = await house.api(CLERK, "POST", "/applications", data=large)
    assert (reply.status, reply.json()["code"]) == (413, "request-entity-too-large")
    form = {**as_form(CASE), "reason": "x" * BODY_BYTES_MAX}
    assert (await clerk.post("/applications", form)).status == 413
    assert house.desk.dossiers() == ()


async def test_line_ends_in_a_field_make_no_header(house):
    evil = {**as_json(CASE), "unit": "x\r\nSet-Cookie: a=b"}
    reply = await house.api(CLERK, "POST", "/applications", json=evil)
    assert reply.status == 422
    assert "Set-Cookie" not in reply.headers
    assert "Set-Cookie" not in reply.text


async def test_an_error_that_nobody_foresaw_tells_nothing_of_what_was_written(house, caplog):
    async def broken(*_):
        raise ValueError(f"it holds {PERSON}")

    house.desk.apply = broken
    with caplog.at_level(logging.DEBUG):
        reply = await house.api(CLERK, "POST", "/applications", json=as_json(CASE))
        page = await house.browser(CLERK)
        html = await page.post("/applications", as_form(CASE))
    assert (reply.status, reply.json()["code"]) == (500, "internal-server-error")
    assert html.status == 500
    assert PERSON not in reply.text + html.text
    assert all(PERSON not in record.getMessage() for record in caplog.records)
    assert "a request to the desk failed" in caplog.messages


async def test_without_a_ledger_nothing_is_done_and_the_clerk_is_told(house):
    async def unrecorded(*_):
        raise RecordUnavailable("the notary is gone")

    house.desk.apply = unrecorded
    reply = await house.api(CLERK, "POST", "/applications", json=as_json(CASE))
    assert (reply.status, reply.json()["code"]) == (503, "ledger")


async def test_no_name_or_number_of_a_person_is_logged(house, caplog):
    with caplog.at_level(logging.DEBUG):
        number = await house.applied(CASE)
        await house.api(APPROVER, "POST", f"/applications/{number}/grant")
        wrong = {**as_json(CASE), "handler_identity": "99999919800101001"}
        await house.api(CLERK, "POST", "/applications", json={**wrong, PERSON: 1})
        await house.send("POST", "/api/v1/login", json={"officer": "合成者", "password": "x"})
    for text in (PERSON, CASE.handler_name, CASE.handler_identity, "合成者"):
        assert text not in caplog.text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
GOOD = as_json(CASE)
# One field of a good application is something else, or gone, or one too many.
BENT = st.builds(
    lambda name, value: json.dumps({**GOOD, name: value}).encode(),
    st.sampled_from([*GOOD, "operator", "uses_max", "received_on", "more"]),
    JSON,
)
TWICE = st.sampled_from(list(GOOD)).map(
    lambda name: json.dumps(GOOD)[:-1].encode() + f', "{name}": "x"}}'.encode()
)
BODIES = st.binary(max_size=200) | JSON.map(lambda v: json.dumps(v).encode()) | BENT | TWICE
KINDS = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "text/plain",
     "application/json; charset=utf-16", "application/json; charset=nonsense"]
)  # fmt: skip
ROUTES = [
    ("POST", "/applications"), ("GET", "/applications"), ("GET", "/applications/{}"),
    ("POST", "/applications/{}/grant"), ("POST", "/applications/{}/refuse"),
    ("POST", "/applications/{}/revoke"), ("GET", "/applications/{}/refusal"),
]  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(["state", "offset", "limit", "x"]), st.text(max_size=8), max_size=3
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(route=st.sampled_from(ROUTES), body=BODIES, kind=KINDS, query=QUERIES)
async def test_whatever_is_sent_to_the_api_fails_in_good_order_and_stores_nothing(
    house, route, body, kind, query
):
    method, path = route
    number = (house.desk.dossiers() or [None])[0]
    number = number.number if number else await house.applied(CASE)
    before = house.desk.dossiers()
    reply = await house.api(
        CLERK, method, path.format(number), data=body, params=query, headers={"Content-Type": kind}
    )
    assert reply.status < 500, reply.text
    if reply.status >= 400:
        assert reply.headers["Content-Type"] == "application/problem+json"
        problem = ProblemShape.model_validate_json(reply.body)
        assert problem.status == reply.status
        assert all(isinstance(each, FieldProblem) for each in problem.fields)
    if reply.status != 201:
        assert house.desk.dossiers() == before


FIELDS = st.dictionaries(
    st.sampled_from([*as_form(CASE), "operator", "more", "ground", "reason"]),
    st.text(max_size=20),
    max_size=20,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(["", "/{}/grant", "/{}/refuse", "/{}/revoke"]),
    fields=FIELDS,
    bent=st.booleans(),
)
async def test_whatever_is_sent_to_the_page_fails_in_good_order_and_stores_nothing(
    house, path, fields, bent
):
    number = (house.desk.dossiers() or [None])[0]
    number = number.number if number else await house.applied(CASE)
    if "clerk" not in house.tokens:
        house.tokens["clerk"] = await house.browser(CLERK)
    before = house.desk.dossiers()
    form = {**as_form(CASE), **fields} if bent and fields else fields
    form = {name: text.encode("utf-8", "replace").decode() for name, text in form.items()}
    reply = await house.tokens["clerk"].post(f"/applications{path.format(number)}", form)
    assert reply.status < 500, reply.text
    assert "<script" not in reply.text
    if reply.status != 303:
        assert house.desk.dossiers() == before


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(["Authorization", "Cookie", "Content-Type", "Sec-Fetch-Site", "Host"]),
    value=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")),
    path=st.sampled_from(["/", "/login", "/api/v1/applications", "/api/v1/logout"]),
    method=st.sampled_from(["GET", "POST", "PUT"]),
)
async def test_whatever_stands_in_a_header_lets_nobody_in(house, name, value, path, method):
    reader, writer = await asyncio.open_connection("127.0.0.1", house.front.port)
    lines = [f"{method} {path} HTTP/1.1", "Host: desk", "Content-Length: 0", f"{name}: {value}"]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    await writer.drain()
    answer = await reader.read()
    writer.close()
    status = int(answer.split(b" ")[1])
    assert 300 <= status < 500 or (status, path) == (200, "/login")
