"""The page of the counter: plain forms, no script. Chinese first.

Each handler is one page, or one form of one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from aiohttp import web

from proxy.desk.doorkeeper import Sitting
from proxy.desk.errors import DeskError
from proxy.desk.front import words
from proxy.desk.front.api import refusal_text, undertaking_text
from proxy.desk.front.batch_api import RUN, RunShape, answers_file, checks
from proxy.desk.front.forms import Form, Maker, doing, see_other, seeing
from proxy.desk.front.login import log_in, log_out, see_login
from proxy.desk.front.problem import Problem, problem_of
from proxy.desk.front.rendering import render, style
from proxy.desk.front.routes import NUMBER, Front, read_query
from proxy.desk.front.shapes import (
    ApplicationShape,
    ListQuery,
    Malformed,
    RefusalShape,
    RevocationShape,
    read_texts,
    shown,
    summary,
)
from proxy.desk.model import Dossier, Officer, Role
from proxy.desk.rules import one_name
from proxy.policy.permit import Scope


async def _register(front: Front, request: web.Request, sitting: Sitting) -> web.StreamResponse:
    query = read_query(request, ListQuery)
    assert isinstance(query, ListQuery)
    today = front.desk.today()
    found = front.desk.dossiers(query.state)
    lines = [summary(each, today) for each in found[query.offset : query.offset + query.limit]]
    values = {"lines": lines, "total": len(found), "query": query, "today": today}
    return render("register.html", {**values, **_of(sitting)})


async def _new(front: Front, request: web.Request, sitting: Sitting) -> web.StreamResponse:
    return _application_form(front, sitting, {})


def _application_form(
    front: Front, sitting: Sitting, form: Mapping[str, str], problem: Problem | None = None
) -> web.Response:
    status = 200 if problem is None else problem.status
    wrong = {} if problem is None else {each.field: each for each in problem.fields}
    terms = front.terms
    values = {
        "form": {name: form.get(name, "") for name in words.FIELDS},
        "wrong": {name: wrong.get(name) for name in words.FIELDS},
        "problem": problem,
        "terms": terms,
        "bases": [(basis.code, basis.cited) for basis in terms.bases.values()],
    }
    return render("apply.html", {**values, **_of(sitting)}, status)


async def _apply(
    front: Front, request: web.Request, sitting: Sitting, form: Form
) -> web.StreamResponse:
    try:
        application = read_application_form(form).application()
        dossier = await front.desk.apply(sitting.account.officer, application)
    except (DeskError, Malformed) as error:
        return _application_form(front, sitting, form, problem_of(error))
    return see_other(f"/applications/{dossier.number}")


def read_application_form(form: Mapping[str, str]) -> ApplicationShape:
    """A filled-in form. Raises `Malformed`; a field that is left empty is one that is missing."""
    values: dict[str, object] = {}
    for name, written in form.items():
        text = written.replace("\r\n", "\n").strip()
        if not text:
            continue
        if name == "subjects":
            values[name] = [line.strip() for line in text.split("\n") if line.strip()]
        elif name in ("valid_days", "uses_max"):
            values[name] = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else ""
        else:
            values[name] = text
    return read_texts(values, ApplicationShape)


async def _show(front: Front, request: web.Request, sitting: Sitting) -> web.StreamResponse:
    return _dossier_page(front, request, sitting)


def _dossier_page(
    front: Front, request: web.Request, sitting: Sitting, problem: Problem | None = None
) -> web.Response:
    dossier = front.desk.dossier(request.match_info["number"])
    officer = sitting.account.officer
    values = {
        "dossier": shown(dossier, front.desk.today()),
        "approver": Role.APPROVER in officer.roles,
        "own": one_name(dossier.received_by) == one_name(officer.name),
        "cited": dossier.cited,
        "batch": _batch(front, officer, dossier),
        "problem": problem,
    }
    status = 200 if problem is None else problem.status
    return render("dossier.html", {**values, **_of(sitting)}, status)


def _batch(front: Front, officer: Officer, dossier: Dossier) -> dict[str, object] | None:
    """What the page says of a permit's batch checks; None where this officer has none there."""
    if front.batch is None or dossier.application.scope is not Scope.BATCH:
        return None
    try:
        found = front.batch.progress(officer, dossier.number)
    except DeskError:
        return None
    failed = None if found.failed is None else problem_of(found.failed)
    return {"progress": found, "failed": failed}


async def _run(
    front: Front, request: web.Request, sitting: Sitting, form: Form
) -> web.StreamResponse:
    number, officer = request.match_info["number"], sitting.account.officer
    try:
        run = read_texts(dict(form), RunShape).run
        checks(front).begin(officer, number, run)
    except (DeskError, Malformed) as error:
        return _dossier_page(front, request, sitting, problem_of(error))
    return see_other(f"/applications/{number}")


async def _answers(front: Front, request: web.Request, sitting: Sitting) -> web.StreamResponse:
    found = request.match_info
    return await answers_file(front, sitting.account.officer, found["number"], found["run"])


def _of(sitting: Sitting) -> dict[str, object]:
    officer = sitting.account.officer
    return {
        "officer": officer,
        "form_token": sitting.form_token,
        "clerk": Role.CLERK in officer.roles,
    }


def _deciding(step: Literal["grant", "refuse", "revoke"]) -> Maker:
    async def decide(
        front: Front, request: web.Request, sitting: Sitting, form: Form
    ) -> web.StreamResponse:
        number, officer = request.match_info["number"], sitting.account.officer
        try:
            match step:
                case "grant":
                    if form:
                        raise Malformed
                    await front.desk.grant(officer, number)
                case "refuse":
                    ground = read_texts(dict(form), RefusalShape).ground
                    await front.desk.refuse(officer, number, ground)
                case "revoke":
                    reason = read_texts(dict(form), RevocationShape).reason
                    await front.desk.revoke(officer, number, reason.value)
        except (DeskError, Malformed) as error:
            return _dossier_page(front, request, sitting, problem_of(error))
        return see_other(f"/applications/{number}")

    return doing(decide)


async def _refusal(front: Front, request: web.Request, sitting: Sitting) -> web.StreamResponse:
    return refusal_text(front, request.match_info["number"])


async def _undertaking(front: Front, request: web.Request, sitting: Sitting) -> web.StreamResponse:
    return undertaking_text(front)


def _style(_: Front) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_: web.Request) -> web.StreamResponse:
        return style()

    return serve


PAGE_ROUTES: Final[tuple[tuple[str, str, Maker], ...]] = (
    ("GET", "/", seeing(_register)),
    ("GET", "/desk.css", _style),
    ("GET", "/login", see_login),
    ("POST", "/login", log_in),
    ("POST", "/logout", doing(log_out)),
    ("GET", "/applications/new", seeing(_new)),
    ("POST", "/applications", doing(_apply)),
    ("GET", f"/applications/{NUMBER}", seeing(_show)),
    ("POST", f"/applications/{NUMBER}/grant", _deciding("grant")),
    ("POST", f"/applications/{NUMBER}/refuse", _deciding("refuse")),
    ("POST", f"/applications/{NUMBER}/revoke", _deciding("revoke")),
    ("GET", f"/applications/{NUMBER}/refusal", seeing(_refusal)),
    ("GET", "/undertaking", seeing(_undertaking)),
    ("POST", f"/applications/{NUMBER}/batch", doing(_run)),
    ("GET", f"/applications/{NUMBER}/batch/{RUN}.csv", seeing(_answers)),
)
"""Method, path, handler."""
