"""The document: whole, in itself right, and for who is signed in."""

import json
import re

import jsonschema_rs
import pytest

from ledger.portal.access import STRANGERS, TABLE
from ledger.portal.described import OPERATIONS
from ledger.portal.description import describe
from ledger.portal.rendering import STATIC
from ledger.portal.routes import ROUTES

DOCUMENT = describe(["公安", "court"], "__Host-fengcun-portal")


def operations():
    return {
        (method.upper(), path): operation
        for path, each in DOCUMENT["paths"].items()
        for method, operation in each.items()
    }


def test_every_route_is_described_and_every_description_served():
    assert operations().keys() == {(route.method, route.path) for route in ROUTES}


def test_who_may_is_what_the_table_says():
    for place, operation in operations().items():
        assert set(operation["x-roles"]) == TABLE[place], place
        assert (operation.get("security") == []) is (TABLE[place] is STRANGERS), place


def test_each_form_but_the_language_has_its_token_and_says_what_it_needs():
    for (method, path), operation in operations().items():
        assert ("requestBody" in operation) is (method == "POST")
        if method != "POST":
            continue
        (schema,) = (each["schema"] for each in operation["requestBody"]["content"].values())
        tokens = {"form_token", "visit_token"} & set(schema["required"])
        assert (len(tokens) == 1) is (path != "/language"), path
        assert set(schema["required"]) <= schema["properties"].keys()
        assert set(OPERATIONS[method, path].needs) <= set(schema["required"])


def test_each_part_of_a_path_is_a_parameter():
    for (_, path), operation in operations().items():
        given = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
        assert given == re.findall(r"\{(\w+)\}", path)
        if given:
            assert "404" in operation["responses"]


def test_each_answer_is_never_stored_and_a_redirection_says_where():
    for operation in operations().values():
        for status, response in operation["responses"].items():
            assert response["headers"]["Cache-Control"]["required"]
            assert ("Location" in response["headers"]) is (status == "303")
            assert bool(response.get("content")) is (status != "303")


@pytest.mark.parametrize("schema", ["Log", "Problem"])
def test_references_lead_somewhere(schema):
    text = json.dumps(DOCUMENT)
    assert f'"#/components/schemas/{schema}"' in text
    found = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert found == DOCUMENT["components"]["schemas"].keys()


def test_its_schemas_are_json_schema_and_close_what_they_hold():
    for place, operation in operations().items():
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                jsonschema_rs.meta.validate(content["schema"])
        body = OPERATIONS[place].body
        if body is not None and place != ("GET", "/openapi.json"):
            assert body["additionalProperties"] is False


def test_it_names_the_logs_the_cookie_and_the_files_there_are():
    assert DOCUMENT["components"]["schemas"]["Log"]["enum"] == ["court", "公安"]
    assert DOCUMENT["components"]["securitySchemes"]["session"]["name"] == "__Host-fengcun-portal"
    (name,) = operations()["GET", "/static/{name}"]["parameters"]
    assert name["schema"]["enum"] == list(STATIC)
