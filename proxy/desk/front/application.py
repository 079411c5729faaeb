"""The whole of what is served, and what holds for all of it: headers, errors, limits."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from proxy.desk.front.api import APPLICATION_ROUTES, login
from proxy.desk.front.batch_api import BATCH_ROUTES
from proxy.desk.front.description import describe
from proxy.desk.front.page import PAGE_ROUTES
from proxy.desk.front.problem import problem_of
from proxy.desk.front.rendering import problem_page
from proxy.desk.front.routes import PREFIX, Front, Tables, served
from proxy.desk.front.shapes import BODY_BYTES_MAX

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Server": "fengcun",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SECURE: Final = {"Strict-Transport-Security": "max-age=31536000"}
_log = logging.getLogger(__name__)

TABLES: Final[Tables] = (APPLICATION_ROUTES, BATCH_ROUTES)
"""What the API has, by part of the desk."""
Page = Callable[[web.Request], Awaitable[web.Response]]
NO_PAGES: Final[Mapping[str, Page]] = MappingProxyType({})


def application(
    front: Front, tables: Tables = TABLES, pages: Mapping[str, Page] = NO_PAGES
) -> web.Application:
    """All routes of the page, those of the API in `tables`, and by path `pages` for anybody."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_answers(front.secure)])
    description = json.dumps(describe(tables), ensure_ascii=False).encode()

    async def log_in(request: web.Request) -> web.Response:
        return await login(front, request)

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=description, content_type="application/json")

    app.router.add_post(f"{PREFIX}/login", log_in)
    app.router.add_get(f"{PREFIX}/openapi.json", openapi, allow_head=False)
    for table in tables:
        for route in table:
            app.router.add_route(route.method, PREFIX + route.path, served(front, route))
    for path, page in pages.items():
        app.router.add_get(path, page, allow_head=False)
    for method, path, handle in PAGE_ROUTES:
        app.router.add_route(method, path, handle(front))
    return app


def _answers(secure: bool) -> Middleware:
    headers = {**HEADERS, **_SECURE} if secure else HEADERS

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                response = web.Response(status=error.status, headers={"Location": "/"})
            else:
                response = _failed(request, error)
        except Exception as error:  # noqa: BLE001
            response = _failed(request, error)
        response.headers.update(headers)
        # One request a connection: what comes next has to hurry like the first.
        response.force_close()
        return response

    return answer


def _failed(request: web.Request, error: Exception) -> web.Response:
    problem = problem_of(error)
    if problem.status >= 500:
        _log.error("a request to the desk failed", exc_info=error)
    if request.path.startswith(f"{PREFIX}/"):
        return problem.response()
    return problem_page(problem)
