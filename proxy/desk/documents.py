"""The desk's papers as text, 示例格式: the decision not to permit, and the undertaking. Pure.

A decision's words come from its ground, its number and what the applicant wrote. Nothing here is
given, or could ask, whether there is a record: the same application is refused in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from proxy.desk.model import Application, Dossier, Purpose, RefusalGround, State
from proxy.policy.permit import Scope

CHINA: Final = timezone(timedelta(hours=8))
"""No summer time since 1991."""

GROUNDS: Final[Mapping[RefusalGround, str]] = MappingProxyType(
    {
        RefusalGround.NO_BASIS: "所述依据不属于法律或者行政法规的规定，无国家规定依据",
        RefusalGround.NO_STANDING: "申请单位或者所申请的查询范围不属于法定情形",
        RefusalGround.INCOMPLETE: "申请材料不齐全或者不符合法定形式",
        RefusalGround.MISMATCH: "申请理由、查询目的与所述依据不相符",
        RefusalGround.PLATFORM_OR_BULK: "属于平台查询、对接或者批量查询",
    }
)
PURPOSES: Final[Mapping[Purpose, str]] = MappingProxyType(
    {
        Purpose.CASE: "办案",
        Purpose.STATUTORY_CHECK: "法定资格审查",
        Purpose.MISSING_CHILD: "查找失踪、被拐卖未成年人",
        Purpose.CLOSE_CONTACT: "密切接触未成年人岗位查询",
    }
)
SCOPES: Final[Mapping[Scope, str]] = MappingProxyType(
    {
        Scope.FULL: "查阅、摘抄、复制",
        Scope.CONVICTION: "是否受过刑事处罚、罪名、刑期",
        Scope.MISSING_CHILD: "失踪、被拐卖未成年人的身份",
        Scope.BATCH: "名单核查（不含封存信息）",
    }
)


def refusal_decision(dossier: Dossier) -> str:
    """《不许可查询决定书》. Raises ValueError for a dossier that was not refused."""
    if dossier.state is not State.REFUSED or not dossier.ground or not dossier.decided_at:
        raise ValueError("no decision of this kind was made")
    application = dossier.application
    return f"""\
不许可查询决定书
（示例格式）

编号：{dossier.number}

申请单位：{application.unit}
单位公函：{application.letter}
收到日期：{_day(dossier.received_at, application.received_on)}
申请事项：{PURPOSES[application.purpose]}，查询范围：{SCOPES[application.scope]}

你单位的查询申请收悉。经审查，{GROUNDS[dossier.ground]}。
依据《中华人民共和国刑事诉讼法》第二百八十六条、《关于未成年人犯罪记录封存的实施办法》第十六条，
决定不予许可查询。
本决定仅依据申请单位、依据和材料作出，不表明被查询人有或者没有犯罪记录。

如有异议，可以向同级人民检察院提出。

{application.agency}（印章）
{_day(dossier.decided_at)}
"""


def undertaking_form(application: Application, basis: str) -> str:
    """《保密承诺书》, to be signed; its scan's SHA-256 goes with the application. ``basis`` is the
    law as it is cited."""
    subjects = "、".join(application.subjects)
    return f"""\
保密承诺书
（示例格式）

查询单位：{application.unit}
单位公函：{application.letter}
查询人：{application.handler_name}　证件号码：{application.handler_identity}
查询对象：{subjects}
查询理由：{application.reason}
法律依据：{basis}
使用范围：{application.use}

本单位和查询人承诺：
一、仅按照上述查询目的和使用范围使用所获信息；
二、不复制、不转交、不公开，不录入其他信息系统；
三、知悉人员限于：____________________；
四、泄露所获信息的，愿意依法承担责任。

查询人（签名）：____________　单位（印章）：____________
日期：____年__月__日

提交至：{application.agency}
"""


def _day(moment: datetime, instead: date | None = None) -> str:
    day = instead or moment.astimezone(CHINA).date()
    return f"{day.year}年{day.month}月{day.day}日"
