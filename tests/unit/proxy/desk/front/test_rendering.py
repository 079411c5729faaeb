"""Templates: what is not written in one is text."""

import jinja2
import pytest

from proxy.desk.front.problem import Problem
from proxy.desk.front.rendering import problem_page, render, style

EVIL = "<script>alert('x')</script>"


def test_everything_is_escaped():
    problem = Problem(400, "x", EVIL, EVIL)
    page = render("problem.html", {"problem": problem, "officer": None}, 400)
    assert (page.status, page.content_type) == (400, "text/html")
    assert "<script" not in page.text
    assert page.text.count("&lt;script&gt;") == 2


def test_what_a_page_needs_and_has_not_is_an_error_and_not_a_gap():
    with pytest.raises(jinja2.UndefinedError):
        render("problem.html", {"officer": None})


def test_a_page_of_a_problem_has_its_headers_but_asks_no_browser_for_a_password():
    headers = {"Retry-After": "9", "WWW-Authenticate": "Basic"}
    page = problem_page(Problem(429, "x", "wait", "等待", headers=headers))
    assert page.headers["Retry-After"] == "9"
    assert "WWW-Authenticate" not in page.headers


def test_the_style_prints():
    assert "@media print" in style().text
    assert "url(" not in style().text
