"""What the portal says, in Chinese and English: one pair of texts, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ledger.fields import EntryKind
from ledger.portal.access import Role


class Language(StrEnum):
    """Which of the two is shown."""

    CHINESE = "zh-CN"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    chinese: str
    english: str

    def to(self, language: Language) -> str:
        """The one for that language."""
        return self.english if language is Language.ENGLISH else self.chinese


ROLES = {
    Role.SUPERVISOR: Words("检察官", "Prosecutor"),
    Role.CHIEF: Words("部门负责人", "Chief prosecutor"),
    Role.AUDITOR: Words("审计（只读）", "Auditor (read only)"),
}

VERDICTS = {
    "pass": Words("放行", "Passed"),
    "strip": Words("已隐去封存内容", "Sealed rows withheld"),
    "refuse": Words("拒绝", "Refused"),
}
KINDS = {
    EntryKind.DECISION: Words("访问", "Access"),
    EntryKind.OUTCOME: Words("访问结果", "Result"),
    EntryKind.PERMIT: Words("查询许可", "Permit"),
    EntryKind.CERTIFICATE: Words("无犯罪记录证明", "Certificate"),
    EntryKind.FINDING: Words("异常线索", "Finding"),
    EntryKind.UNSEAL: Words("解封", "Unsealing"),
    EntryKind.OPINION: Words("纠正意见", "Opinion"),
    EntryKind.REPLY: Words("答复", "Reply"),
    EntryKind.LABEL: Words("标注", "Label"),
    EntryKind.POLICY: Words("规则变更", "Policy"),
    EntryKind.KEY: Words("密钥变更", "Keys"),
    EntryKind.ERASURE: Words("销毁", "Erasure"),
    EntryKind.BOOT: Words("启动", "Start"),
    EntryKind.HEARTBEAT: Words("心跳", "Heartbeat"),
    EntryKind.GENESIS: Words("建账", "Beginning"),
    EntryKind.LOOK: Words("查阅", "Look"),
}
EVENTS = {
    "received": Words("受理", "received"),
    "granted": Words("许可", "granted"),
    "refused": Words("不许可", "refused"),
    "used": Words("使用", "used"),
    "revoked": Words("撤销", "revoked"),
    "expired": Words("到期", "expired"),
    "issued": Words("出具", "issued"),
    "closed": Words("办结", "closed"),
    "ordered": Words("决定", "ordered"),
    "executed": Words("执行", "executed"),
    "ended": Words("终止", "ended"),
    "alive": Words("正常", "alive"),
    "stop": Words("停止", "stopped"),
    "frozen": Words("封账", "frozen"),
    "epoch": Words("启用新的数据密钥", "a new data key"),
    "entry": Words("更换记录签名密钥", "a new key for entries"),
    "log": Words("增加账本签名密钥", "a further key for the log"),
    "log-retired": Words("停用旧的账本签名密钥", "an old key of the log retired"),
    "recipients": Words("变更解密人", "recipients changed"),
}

FORGED = Words(
    "此表单已失效。请返回重新提交。", "This form is no longer valid. Please go back and try again."
)
SIGNED_OUT = Words("请先登录。", "Please sign in first.")
NOT_YOURS = Words("您的角色无权使用此页面。", "Your role may not use this page.")
NOT_RECORDED = Words(
    "平台自身的记录无法写入，因此不显示任何内容。请联系管理员检查平台所在机器的磁盘。",
    "The portal's own record cannot be written, so nothing is shown. Ask the administrator to look"
    " at the disk of the portal's machine.",
)
TOO_OFTEN = Words("操作过于频繁，请稍候再试。", "Too many requests. Please wait a moment.")
OF_STATUS = {
    400: Words("无法理解该请求。", "This request is not understood."),
    403: Words("不允许此操作。", "This is not allowed."),
    404: Words("没有该页面。", "There is no such page."),
    405: Words("此处不支持该操作。", "This cannot be done here."),
    408: Words("请求传输超时。", "The request took too long to arrive."),
    413: Words("提交的内容过大。", "What was sent is too large."),
    415: Words("不支持该内容类型。", "Content of this type is not taken."),
    500: Words(
        "平台内部错误。请联系管理员，日志中有记录。",
        "Something failed here. The administrator's log says where.",
    ),
}
