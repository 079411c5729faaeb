"""Certificates by HTTP: what the desk's front serves beside its own.

POST /api/v1/certificates               a request in JSON, answered with the serial
GET  /api/v1/certificates/{serial}.pdf  the form, for officers
GET  /verify/{code}                     for whoever holds the paper; no login
"""

from __future__ import annotations

import html
import math
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final, Literal

from aiohttp import web
from pydantic import ConfigDict, Field

from ledger.accounts.attempts import Clock, network_of
from ledger.accounts.doorkeeper import TooManyAttempts
from ledger.accounts.pace import Pace
from proxy.desk.certificate.code import InvalidCode, parse_code
from proxy.desk.certificate.decoding import decode_request
from proxy.desk.certificate.desk import CertificateDesk
from proxy.desk.certificate.form import TITLES, today_in_china
from proxy.desk.certificate.store import Kept
from proxy.desk.front.routes import PREFIX, Call, Route, json_answer, source_of
from proxy.desk.front.shapes import Identity, Line, Shape

VERIFY_PATH: Final = "/verify/{code:[A-Za-z0-9-]{1,120}}"
_SERIAL: Final = "{serial:[0-9]{6,10}}"
_PAGE: Final = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>核验</title>'
    "<h1>{title}</h1><dl>{rows}</dl><p>{state}</p></html>"
)


class ApplicantShape(Shape):
    """Who asks: the person, a guardian with name and number, a unit with its letter."""

    kind: Literal["self", "guardian", "unit"]
    name: Line | None = None
    number: Identity | None = None
    unit: Line | None = None
    letter: Line | None = None


class PersonShape(Shape):
    """Whom it is about / 被查询人."""

    name: Line
    gender: Literal["male", "female"]
    nationality: Line
    identity_kind: Literal[
        "identity-card", "passport", "hong-kong-macao", "taiwan", "permanent-resident"
    ]
    number: Identity


class PeriodShape(Shape):
    """From and until, both included; without one, from the beginning and until today."""

    model_config = ConfigDict(serialize_by_alias=True)

    from_: date | None = Field(default=None, alias="from")
    until: date | None = None


class CertificateShape(Shape):
    """A request for a certificate, or by a unit for a letter."""

    asked: Literal["certificate", "letter"]
    applicant: ApplicantShape
    person: PersonShape
    purpose: Literal["employment", "abroad", "study", "licence", "adoption", "personal"]
    period: PeriodShape | None = None


class IssuedShape(Shape):
    """A form that is on record."""

    serial: str
    form: Literal["certificate", "letter", "refusal"]
    code: str
    """What is printed on it for verification / 核验码."""


def certificate_routes(desk: CertificateDesk) -> tuple[Route, ...]:
    """A table for `proxy.desk.front.application`."""

    async def issue(call: Call) -> web.Response:
        assert isinstance(call.body, CertificateShape)
        body = call.body.model_dump_json(exclude_none=True, by_alias=True).encode()
        issued = await desk.issue(call.officer, decode_request(body, today=today_in_china()))
        answer = IssuedShape(serial=issued.serial, form=issued.form.value, code=str(issued.code))
        return json_answer(answer, 201, Location=f"{PREFIX}/certificates/{issued.serial}.pdf")

    async def form(call: Call) -> web.Response:
        content = await desk.form(call.officer, int(call.request.match_info["serial"]))
        return web.Response(body=content, content_type="application/pdf")

    return (
        Route(
            "POST", "/certificates", issue, "Issue a form, or refuse it / 出具证明", IssuedShape,
            status=201, body=CertificateShape, problems=(403, 503),
        ),
        Route(
            "GET", f"/certificates/{_SERIAL}.pdf", form, "The form again / 证明文件",
            "application/pdf", problems=(403, 404),
        ),
    )  # fmt: skip


def verify_page(
    desk: CertificateDesk, per_minute: int, clock: Clock = time.monotonic
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `VERIFY_PATH`. A code is a key of 112 random bits: who has it has the paper.

    A wrong one, a free number and what is not a code get the same answer, and count alike. Raises
    `TooManyAttempts` for an address that asks more than ``per_minute`` times a minute.
    """
    pace = Pace(per_minute, per_minute, clock)

    async def verify(request: web.Request) -> web.Response:
        if (seconds := pace.wait_seconds(network_of(source_of(request)))) > 0:
            raise TooManyAttempts(math.ceil(seconds))
        try:
            kept = await desk.check(parse_code(request.match_info["code"]))
        except InvalidCode:
            kept = None
        status = 404 if kept is None else 200
        return web.Response(text=_page(kept), status=status, content_type="text/html")

    return verify


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
