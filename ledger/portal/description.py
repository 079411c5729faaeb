"""The portal's description (OpenAPI 3.1), made of `access.TABLE` and `described.OPERATIONS`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Final

from ledger.portal.access import STRANGERS, TABLE, Place, Role
from ledger.portal.described import HTML, JSON, OPERATIONS, Json, Operation
from ledger.portal.rendering import STATIC

PROBLEM: Final = "application/problem+json"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_FORM: Final = "application/x-www-form-urlencoded"
_NEVER_STORED: Final[Json] = {
    "Cache-Control": {"required": True, "schema": {"type": "string", "const": "no-store"}}
}
_PATH: Final[Mapping[str, Json]] = {
    "name": {"type": "string", "enum": list(STATIC)},
    "log": {"$ref": "#/components/schemas/Log"},
    "index": {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
    "number": {"type": "string", "pattern": "^[0-9]{4}-[1-9][0-9]{0,8}$"},
}
_WORDS: Final = {
    200: "done", 303: "go on at Location with GET; /sign-in where nobody is signed in",
    400: "not understood", 403: "not for this role, or a form without its token",
    404: "not there", 408: "it took too long to arrive", 409: "not now", 413: "too large",
    415: "no form", 429: "too often", 500: "failed here", 502: "the log cannot be read or proved",
    503: "it cannot be recorded, so nothing is shown",
}  # fmt: skip


def describe(logs: Iterable[str], cookie: str) -> Json:
    """The whole document. ``logs`` are the names of the logs, ``cookie`` that of the session."""
    paths: dict[str, dict[str, Json]] = {}
    for (method, path), operation in OPERATIONS.items():
        roles = TABLE[method, path]
        paths.setdefault(path, {})[method.lower()] = _operation((method, path), operation, roles)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fengcun portal / 封存监督平台",
            "version": version("fengcun"),
            "description": (
                "What supervisors see of the agencies' logs (实施办法第22条). Forms hold a token of"
                " their session, and are taken from this site's pages alone: send `Origin`. What"
                " is described with application/json is that for `Accept: application/json`."
            ),
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Log": {"type": "string", "enum": sorted(logs)},
                "Problem": {
                    "type": "object",
                    "properties": {
                        "title": {"type": "string"},
                        "title_zh": {"type": "string"},
                        "status": {"type": "integer"},
                    },
                    "required": ["title", "title_zh", "status"],
                    "additionalProperties": False,
                },
            },
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": cookie}},
        },
        "security": [{"session": []}],
    }


def _operation(place: Place, operation: Operation, roles: frozenset[Role]) -> Json:
    method, path = place
    described: dict[str, object] = {
        "summary": operation.summary,
        "x-roles": sorted(roles),
        "responses": _responses(place, operation, roles),
    }
    if roles is STRANGERS:
        described["security"] = []
    parameters: list[Json] = [
        {"name": found[1], "in": "path", "required": True, "schema": _PATH[found[1]]}
        for found in _PARAMETER.finditer(path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in operation.query.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if method == "POST":
        tokens = [operation.hidden] if operation.hidden else []
        schema = {
            "type": "object",
            "properties": {**{name: {"type": "string"} for name in tokens}, **operation.form},
            "required": [*tokens, *operation.needs],
            "additionalProperties": False,
        }
        described["requestBody"] = {"required": True, "content": {_FORM: {"schema": schema}}}
    return described


def _responses(place: Place, operation: Operation, roles: frozenset[Role]) -> Json:
    """With what any such route may answer: see `gate`."""
    method, path = place
    problems = {500, *operation.problems}
    if "{" in path:
        problems.add(404)
    if method == "POST":
        problems |= {400, 403, 408, 413, 415, 503}
    answers = dict.fromkeys(problems, (HTML, PROBLEM)) | dict(operation.answers)
    if roles is not STRANGERS:
        for status in (403, 503):
            answers.setdefault(status, (HTML, PROBLEM))
        answers.setdefault(303, ())
    return {
        str(status): _response(status, answers[status], operation) for status in sorted(answers)
    }


def _response(status: int, types: tuple[str, ...], operation: Operation) -> Json:
    required = {"required": True, "schema": {"type": "string"}}
    named = operation.headers if status == 200 else ("Location",) if status == 303 else ()
    headers = {**_NEVER_STORED, **dict.fromkeys(named, required)}
    described: dict[str, object] = {"description": _WORDS[status], "headers": headers}
    if types:
        described["content"] = {
            each: {"schema": _schema(status, each, operation)} for each in types
        }
    return described


def _schema(status: int, content_type: str, operation: Operation) -> Json:
    if content_type == PROBLEM:
        return {"$ref": "#/components/schemas/Problem"}
    if content_type == JSON and status == 200 and operation.body is not None:
        return operation.body
    return {"type": "object"} if content_type == JSON else {"type": "string"}
