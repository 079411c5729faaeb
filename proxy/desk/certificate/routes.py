"""Certificates by HTTP: routes to be added to an application that knows its officers.

POST /api/v1/certificates               a request in JSON (`decoding`), answered with the serial
GET  /api/v1/certificates/{serial}.pdf  the form, for officers
GET  /verify/{code}                     for whoever holds the paper; no login
"""

from __future__ import annotations

import html
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from proxy.desk.certificate.code import InvalidCode, parse_code
from proxy.desk.certificate.decoding import REQUEST_BYTES_MAX, decode_request
from proxy.desk.certificate.desk import CertificateDesk
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import TITLES, today_in_china
from proxy.desk.certificate.store import Kept
from proxy.desk.model import Officer
from proxy.errors import RecordUnavailable, UpstreamUnavailable

Authenticate = Callable[[web.Request], Awaitable[Officer]]
"""Who asks; raises one of aiohttp's HTTP exceptions for nobody."""

_NO_STORE: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
}
_PAGE: Final = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>核验</title>'
    "<h1>{title}</h1><dl>{rows}</dl><p>{state}</p></html>"
)


def routes(desk: CertificateDesk, authenticate: Authenticate) -> list[web.RouteDef]:
    """For `aiohttp.web.Application.add_routes`."""
    handlers = _Handlers(desk, authenticate)
    return [
        web.post("/api/v1/certificates", handlers.issue),
        web.get(r"/api/v1/certificates/{serial:[0-9]{6,10}}.pdf", handlers.form),
        web.get("/verify/{code:[A-Za-z0-9-]{1,120}}", handlers.verify),
    ]


class _Handlers:
    def __init__(self, desk: CertificateDesk, authenticate: Authenticate) -> None:
        self._desk = desk
        self._authenticate = authenticate

    async def issue(self, request: web.Request) -> web.Response:
        officer = await self._authenticate(request)
        try:
            body = await request.content.read(REQUEST_BYTES_MAX + 1)
            wanted = decode_request(body, today=today_in_china())
            issued = await self._desk.issue(officer, wanted)
        except CertificateError as error:
            return _refused(error)
        except (UpstreamUnavailable, RecordUnavailable):
            return web.json_response(
                {"error": "unavailable", "message": "try again later / 暂时不能办理，请稍后再试"},
                status=503,
                headers=_NO_STORE,
            )
        location = f"/api/v1/certificates/{issued.serial}.pdf"
        return web.json_response(
            {"serial": issued.serial, "form": issued.form.value, "code": str(issued.code)},
            status=201,
            headers={**_NO_STORE, "Location": location},
        )

    async def form(self, request: web.Request) -> web.Response:
        officer = await self._authenticate(request)
        try:
            content = await self._desk.form(officer, int(request.match_info["serial"]))
        except CertificateError as error:
            return _refused(error)
        return web.Response(body=content, content_type="application/pdf", headers=_NO_STORE)

    async def verify(self, request: web.Request) -> web.Response:
        try:
            kept = await self._desk.check(parse_code(request.match_info["code"]))
        except InvalidCode:
            kept = None
        return web.Response(
            text=_page(kept),
            status=404 if kept is None else 200,
            content_type="text/html",
            headers=_NO_STORE,
        )


def _refused(error: CertificateError) -> web.Response:
    said = {"error": error.code, "field": error.field, "message": str(error)}
    return web.json_response(said, status=error.status, headers=_NO_STORE)


def _page(kept: Kept | None) -> str:
    """What the paper has to say, so that a code on another paper shows."""
    if kept is None:
        return _PAGE.format(title="核验", rows="", state="没有该核验码的文书")
    document = kept.document
    shown = {
        "编号": document.number,
        "被查询人": document.name,
        "证件号码": document.identity,
        "查询时段": document.period,
        "用途": document.purpose,
        "开具单位": document.organ,
        "填发日期": document.issued_on,
        "有效期至": document.valid_until,
    }
    rows = "".join(
        f"<dt>{html.escape(label)}</dt><dd>{html.escape(value)}</dd>"
        for label, value in shown.items()
    )
    state = "该文书已经撤销" if kept.revoked else "该文书由本单位出具；请与纸面逐项核对"
    return _PAGE.format(title=TITLES[document.form], rows=rows, state=state)
