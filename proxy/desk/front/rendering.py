"""Templates and values -> HTML. Everything that is not written in a template is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import jinja2
from aiohttp import web

from proxy.desk.front import words
from proxy.desk.front.problem import Problem

_FOLDER: Final = Path(__file__).with_name("templates")
_TEXTS: Final = {file.name: file.read_text(encoding="utf-8") for file in _FOLDER.iterdir()}
_environment: Final = jinja2.Environment(
    loader=jinja2.DictLoader(_TEXTS),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals["words"] = words
_environment.filters["moment"] = words.moment


def render(name: str, values: Mapping[str, object], status: int = 200) -> web.Response:
    """A page of HTML."""
    text = _environment.get_template(name).render(values)
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8")


def problem_page(problem: Problem) -> web.Response:
    """What went wrong, to be read."""
    page = render("problem.html", {"problem": problem, "officer": None}, problem.status)
    page.headers.update(
        {name: text for name, text in problem.headers.items() if name != "WWW-Authenticate"}
    )
    return page


def style() -> web.Response:
    """What the pages look like."""
    return web.Response(text=_TEXTS["desk.css"], content_type="text/css", charset="utf-8")
