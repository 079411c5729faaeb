"""What goes over HTTP, as values: closed, strict, and the source of the description.

Field names are those of `proxy.desk.model`. What a field may hold is the desk's to say; here are
only its type and a bound on its size, so that nothing large or odd gets that far.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated, Final, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from proxy.desk.model import (
    Application,
    Dossier,
    Purpose,
    RefusalGround,
    RevocationReason,
    Standing,
    State,
)
from proxy.names import PrincipalName
from proxy.policy.permit import Scope

BODY_BYTES_MAX: Final = 1 << 17
_Shape = TypeVar("_Shape", bound=BaseModel)

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Identity = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Time = datetime


class Shape(BaseModel):
    """Closed: a field that is not known is an error."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )


class ApplicationShape(Shape):
    """An application under Article 16 / 查询申请(实施办法第16条)."""

    agency: Line
    """Whose records: this agency / 记录所属机关."""
    principal: Line
    """The principal of the policy whose statements the permit counts for / 访问主体."""
    standing: Standing
    """Who applies: 司法机关, 其他国家机关, 其他单位, 网络平台."""
    unit: Line
    """The unit that applies / 申请单位."""
    letter: Line
    """The number of its official letter / 单位公函文号."""
    handler_name: Line
    """Who applies for it / 经办人."""
    handler_identity: Identity
    """Their identity number / 经办人证件号码."""
    subjects: Annotated[tuple[Identity, ...], Field(min_length=1, max_length=256)]
    """Identity numbers of the people asked about / 查询对象证件号码."""
    purpose: Purpose
    """What for / 查询目的."""
    basis: Line
    """A code of the list of legal bases / 法律依据代码."""
    reason: Prose
    """Why / 查询理由."""
    use: Prose
    """What it will be used for, and by whom / 使用范围."""
    scope: Scope
    """How much / 查询范围."""
    valid_days: Annotated[int, Field(ge=1, le=366)]
    """For how many days / 有效期(日)."""
    undertaking_sha256: Digest
    """SHA-256 of the signed undertaking, in lower-case hexadecimal / 保密承诺书摘要."""
    operator: Line | None = None
    """The one person whose statements it counts for / 实际操作人."""
    case: Line | None = None
    """The case that it will be used in / 使用该信息的案件案号."""
    uses_max: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How often it may be used / 使用次数上限."""
    received_on: date | None = None
    """The day of receipt, if it was not today / 收到日期."""

    def application(self) -> Application:
        """The same, as the desk takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return Application(**{**values, "principal": PrincipalName(self.principal)})


class ApplicationShown(Shape):
    """An application as it was taken in."""

    agency: str
    principal: str
    standing: Standing
    unit: str
    letter: str
    handler_name: str
    handler_identity: str
    subjects: tuple[str, ...]
    purpose: Purpose
    basis: str
    reason: str
    use: str
    scope: Scope
    valid_days: int
    undertaking_sha256: str
    operator: str | None
    case: str | None
    uses_max: int | None
    received_on: date | None


class DossierSummary(Shape):
    """A line of the list: no person asked about is in it / 登记簿一行, 不含查询对象."""

    number: str
    state: State
    unit: str
    standing: Standing
    purpose: Purpose
    scope: Scope
    received_at: Time
    received_by: str
    decide_by: date
    """The last day to decide / 应当作出决定的最后日期."""
    overdue: bool
    """Not decided, and that day is over / 已逾期."""
    decided_at: Time | None
    decided_by: str | None
    valid_until: Time | None


class DossierShape(DossierSummary):
    """An application and what became of it / 申请及其办理情况."""

    calendar_known: bool
    """False: no calendar of that year was there to count the deadline by."""
    ground: RefusalGround | None
    rule: str | None
    """The rule that refused it, where nobody had to."""
    uses_max: int | None
    ended_at: Time | None
    ended_by: str | None
    reason: RevocationReason | None
    application: ApplicationShown


class DossierList(Shape):
    """Part of the register, the latest first / 登记簿."""

    total: int
    """How many there are in all."""
    applications: tuple[DossierSummary, ...]


class ListQuery(Shape):
    """Which part of the register."""

    state: State | None = None
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class RefusalShape(Shape):
    """A decision not to permit / 不许可."""

    ground: RefusalGround


class RevocationShape(Shape):
    """A permit is taken back / 撤销."""

    reason: RevocationReason


class NoBody(Shape):
    """An empty object, or nothing."""


class LoginShape(Shape):
    """An officer's login / 登录."""

    officer: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1_024)]


class TokenShape(Shape):
    """A token for the header `Authorization: Bearer` / 令牌."""

    token: str
    idle_seconds: int
    """It ends when it was not used for so long."""
    whole_seconds: int
    """It ends then at the latest."""


class FieldProblem(Shape):
    """One field that is wrong."""

    field: str
    message: str
    message_zh: str


class ProblemShape(Shape):
    """What went wrong (RFC 9457), in English and Chinese."""

    type: str
    title: str
    title_zh: str
    status: int
    code: str
    fields: tuple[FieldProblem, ...] = ()


class Malformed(Exception):
    """What came is not of its shape. ``fields`` names known fields only, and no value."""

    def __init__(self, fields: tuple[FieldProblem, ...] = ()) -> None:
        self.fields = fields
        super().__init__("malformed")


def read_shape(data: bytes, shape: type[_Shape]) -> _Shape:
    """JSON of this shape. Raises `Malformed`; for a name that is there twice, too."""
    try:
        json.loads(data, object_pairs_hook=_each_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Malformed from None
    try:
        return shape.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise Malformed(_fields(error, shape)) from None


def read_texts(values: dict[str, object], shape: type[_Shape]) -> _Shape:
    """The same from texts, as forms and queries have them. Raises `Malformed`."""
    try:
        return shape.model_validate_json(json.dumps(values))
    except ValidationError as error:
        raise Malformed(_fields(error, shape)) from None


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")


_WORDS: Final = {
    "missing": ("is missing", "未填写"),
    "string_too_short": ("is empty", "未填写"),
    "string_too_long": ("is too long", "内容过长"),
    "too_short": ("needs one at least", "至少填写一项"),
    "too_long": ("has too many", "数量过多"),
    "enum": ("is not one of the choices", "选项不正确"),
    "extra_forbidden": ("has a field that is not known", "含有未知字段"),
    "greater_than_equal": ("is too small", "数值过小"),
    "less_than_equal": ("is too large", "数值过大"),
}


def _fields(error: ValidationError, shape: type[BaseModel]) -> tuple[FieldProblem, ...]:
    found: dict[str, FieldProblem] = {}
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        # The name of an unknown field is whatever somebody wrote: it is not repeated.
        name = str(each["loc"][0]) if each["loc"] else ""
        known = name if name in shape.model_fields else ""
        english, chinese = _WORDS.get(each["type"], ("is not of its form", "格式不正确"))
        found.setdefault(known, FieldProblem(field=known, message=english, message_zh=chinese))
    return tuple(found.values())


def summary(dossier: Dossier, today: date) -> DossierSummary:
    """A line of the register."""
    return DossierSummary(**_summed_up(dossier, today))  # type: ignore[arg-type]


def shown(dossier: Dossier, today: date) -> DossierShape:
    """All of it."""
    application = {
        name: getattr(dossier.application, name) for name in ApplicationShown.model_fields
    }
    return DossierShape(
        **_summed_up(dossier, today),  # type: ignore[arg-type]
        calendar_known=dossier.calendar_known,
        ground=dossier.ground,
        rule=dossier.rule,
        uses_max=dossier.uses_max,
        ended_at=dossier.ended_at,
        ended_by=dossier.ended_by,
        reason=dossier.reason,
        application=ApplicationShown(**application),
    )


def _summed_up(dossier: Dossier, today: date) -> dict[str, object]:
    application = dossier.application
    return {
        "number": dossier.number,
        "state": dossier.state,
        "unit": application.unit,
        "standing": application.standing,
        "purpose": application.purpose,
        "scope": application.scope,
        "received_at": dossier.received_at,
        "received_by": dossier.received_by,
        "decide_by": dossier.decide_by,
        "overdue": dossier.state is State.RECEIVED and dossier.decide_by < today,
        "decided_at": dossier.decided_at,
        "decided_by": dossier.decided_by,
        "valid_until": dossier.valid_until,
    }
