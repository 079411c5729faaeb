"""What each route of the portal takes and answers, as its description says it.

One row for each row of `access.TABLE`. What is true of all routes is not here but in `description`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from ledger.fields import EntryKind
from ledger.portal.access import Place
from ledger.portal.leads.model import Rule
from ledger.portal.looks import Look
from ledger.portal.opinions.entries import TEXT_CHARACTERS_MAX
from ledger.portal.opinions.model import Result, Step
from ledger.portal.proof.verdict import Standing
from ledger.portal.words import VERDICTS, Language

Json = Mapping[str, object]
"""A JSON Schema, or a part of the document."""
HTML: Final = "text/html"
JSON: Final = "application/json"
_PAGE: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType({200: (HTML,)})
_ELSEWHERE: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType({303: ()})
_TEXT: Final = {"type": "string"}
_PLACE: Final = {"type": "string", "pattern": "^/", "maxLength": 2000}
_DAY: Final = {"type": "string", "format": "date"}
_FLAG: Final = {"type": "string", "enum": ["1"]}
_COUNT: Final = {"type": "integer", "minimum": 0}
_SHORT: Final = {"type": "string", "maxLength": 64}
_NUMBERS: Final = {"type": "string", "maxLength": 2000}
_WRITTEN: Final = {"type": "string", "maxLength": TEXT_CHARACTERS_MAX}
LOG: Final = {"$ref": "#/components/schemas/Log"}


@dataclass(frozen=True, slots=True)
class Operation:
    """``answers`` is status -> content types, none where there is no body; what is a problem on
    every route is added to it. ``form``: fields besides the ``hidden`` token; ``needs``: those that
    must be there. ``body`` is the schema of JSON, ``headers`` what a 200 has."""

    summary: str
    answers: Mapping[int, tuple[str, ...]]
    problems: tuple[int, ...] = ()
    query: Mapping[str, Json] = field(default_factory=dict)
    form: Mapping[str, Json] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    hidden: str = "form_token"
    body: Json | None = None
    headers: tuple[str, ...] = ()


def _closed(**properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _or_null(kind: str) -> Json:
    return {"type": [kind, "null"]}


def _of(words: type[EntryKind | Standing | Rule]) -> list[str]:
    return [each.value for each in words]


def _list_of(schema: Json) -> Json:
    return {"type": "array", "items": schema}


ENTRY_ROW: Final = _closed(
    log=_TEXT,
    number=_COUNT,
    time=_TEXT,
    kind={"enum": [*_of(EntryKind), None]},
    flaw=_or_null("string"),
    verdict=_or_null("string"),
    event=_or_null("string"),
    principal=_or_null("string"),
    rule=_or_null("string"),
    article=_or_null("string"),
    rows_count=_or_null("integer"),
    cut={"type": "boolean"},
    named={"type": "object", "additionalProperties": _list_of(_TEXT)},
)
LEAD: Final = _closed(
    rule={"enum": _of(Rule)},
    log=_TEXT,
    day=_DAY,
    operator=_or_null("string"),
    account=_or_null("string"),
    principals=_list_of(_TEXT),
    count=_COUNT,
    limit=_COUNT,
    entries=_list_of(_COUNT),
)
VERIFICATION: Final = _closed(
    running={"type": "boolean"},
    done=_COUNT,
    total=_COUNT,
    last={
        "anyOf": [
            {"type": "null"},
            _closed(
                standing={"enum": _of(Standing)},
                code=_TEXT,
                index=_or_null("integer"),
                ended_seconds={"type": "number"},
            ),
        ]
    },
)
_RECEIPTS: Final = _closed(receipt=_TEXT, history=_list_of(_TEXT), keys=_list_of(_TEXT))
_FILTERS: Final[Mapping[str, Json]] = {
    "log": LOG,
    "kind": {"type": "string", "enum": _of(EntryKind)},
    "verdict": {"type": "string", "enum": list(VERDICTS)},
    "principal": _TEXT,
    "operator": _TEXT,
    "rule": _TEXT,
    "since": _DAY,
    "until": _DAY,
    "refused": _FLAG,
    "without_case": _FLAG,
    "cut": _FLAG,
    "person": _TEXT,
    "after": _TEXT,
}
_TIME: Final[Mapping[str, Json]] = {"log": LOG, "since": _DAY, "until": _DAY}
_TO: Final[Mapping[str, Json]] = {"to": _PLACE}
_BESIDE: Final = (404, 502)
_FOLLOWED: Final = (400, 429)
_BOTH: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType({200: (HTML, JSON)})

OPERATIONS: Final[Mapping[Place, Operation]] = MappingProxyType(
    {
        ("GET", "/static/{name}"): Operation(
            "A style or a script / 样式和脚本", {200: ("text/css", "text/javascript")}
        ),
        ("POST", "/language"): Operation(
            "Choose the language / 选择语言",
            _ELSEWHERE,
            form={"language": {"type": "string", "enum": list(Language)}, "here": _PLACE},
            needs=("language",),
            hidden="",
        ),
        ("GET", "/sign-in"): Operation("The form / 登录页", {**_PAGE, **_ELSEWHERE}),
        ("POST", "/sign-in"): Operation(
            "Sign in with password and code / 口令和动态码登录",
            _ELSEWHERE,
            (429,),
            form={"name": _SHORT, "password": _SHORT, "code": _SHORT},
            needs=("name", "password", "code"),
            hidden="visit_token",
        ),
        ("POST", "/sign-in/certificate"): Operation(
            "Sign in with the client certificate / 证书登录", _ELSEWHERE, hidden="visit_token"
        ),
        ("POST", "/sign-out"): Operation("Sign out / 退出", _ELSEWHERE),
        ("GET", "/openapi.json"): Operation(
            "This description / 本说明", {200: (JSON,)}, body={"type": "object"}
        ),
        ("GET", "/"): Operation("How each log stands / 总览", _PAGE),
        ("GET", "/logs/{log}/verification"): Operation("What it came to / 核验结果", _PAGE),
        ("POST", "/logs/{log}/verification"): Operation("Verify the log / 核验", _ELSEWHERE),
        ("GET", "/logs/{log}/verification/state"): Operation(
            "How far it is, and what the last one came to / 核验进度和上次结果",
            {200: (JSON,)},
            body=VERIFICATION,
        ),
        ("GET", "/logs/{log}/entries/{index}"): Operation("One entry / 一条记录", _PAGE, _BESIDE),
        ("GET", "/logs/{log}/entries/{index}/receipts"): Operation(
            "What a browser checks / 供浏览器核验",
            {200: (JSON,), 502: (HTML, JSON)},
            (404,),
            body=_RECEIPTS,
        ),
        ("POST", "/logs/{log}/pack"): Operation(
            "Evidence pack / 证据包",
            {200: ("application/zip",)},
            (404, 409, 502),
            form={"entries": _NUMBERS, "plain": _FLAG},
            needs=("entries",),
            headers=("Content-Disposition", "X-Manifest-SHA-256"),
        ),
        ("GET", "/entries"): Operation(
            "Look for entries / 查询记录",
            _BOTH,
            (400, 404, 429),
            query=_FILTERS,
            body=_closed(rows=_list_of(ENTRY_ROW), next=_or_null("string")),
        ),
        ("GET", "/leads"): Operation(
            "Leads / 线索",
            _BOTH,
            _FOLLOWED,
            query=_TIME,
            body=_closed(leads=_list_of(LEAD), rows_count=_COUNT, back_to=_or_null("string")),
        ),
        ("GET", "/opinions"): Operation("Opinions / 纠正意见", _PAGE),
        ("GET", "/opinions/new"): Operation(
            "Form of a draft / 起草页", _PAGE, query={"log": LOG, "entries": _NUMBERS}
        ),
        ("POST", "/opinions/new"): Operation(
            "Draft / 起草",
            _ELSEWHERE,
            (409,),
            form={"log": LOG, "entries": _NUMBERS, "text": _WRITTEN},
            needs=("log", "entries", "text"),
        ),
        ("GET", "/opinions/{number}"): Operation("One opinion / 一份意见", _PAGE),
        ("POST", "/opinions/{number}"): Operation(
            "Its next step / 下一步骤",
            _ELSEWHERE,
            (409,),
            form={
                "step": {"type": "string", "enum": list(Step)},
                "due": _DAY,
                "result": {"type": "string", "enum": list(Result)},
                "text": _WRITTEN,
            },
            needs=("step",),
        ),
        ("GET", "/statistics"): Operation(
            "Figures of a time / 统计",
            _PAGE,
            (400, 413, 429),
            query={**_TIME, "outside": _FLAG},
        ),
        ("GET", "/statistics/sheet"): Operation(
            "The same for outside, as a spreadsheet / 对外统计表",
            {200: ("text/csv",)},
            (400, 413, 429),
            query=_TIME,
            headers=("Content-Disposition",),
        ),
        ("GET", "/statistics/print"): Operation(
            "The same for outside, on paper / 对外统计表（PDF）",
            {200: ("application/pdf",)},
            (400, 413, 429),
            query=_TIME,
            headers=("Content-Disposition",),
        ),
        ("GET", "/findings"): Operation("Not sealed that ought to be / 应封未封", _PAGE, (429,)),
        ("GET", "/unsealings"): Operation("Unsealings / 解封审查", _PAGE, (429,)),
        ("GET", "/live"): Operation("Entries as they come / 实时", _PAGE),
        ("GET", "/live/events"): Operation(
            "The same, as events without end / 实时事件流",
            {200: ("text/event-stream",)},
            _FOLLOWED,
            query={"after": _TEXT},
        ),
        ("GET", "/looks"): Operation(
            "The supervisor's own record / 监督方自身的记录",
            _PAGE,
            (400, 429, 502),
            query={
                "event": {"type": "string", "enum": [*Look, "opinion", "reply"]},
                "account": _SHORT,
                "before": {"type": "string", "pattern": "^(0|[1-9][0-9]{0,14})$"},
            },
        ),
        ("POST", "/looks/verification"): Operation("Verify it / 核验自身的记录", _ELSEWHERE),
        ("GET", "/unlock"): Operation("Form of the passphrase / 解锁页", _PAGE, query=_TO),
        ("POST", "/unlock"): Operation(
            "Unlock the private key / 解锁",
            _ELSEWHERE,
            (404, 429),
            form={"passphrase": {"type": "string", "maxLength": 1000}, **_TO},
            needs=("passphrase",),
        ),
        ("POST", "/lock"): Operation("Lock it again / 重新锁定", _ELSEWHERE, form=_TO),
        ("GET", "/person"): Operation("Form of a person / 个案页", _PAGE),
        ("POST", "/person"): Operation(
            "Look for a person / 个案查询",
            _ELSEWHERE,
            (429,),
            form={"number": _SHORT},
            needs=("number",),
        ),
    }
)
