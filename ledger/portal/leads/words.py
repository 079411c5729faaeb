"""What each rule says, in Chinese and English."""

from __future__ import annotations

from typing import Final

from ledger.portal.leads.model import Lead, Rule
from ledger.portal.words import Words

TITLES: Final = {
    Rule.NO_CASE: Words("查询未载明案号", "No case was named"),
    Rule.OUT_OF_HOURS: Words("非工作时间查询", "Outside of office hours"),
    Rule.REFUSED: Words("反复被拒绝", "Refused again and again"),
    Rule.TWO_SOURCES: Words("同一人从多处登录", "One person from several places"),
    Rule.DRIP: Words("长期零星查询大量人员", "Many people, a few a day"),
    Rule.BEFORE_CERTIFICATE: Words(
        "查询后该人申请证明被拒绝", "Looked up shortly before a certificate was refused"
    ),
}


def said(lead: Lead) -> Words:
    """What was counted, and from which number on it is a lead."""
    count, limit = f"{lead.count:,}", f"{lead.limit:,}"
    match lead.rule:
        case Rule.TWO_SOURCES:
            return Words(
                f"当日自 {count} 个地址发出，可能是证书或者账号被他人使用",
                f"from {count} addresses on that day: a certificate may have been lent",
            )
        case Rule.DRIP:
            return Words(
                f"期间共查询 {count} 名不同人员（达到 {limit} 名即列出）",
                f"{count} different people in that time (listed from {limit} on)",
            )
        case Rule.BEFORE_CERTIFICATE:
            return Words(
                f"在证明被拒绝之前查询 {count} 次", f"looked up {count} times before the refusal"
            )
        case _:
            return Words(
                f"当日 {count} 次（达到 {limit} 次即列出）",
                f"{count} on that day (listed from {limit} on)",
            )
