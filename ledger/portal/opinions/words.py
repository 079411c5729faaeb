"""Steps, replies and states of opinions in Chinese and English."""

from __future__ import annotations

from datetime import date
from typing import Final

from ledger.portal.opinions.model import Opinion, Result, Step
from ledger.portal.words import Words

STEPS: Final = {
    Step.DRAFTED: Words("起草", "drafted"),
    Step.WITHDRAWN: Words("撤回", "withdrawn"),
    Step.ISSUED: Words("送达", "served"),
    Step.URGED: Words("督促", "pressed for"),
    Step.ESCALATED: Words("报上一级", "reported to the level above"),
    Step.REPLIED: Words("收到答复", "answered"),
    Step.UPHELD: Words("复核后维持", "upheld after another look"),
    Step.CLOSED: Words("办结", "closed"),
}
RESULTS: Final = {
    Result.ACCEPTED: Words("采纳", "accepted"),
    Result.CORRECTED: Words("已纠正", "corrected"),
    Result.CONTESTED: Words("提出异议", "contested"),
}


def state_of(opinion: Opinion, today: date) -> Words:
    """How it stands on that day."""
    late = opinion.overdue_days(today)
    if late:
        return Words(f"答复逾期 {late} 日", f"the reply is {late} days late")
    if opinion.reexamine_by is not None:
        left = (opinion.reexamine_by - today).days
        if left < 0:
            return Words(f"复核逾期 {-left} 日", f"to be looked at again, {-left} days late")
        return Words(f"待复核，剩 {left} 日", f"to be looked at again within {left} days")
    if opinion.due is not None and opinion.result is None:
        return Words(f"待答复，{opinion.due} 前", f"a reply is due by {opinion.due}")
    said = STEPS[opinion.step]
    if opinion.result is not None:
        result = RESULTS[opinion.result]
        return Words(f"{said.chinese}（{result.chinese}）", f"{said.english} ({result.english})")
    return said
