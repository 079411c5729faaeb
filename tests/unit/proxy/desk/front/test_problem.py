"""Errors as answers."""

import pytest
from aiohttp import web

from ledger.accounts.doorkeeper import NotLoggedIn, TooManyAttempts
from proxy.desk.errors import SENTENCES, DeskError
from proxy.desk.front.problem import problem_of
from proxy.desk.front.shapes import FieldProblem, Malformed, ProblemShape
from proxy.errors import RecordUnavailable


@pytest.mark.parametrize("code", SENTENCES)
def test_whatever_the_desk_says_becomes_a_status_and_both_languages(code):
    problem = problem_of(DeskError(code, "unit"))
    assert 400 <= problem.status <= 503
    shape = ProblemShape.model_validate_json(problem.response().body)
    assert (shape.code, shape.status) == (code, problem.status)
    assert (shape.title, shape.title_zh) == SENTENCES[code][1:]
    assert shape.fields[0].field == "unit"


@pytest.mark.parametrize(
    ("error", "status"),
    [(Malformed(), 422), (NotLoggedIn(), 401), (TooManyAttempts(9.5), 429),
     (RecordUnavailable("x"), 503), (TimeoutError(), 408), (web.HTTPNotFound(), 404),
     (web.HTTPRequestEntityTooLarge(1, 2), 413), (web.HTTPGone(), 410),
     (ValueError("secret"), 500), (KeyError("secret"), 500)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_every_other_error_has_its_status_and_tells_nothing_else(error, status):
    response = problem_of(error).response()
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert b"secret" not in response.body


def test_what_a_client_has_to_know_is_in_a_header():
    assert problem_of(TooManyAttempts(9.5)).headers["Retry-After"] == "9"
    assert problem_of(NotLoggedIn()).headers["WWW-Authenticate"].startswith("Basic")
    not_allowed = problem_of(web.HTTPMethodNotAllowed("PUT", ["GET"]))
    assert not_allowed.headers == {"Allow": "GET"}


def test_fields_are_named():
    wrong = FieldProblem(field="unit", message="is missing", message_zh="未填写")
    assert problem_of(Malformed((wrong,))).shape().fields == (wrong,)
