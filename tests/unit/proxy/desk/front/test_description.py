"""The description against what is served."""

import re
import time

import pytest

from proxy.desk.front.application import TABLES
from proxy.desk.front.description import describe
from proxy.desk.front.routes import Route
from tests.unit.proxy.desk.counter import APPROVER, BATCH, CASE, CHECK, CLERK, ListGate, Site
from tests.unit.proxy.desk.front.house import PASSWORD, as_json, open_house

DOCUMENT = describe(TABLES)


def follows(value, schema):
    """What is wrong with a value by a schema, as far as ours use JSON Schema."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        yield from follows(value, DOCUMENT["components"]["schemas"][name])
        return
    if "anyOf" in schema:
        if all(list(follows(value, each)) for each in schema["anyOf"]):
            yield f"none of {schema['anyOf']}"
        return
    known = {"type", "properties", "required", "additionalProperties", "items", "enum", "const",
             "title", "description", "default", "format", "pattern", "minLength", "maxLength",
             "minItems", "maxItems", "minimum", "maximum"}  # fmt: skip
    assert schema.keys() <= known, schema.keys() - known
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
             "null": type(None)}  # fmt: skip
    if "type" in schema and type(value) is not kinds[schema["type"]]:
        yield f"{value!r} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        yield from (f"{name} lacks" for name in schema.get("required", ()) if name not in value)
        assert schema["additionalProperties"] is False
        yield from (f"{name} is unknown" for name in value if name not in properties)
        for name in value.keys() & properties.keys():
            yield from follows(value[name], properties[name])
    if isinstance(value, list):
        for each in value:
            yield from follows(each, schema["items"])


def operations():
    return {(path, method) for path, each in DOCUMENT["paths"].items() for method in each}


async def test_every_route_is_described_and_every_description_served(house):
    served = set()
    for route in house.front._runner.app.router.routes():
        path = route.resource.canonical
        if path.startswith("/api/"):
            served.add((path, route.method.lower()))
    assert served == operations()
    assert len(served) == 15
    reply = await house.send("GET", "/api/v1/openapi.json")
    assert reply.json() == DOCUMENT


@pytest.fixture
async def counter(tmp_path):
    async with open_house(Site(tmp_path), tmp_path, gate=ListGate()) as opened:
        yield opened


async def test_answers_are_what_the_description_says(counter):
    seen, house = set(), counter

    async def check(officer, method, path, described, **how):
        reply = await house.api(officer, method, path, **how)
        operation = DOCUMENT["paths"][f"/api/v1{described}"][method.lower()]
        content = operation["responses"][str(reply.status)]["content"]
        (kind,) = content
        assert reply.headers["Content-Type"].split(";")[0] == kind
        if kind.endswith("json"):
            assert list(follows(reply.json(), content[kind]["schema"])) == []
        seen.add((f"/api/v1{described}", method.lower(), reply.status))
        return reply

    login = await house.send(
        "POST", "/api/v1/login", json={"officer": CLERK.name, "password": PASSWORD}
    )
    assert list(follows(login.json(), {"$ref": "#/components/schemas/TokenShape"})) == []
    one, whole = "/applications/{number}", "/applications"
    numbers = []
    for application in (CASE, CHECK):
        body = as_json(application)
        assert list(follows(body, {"$ref": "#/components/schemas/ApplicationShape"})) == []
        numbers.append((await check(CLERK, "POST", whole, whole, json=body)).json()["number"])
    await check(APPROVER, "POST", whole, whole, json=as_json(CASE))
    await check(CLERK, "POST", whole, whole, json={"unit": 1})
    await check(CLERK, "POST", whole, whole, data=b"x", headers={"Content-Type": "text/plain"})
    await check(CLERK, "GET", whole, whole)
    granted, refused = (f"/applications/{number}" for number in numbers)
    await check(CLERK, "POST", f"{granted}/grant", f"{one}/grant")
    for path, body in (
        (f"{granted}/grant", {}), (f"{granted}/grant", {}),
        (f"{granted}/revoke", {"reason": "supervision"}), (f"{granted}/revoke", {"reason": "x"}),
        (f"{refused}/refuse", {"ground": "mismatch"}), (f"{refused}/revoke",
        {"reason": "supervision"}), ("/applications/xk-1/refuse", {"ground": "mismatch"}),
    ):  # fmt: skip
        step = path.rpartition("/")[2]
        await check(APPROVER, "POST", path, f"{one}/{step}", json=body)
    for path in (granted, refused, "/applications/xk-1"):
        await check(CLERK, "GET", path, one)
        await check(CLERK, "GET", f"{path}/refusal", f"{one}/refusal")
    await check(CLERK, "GET", "/undertaking", "/undertaking")
    await _of_a_list(check, house)
    await check(CLERK, "POST", "/logout", "/logout")
    await check(CLERK, "GET", whole, whole)
    answered = {(path, method) for path, method, status in seen if status < 300}
    assert operations() - answered == {
        ("/api/v1/login", "post"), ("/api/v1/openapi.json", "get")
    }  # fmt: skip
    assert {status for *_, status in seen} == {200, 201, 202, 401, 403, 404, 409, 415, 422}


async def _of_a_list(check, house):
    number, whole = await house.applied(BATCH), "/applications/{number}/batch"
    path = f"/applications/{number}/batch"
    await check(CLERK, "POST", path, whole, json={"run": 1})
    await house.desk.grant(APPROVER, number)
    await check(CLERK, "POST", path, whole, json={"run": 1})
    deadline = time.monotonic() + 60
    while (await check(CLERK, "GET", path, whole)).json()["running"]:
        assert time.monotonic() < deadline
    for suffix in ("", ".csv"):
        await check(CLERK, "GET", f"{path}/1{suffix}", f"{whole}/{{run}}{suffix}")
        await check(CLERK, "GET", f"{path}/2{suffix}", f"{whole}/{{run}}{suffix}")


def test_every_reference_leads_somewhere_and_every_shape_is_closed():
    schemas = DOCUMENT["components"]["schemas"]
    for name in re.findall(r"#/components/schemas/(\w+)", str(DOCUMENT)):
        assert name in schemas
    for name, schema in schemas.items():
        if schema["type"] == "object":
            assert schema["additionalProperties"] is False, name


def test_a_part_of_the_desk_adds_a_table():
    async def handle(call): ...

    paper = Route("GET", "/papers/{number:[0-9]{1,9}}", handle, "A paper", "application/pdf",
                  problems=(404,))  # fmt: skip
    described = describe((*TABLES, (paper,)))["paths"]["/api/v1/papers/{number}"]["get"]
    assert described["responses"]["200"]["content"].keys() == {"application/pdf"}
    assert described["parameters"][0]["schema"]["pattern"] == "^[0-9]{1,9}$"
    assert "404" in described["responses"]


@pytest.mark.parametrize("optional", ["operator", "case", "uses_max", "received_on"])
def test_what_may_be_left_out_of_an_application_is_not_required(optional):
    assert optional not in DOCUMENT["components"]["schemas"]["ApplicationShape"]["required"]
    assert optional in DOCUMENT["components"]["schemas"]["ApplicationShown"]["required"]
