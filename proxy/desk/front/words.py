"""What the page calls things, Chinese first. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Final

from proxy.desk.documents import CHINA, GROUNDS, PURPOSES, SCOPES
from proxy.desk.model import RevocationReason, Standing, State

STATES: Final[Mapping[State, tuple[str, str]]] = {
    State.RECEIVED: ("待审批", "received"),
    State.GRANTED: ("已许可", "granted"),
    State.REFUSED: ("不许可", "refused"),
    State.REVOKED: ("已撤销", "revoked"),
    State.EXPIRED: ("已到期", "expired"),
}
STANDINGS: Final[Mapping[Standing, str]] = {
    Standing.JUDICIAL: "司法机关",
    Standing.STATE: "其他国家机关",
    Standing.UNIT: "其他单位",
    Standing.PLATFORM: "网络平台",
}
REASONS: Final[Mapping[RevocationReason, str]] = {
    RevocationReason.PURPOSE_EXCEEDED: "超出查询目的或者使用范围",
    RevocationReason.UNDERTAKING_BROKEN: "违反保密承诺",
    RevocationReason.WRONGLY_GRANTED: "许可有误",
    RevocationReason.NO_LONGER_NEEDED: "不再需要",
    RevocationReason.SUPERVISION: "检察监督意见",
}
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "agency": ("记录所属机关", "agency whose records these are"),
    "principal": ("访问主体", "principal of the policy"),
    "standing": ("申请人性质", "who applies"),
    "unit": ("申请单位", "unit"),
    "letter": ("单位公函文号", "number of the official letter"),
    "handler_name": ("经办人姓名", "name of who applies for it"),
    "handler_identity": ("经办人证件号码", "their identity number"),
    "subjects": ("查询对象证件号码（每行一个）", "identity numbers asked about, one a line"),
    "purpose": ("查询目的", "purpose"),
    "basis": ("法律依据", "legal basis"),
    "reason": ("查询理由", "reasons"),
    "use": ("使用范围", "scope of use"),
    "scope": ("查询范围", "how much"),
    "valid_days": ("有效期（日）", "days"),
    "undertaking_sha256": ("保密承诺书摘要（SHA-256）", "SHA-256 of the signed undertaking"),
    "operator": ("实际操作人（选填）", "the one person it counts for, optional"),
    "case": ("使用该信息的案件案号（办案必填）", "case it will be used in"),
    "uses_max": ("使用次数上限（选填）", "uses at most, optional"),
    "received_on": ("收到日期（非当日收到时填写）", "day of receipt, if not today"),
}
"""Fields of an application, in Chinese and English."""

_TABLES: Final[Mapping[str, Sequence[tuple[Enum, str]]]] = {
    "states": [(state, chinese) for state, (chinese, _) in STATES.items()],
    "standings": [*STANDINGS.items()],
    "purposes": [*PURPOSES.items()],
    "scopes": [*SCOPES.items()],
    "grounds": [*GROUNDS.items()],
    "reasons": [*REASONS.items()],
}
_CALLED: Final[Mapping[Enum, str]] = {
    value: chinese for table in _TABLES.values() for value, chinese in table
}


def called(value: Enum) -> str:
    """The Chinese word for a choice."""
    return _CALLED[value]


def options(name: str) -> list[tuple[str, str]]:
    """The choices of a field: what is sent, and the Chinese word."""
    return [(value.value, chinese) for value, chinese in _TABLES[name]]


def short(chinese: str) -> str:
    """A field's name without what is said of how to fill it in."""
    return chinese.partition("（")[0]


def moment(value: datetime | None) -> str:
    """A time as it is in China, to the minute."""
    return "" if value is None else value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
