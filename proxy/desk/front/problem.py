"""What went wrong, as an answer: problem+json (RFC 9457), in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from aiohttp import web

from ledger.accounts.doorkeeper import NotLoggedIn, TooManyAttempts
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.errors import DeskError
from proxy.desk.front.shapes import FieldProblem, Malformed, ProblemShape
from proxy.errors import RecordUnavailable, UpstreamUnavailable

CONTENT_TYPE: Final = "application/problem+json"

_OF_HTTP: Final[Mapping[int, tuple[str, str]]] = {
    400: ("this is not a request that is understood", "无法理解该请求"),
    403: ("this is not allowed", "不允许此操作"),
    404: ("there is nothing here", "没有该页面"),
    405: ("this cannot be done here", "此处不支持该操作"),
    408: ("the request took too long to arrive", "请求传输超时"),
    413: ("the request is too large", "请求内容过大"),
    415: ("the content is of a type that is not taken", "不支持该内容类型"),
    500: ("something failed here; the administrator's log says where", "内部错误，请联系管理员"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer. ``code`` is for programs."""

    status: int
    code: str
    english: str
    chinese: str
    fields: tuple[FieldProblem, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def shape(self) -> ProblemShape:
        """As JSON has it."""
        return ProblemShape(
            type=f"urn:fengcun:desk:{self.code}",
            title=self.english,
            title_zh=self.chinese,
            status=self.status,
            code=self.code,
            fields=self.fields,
        )

    def response(self) -> web.Response:
        """As the API answers."""
        body = self.shape().model_dump_json().encode()
        return web.Response(
            status=self.status, body=body, content_type=CONTENT_TYPE, headers=self.headers
        )


def problem_of(error: Exception) -> Problem:
    """What an error is to the client; of one that nobody foresaw nothing is told."""
    match error:
        case DeskError() | CertificateError():
            fields = (
                ()
                if error.field is None
                else (
                    FieldProblem(
                        field=error.field, message=error.english, message_zh=error.chinese
                    ),
                )
            )
            return Problem(error.status, error.code, error.english, error.chinese, fields)
        case Malformed():
            english, chinese = "the content is not of its form", "提交的内容不符合要求"
            return Problem(422, "malformed", english, chinese, error.fields)
        case NotLoggedIn():
            return NOT_LOGGED_IN
        case TooManyAttempts():
            retry = {"Retry-After": str(max(1, int(error.retry_seconds)))}
            english, chinese = "too many attempts: wait, and try again", "尝试次数过多，请稍后再试"
            return Problem(429, "too-many-attempts", english, chinese, headers=retry)
        case RecordUnavailable():
            english, chinese = "the ledger cannot record: nothing is done", "账本不可用，不予办理"
            return Problem(503, "ledger", english, chinese)
        case UpstreamUnavailable():
            english, chinese = (
                "the database does not answer: try again",
                "数据库暂时不可用，请稍后再试",
            )
            return Problem(503, "database", english, chinese)
        case TimeoutError():
            return of_status(408)
        case web.HTTPException():
            return of_status(error.status, _allow(error))
        case _:
            return of_status(500)


def of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """A problem that HTTP has a status for."""
    english, chinese = _OF_HTTP.get(status, (HTTPStatus(status).phrase, "请求未能完成"))
    code = HTTPStatus(status).phrase.lower().replace(" ", "-")
    return Problem(status, code, english, chinese, headers=headers or {})


def _allow(error: web.HTTPException) -> dict[str, str]:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}


NOT_LOGGED_IN: Final = Problem(
    401,
    "not-logged-in",
    "officer or password is wrong, or the login has ended",
    "姓名或口令不正确，或者登录已失效",
    headers={"WWW-Authenticate": 'Basic realm="fengcun desk", charset="UTF-8"'},
)
FORGED: Final = Problem(
    403,
    "form-token",
    "this form is not of your login, or is too old: open the page again",
    "表单已失效，请刷新页面后重新提交",
)
