"""The API's description (OpenAPI 3.1), made of the tables that it is served from."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from proxy.desk.front.problem import CONTENT_TYPE
from proxy.desk.front.routes import PREFIX, Route, Tables
from proxy.desk.front.shapes import LoginShape, ProblemShape, TokenShape

Json = dict[str, object]
_PARAMETER = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})+))?\}")
_OF_ALL = (400, 401, 405, 408, 413, 415, 422, 429, 500)
_JSON = "application/json"


def describe(tables: Tables) -> Json:
    """The whole document."""
    routes = [route for table in tables for route in table]
    paths: dict[str, Json] = {f"{PREFIX}/login": {"post": _login()}}
    for route in routes:
        path = PREFIX + _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    own = {
        "get": {
            "summary": "This description",
            "security": [],
            "responses": {"200": {"description": "OpenAPI 3.1", "content": {_JSON: {}}}},
        }
    }
    paths[f"{PREFIX}/openapi.json"] = dict(own)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fengcun desk / 封存查询窗口",
            "version": version("fengcun"),
            "description": "Applications for permits to see sealed records (实施办法第16条).",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {
                "password": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{"password": []}, {"token": []}],
    }


def _login() -> Json:
    return {
        "summary": "A token for name and password / 登录",
        "security": [],
        "requestBody": _body(LoginShape),
        "responses": {"200": _content(TokenShape, "done"), **_problems(())},
    }


def _operation(route: Route) -> Json:
    parameters: list[Json] = [
        {
            "name": found[1],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{found[2] or '[^/]+'}$"},
        }
        for found in _PARAMETER.finditer(route.path)
    ]
    if route.query is not None:
        properties = route.query.model_json_schema(ref_template=_REFERENCE)["properties"]
        parameters += [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in properties.items()
        ]
    described: Json = {
        "summary": route.summary,
        "responses": {
            str(route.status): _content(route.answer, "done"),
            **_problems(route.problems),
        },
    }
    if parameters:
        described["parameters"] = parameters
    if route.body is not None:
        described["requestBody"] = _body(route.body)
    return described


_REFERENCE = "#/components/schemas/{model}"


def _reference(shape: type[BaseModel]) -> Json:
    return {"$ref": _REFERENCE.format(model=shape.__name__)}


def _body(shape: type[BaseModel]) -> Json:
    required = any(field.is_required() for field in shape.model_fields.values())
    return {"required": required, "content": {_JSON: {"schema": _reference(shape)}}}


def _content(answer: type[BaseModel] | str, text: str) -> Json:
    if isinstance(answer, str):
        return {"description": text, "content": {answer: {"schema": {"type": "string"}}}}
    return {"description": text, "content": {_JSON: {"schema": _reference(answer)}}}


def _problems(statuses: tuple[int, ...]) -> Json:
    schema = {CONTENT_TYPE: {"schema": _reference(ProblemShape)}}
    return {
        str(status): {"description": "it was not done", "content": schema}
        for status in sorted({*_OF_ALL, *statuses})
    }


def _schemas(routes: list[Route]) -> dict[str, object]:
    """What is sent has all its fields; of what is taken some may be left out."""
    sent: dict[str, type[BaseModel]] = {each.__name__: each for each in (TokenShape, ProblemShape)}
    taken: dict[str, type[BaseModel]] = {LoginShape.__name__: LoginShape}
    for route in routes:
        if isinstance(route.answer, type):
            sent[route.answer.__name__] = route.answer
        for shape in (route.body, route.query):
            if shape is not None:
                taken[shape.__name__] = shape
    modes: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((shape, "serialization") for shape in sent.values()),
        *((shape, "validation") for name, shape in taken.items() if name not in sent),
    ]
    _, schema = models_json_schema(modes, ref_template=_REFERENCE)
    found = schema["$defs"]
    assert isinstance(found, dict)
    return found
