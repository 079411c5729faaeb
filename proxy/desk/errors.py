"""What the desk tells an officer who asked for what cannot be. Pure.

One sentence a code in each language, chosen by the code alone: no name or number of anybody is in
one, and none depends on whether there is a record.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from proxy.errors import FengcunError


class Category(Enum):
    """What sort of mistake it was, as HTTP sorts them; the value is the status (RFC 9110)."""

    WRONG_INPUT = 422
    NOT_ALLOWED = 403
    NOT_FOUND = 404
    CONFLICT = 409
    UNAVAILABLE = 503


_FORM: Final = Category.WRONG_INPUT

SENTENCES: Final[Mapping[str, tuple[Category, str, str]]] = MappingProxyType(
    {
        "field-missing": (_FORM, "a field is empty: all of them are needed", "必填项为空，请补全"),
        "field-too-long": (_FORM, "a field is too long", "填写内容过长，请精简"),
        "field-characters": (
            _FORM,
            "a field holds control characters, or characters that cannot be seen",
            "填写内容含有控制字符或者不可见字符，请删除",
        ),
        "identity": (
            _FORM,
            "an identity number is not one: letters, digits and hyphens",
            "证件号码格式不正确，请核对",
        ),
        "identity-check-digit": (
            _FORM,
            "an identity number ends in the wrong check digit (GB 11643)",
            "证件号码校验位不正确，请核对",
        ),
        "subjects-count": (
            _FORM,
            "name one person at least, and no more than the scope allows",
            "查询对象至少一人，且不得超过该类查询的人数上限",
        ),
        "subjects-twice": (_FORM, "a person is named twice", "查询对象重复，请核对"),
        "undertaking": (
            _FORM,
            "the undertaking's SHA-256 is 64 hexadecimal digits of a document that is not empty",
            "缺少已签署的保密承诺书，或者其摘要（SHA-256，64 位十六进制）不正确",
        ),
        "valid-days": (
            _FORM,
            "the number of days is not from 1 to what the desk may give",
            "有效期天数超出规定范围",
        ),
        "uses-max": (
            _FORM,
            "the number of uses is not from 1 to what the desk may give",
            "使用次数超出规定范围",
        ),
        "received-on": (
            _FORM,
            "the day of receipt lies in the future or more than 60 days back",
            "收到日期晚于今天或者早于六十日前，请核对",
        ),
        "case-missing": (
            _FORM,
            "for a case, say the number of the case it will be used in",
            "办案查询须写明使用该信息的案件的案号",
        ),
        "principal": (
            _FORM,
            "the policy knows no principal of that name",
            "策略中没有该访问主体",
        ),
        "reason-code": (_FORM, "there is no such reason", "没有该理由代码"),
        "agency": (
            Category.NOT_ALLOWED,
            "these are another agency's records: apply there (Article 14)",
            "不属于本单位提供的记录，请向记录所属机关申请（实施办法第14条）",
        ),
        "role": (
            Category.NOT_ALLOWED,
            "this officer's role does not do that",
            "该工作人员没有办理此事项的职责",
        ),
        "own-application": (
            Category.NOT_ALLOWED,
            "who took an application in does not decide on it",
            "受理人不得审批本人受理的申请，请由其他负责人审批",
        ),
        "unlawful-now": (
            Category.CONFLICT,
            "by the policy in force now this cannot be granted: refuse it",
            "依现行策略和依据目录已不能许可，请作出不许可决定",
        ),
        "unknown-number": (Category.NOT_FOUND, "there is no such application", "没有该编号的申请"),
        "decided": (Category.CONFLICT, "it has been decided on already", "该申请已经作出决定"),
        "not-in-force": (
            Category.CONFLICT,
            "this permit is not in force",
            "该许可不在有效期内，或者已经撤销",
        ),
        "not-batch": (
            Category.CONFLICT,
            "this is no permit for a list of people (scope batch)",
            "该许可不是名单核查许可",
        ),
        "operator-bound": (
            Category.NOT_ALLOWED,
            "this permit is for another operator alone",
            "该许可限定由其他操作人使用",
        ),
        "used-up": (
            Category.CONFLICT,
            "the permit has been used as often as it may be",
            "该许可的使用次数已经用完",
        ),
        "running": (
            Category.CONFLICT,
            "another check under this permit is under way: wait for it",
            "该许可的另一次核查正在进行，请稍候",
        ),
        "unknown-run": (
            Category.NOT_FOUND,
            "there is no such check under this permit, or not yet",
            "该许可下没有该次核查",
        ),
        "answers-lost": (
            Category.UNAVAILABLE,
            "the answers are missing, or are not what was recorded; the ledger has them",
            "答复文件缺失或者与账本记录不符，请联系管理员（账本中存有原文）",
        ),
        "no-look-up": (
            Category.UNAVAILABLE,
            "batch checks are not configured: see batch_query_file of [certificate]",
            "未配置名单核查，请管理员设置 [certificate] 及 batch_query_file",
        ),
        "store": (
            Category.UNAVAILABLE,
            "the desk cannot write its files: see the log, and try again",
            "申请材料暂时不能保存，请联系管理员后重试",
        ),
        "closed": (
            Category.UNAVAILABLE,
            "the desk is stopping: try again later",
            "服务正在停止，请稍后再试",
        ),
    }
)
"""Code -> sort of mistake, and what to say, in English and Chinese."""


class DeskError(FengcunError):
    """What was asked for cannot be. ``field`` is the name of the field that is wrong, if one is."""

    label = "desk"

    def __init__(self, code: str, field: str | None = None) -> None:
        self.code = code
        self.field = field
        self.category, self.english, self.chinese = SENTENCES[code]
        self.status = self.category.value
        super().__init__(f"{self.english} / {self.chinese}")
