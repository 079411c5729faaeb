"""What an officer is told who asked for what cannot be printed. Pure.

Chosen by the request and the configuration alone, before anybody is looked up: none depends on
whether there is a record, and none repeats what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy.errors import FengcunError

SENTENCES: Final[Mapping[str, tuple[int, str, str]]] = MappingProxyType(
    {
        "not-json": (400, "the request is not a JSON object", "请求不是 JSON 对象"),
        "too-long": (413, "the request is too long", "请求过长"),
        "field": (422, "a field is missing, unknown or wrong", "字段缺失或格式不正确"),
        "identity": (
            422,
            "the identity number is not one, or ends in the wrong check digit (GB 11643)",
            "证件号码格式或校验位不正确，请核对",
        ),
        "date": (422, "a date is not one, or the period ends before it begins", "日期或时段不正确"),
        "characters": (
            422,
            "it holds a character that the font does not have: it is printed for nobody",
            "含有证明字库中没有的字符或者不可见字符，无法打印；任何人均如此",
        ),
        "does-not-fit": (422, "it does not fit into its place on the form", "内容过长，放不下"),
        "role": (403, "this officer's role does not do that", "该工作人员没有办理此事项的职责"),
        "unknown": (404, "there is no such certificate", "没有该编号的证明"),
        "revoked": (409, "it has been revoked already", "该证明已经撤销"),
        "store": (
            503,
            "the desk cannot write its files: see the log, and try again",
            "证明暂时不能保存，请联系管理员后重试",
        ),
    }
)  # fmt: skip
"""Code -> HTTP status (RFC 9110), and what to say, in English and Chinese."""


class CertificateError(FengcunError):
    """What was asked for cannot be. ``field`` is the name of the field that is wrong, if one is."""

    label = "certificate"

    def __init__(self, code: str, field: str | None = None) -> None:
        self.code = code
        self.field = field
        self.status, self.english, self.chinese = SENTENCES[code]
        where = "" if field is None else f"{field}: "
        super().__init__(f"{where}{self.english} / {self.chinese}")
