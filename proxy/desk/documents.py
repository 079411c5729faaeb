"""The desk's papers as text, 示例格式: the decision not to permit, and the undertaking. Pure.

A decision's words come from its ground, its number and what the applicant wrote. Nothing here is
given, or could ask, whether there is a record: the same application is refused in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from proxy.desk.model import Dossier, Purpose, RefusalGround, State
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


def undertaking_form(agency: str) -> str:
    """《保密承诺书》 with 保密义务告知 (第17条), to be filled in and signed before an application
    is taken in: the SHA-256 of its scan goes with the application, and into every entry of it."""
    return f"""\
保密义务告知与保密承诺书
（示例格式）

一、告知
依据《关于未成年人犯罪记录封存的实施办法》第十七条，知悉被封存的未成年人犯罪记录或者相关信息的
单位和个人负有保密义务：不得披露该未成年人的姓名、住所、照片，以及可能推断出其身份的其他资料；
不得超出申请的目的和范围使用。公职人员不当泄漏的，依法给予处分；构成犯罪的，依法追究刑事责任
（第二十条）。

二、查询事项
查询单位：____________　单位公函：____________
查询人：____________　证件号码：____________
查询对象：____________
查询理由：____________
法律依据：____________
使用范围：____________

三、承诺
本单位和查询人已被告知上述义务，并承诺：
（一）仅按照上述查询目的和使用范围使用所获信息；
（二）不复制、不转交、不公开，不录入其他信息系统；司法机关依法复制的除外；
（三）知悉人员限于：____________________，并已将上述义务告知其本人；
（四）泄露所获信息的，愿意依法承担责任。

查询人（签名）：____________　单位（印章）：____________
日期：____年__月__日

提交至：{agency}
"""


def _day(moment: datetime, instead: date | None = None) -> str:
    day = instead or moment.astimezone(CHINA).date()
    return f"{day.year}年{day.month}月{day.day}日"
