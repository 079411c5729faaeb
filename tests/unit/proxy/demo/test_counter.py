from __future__ import annotations

import base64
import json

import pytest

from proxy.demo.agency import OFFICER_PASSWORD
from proxy.demo.counter import Counter, CounterFailed
from tests.unit.proxy.demo.serving import desk_that, yes


def test_an_officer_asks_by_name_and_password():
    with desk_that(yes()) as (port, asked):
        answer = Counter(port).post("li", "/applications", {"unit": "示例"})
        assert (answer.status, answer.word("number"), answer.word("other")) == (201, "xk-1", "")
        assert Counter(port).get("wang", "/applications/xk-1/refusal") == b"paper"
    first, second = asked
    assert first["path"] == "/api/v1/applications"
    assert json.loads(first["content"]) == {"unit": "示例"}
    for each, name in ((first, "li"), (second, "wang")):
        said = base64.b64decode(each["credentials"].removeprefix("Basic ")).decode()
        assert said == f"{name}:{OFFICER_PASSWORD}"


def test_a_refusal_is_an_answer_and_a_paper_that_is_not_there_is_none():
    with desk_that(lambda *_: (403, b'{"code": "role"}')) as (port, _):
        assert Counter(port).post("li", "/applications/x/grant").word("code") == "role"
        with pytest.raises(CounterFailed, match="status 403"):
            Counter(port).get("li", "/certificates/000001.pdf")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff"])
def test_what_is_no_answer_of_a_desk_is_told(body):
    with (
        desk_that(lambda *_: (200, body)) as (port, _),
        pytest.raises(CounterFailed, match="no JSON"),
    ):
        Counter(port).post("li", "/applications")


def test_a_desk_that_is_not_there_is_told():
    with desk_that(yes()) as (port, _):
        pass
    with pytest.raises(CounterFailed, match="does not answer"):
        Counter(port).post("li", "/applications")
