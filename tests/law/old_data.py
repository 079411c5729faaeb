"""Random terms, dates and suspects as databases of the older kind hold them. Synthetic."""

from __future__ import annotations

import datetime as dt
import random

from tests.law import stories
from tests.law.pinyin import Suspect, Verdict

EXTRAS = (
    *("缓刑四年", "缓刑一年六个月", "剥夺政治权利二年", "剥夺政治权利终身", "并处罚金五千元"),
    *("并处罚金人民币10,000元整", "缓期二年执行", "改判四年", "缓刑", "减为三年"),
)


def term(dice: random.Random) -> str:
    """Most are terms, many are nearly terms."""
    signs = "有期徒刑无死拘役管制缓年个月日天半零又一二两三五六十百0123569６,，。;(决定执行判处 "
    if dice.random() < 0.1:
        return "".join(dice.choice(signs) for _ in range(dice.randrange(12)))
    parts = [dice.choice(("有期徒刑",) * 8 + ("无期徒刑", "死刑", "拘役", "管制", ""))]
    if dice.random() < 0.2:
        parts.insert(0, dice.choice(("判处", "盗窃罪有期徒刑七年,决定执行", "决定执行", "撤销")))
    if dice.random() < 0.85:
        parts += [number(dice), "年", dice.choice(("",) * 6 + ("半", "零", "余"))]
    if dice.random() < 0.5:
        joint = dice.choice(("",) * 4 + ("零", "又"))
        parts += [joint, number(dice), dice.choice(("个月", "个月", "月", "個月"))]
    if dice.random() < 0.15:
        parts += [number(dice), dice.choice(("日", "天"))]
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2))):
        parts += [dice.choice((",", ",", "，", "、", "", " ")), dice.choice(EXTRAS)]
    text = "".join(parts) + dice.choice(("", "", "", "。", " ", "　", "\t"))
    if dice.random() < 0.1:
        place = dice.randrange(len(text) + 1)
        text = text[:place] + dice.choice(signs) + text[place + dice.randrange(2) :]
    return text[:200]


def number(dice: random.Random) -> str:
    """Up to thirty mostly, in one of the ways to write it."""
    value = dice.choice((1, 2, 4, 5, 5, 5, 6, 7, 10, 11, 12, 20, 24, 25, 26, 60, 61, 120, 999, 0))
    if dice.random() < 0.4:
        return str(value).translate(stories.WIDE if dice.random() < 0.3 else {})
    if dice.random() < 0.05:
        return dice.choice(("", "〇", "廿五", "一百二十", "两", "十十", "一二", "两十"))
    ones = "零一二三四五六七八九"
    if value >= 100:
        return str(value)
    tens = "" if value < 10 else ("十" if value < 20 else ones[value // 10] + "十")
    return tens + (ones[value % 10] if value % 10 or not tens else "")


def suspect(dice: random.Random, today: dt.date) -> Suspect:
    """The people of `tests.law.stories`, in the columns of the older kind."""
    whole = stories.story(dice, today)
    person = whole.people[0]
    act = next((each for each in whole.accused if each.person == 0), None)
    verdicts = tuple(
        Verdict(
            dice.choice(("有罪",) * 6 + ("证据不足无罪", "免予刑事处罚", "有罪 ", "")),
            term(dice), old_date(dice, each.effective_on), "Y" if each.in_force else "N",
        )
        for each in (act.judgments if act else ())
    )  # fmt: skip
    notices = tuple(
        (dice.choice(("解封", "解封", "解封 ", "封存", None)), each.ground,
         old_date(dice, each.unsealed_on))
        for each in (act.notices if act else ())
    )  # fmt: skip
    return Suspect(
        id_no=person.id_no,
        born=old_date(dice, person.born),
        began=old_date(dice, act.first if act else None),
        ended=old_date(dice, act.last if act else None),
        main_before=dice.choice((None, " ", "Y", "N", "N", "?")),
        optout=dice.choice((None, "N", "Y")),
        verdicts=verdicts,
        notices=notices,
    )


def old_date(dice: random.Random, stored: str | None) -> str | None:
    """As such systems hold it: eight digits, wide ones, blanks, zeros, days that never were."""
    digits = (stored or "").replace("-", "")
    if not digits.isdigit() or len(digits) != 8 or dice.random() < 0.1:
        return dice.choice((None, "", "00000000", "19000101", "99991231", "2023", "20230231",
                            "20231301", "20230229", "未知", "2020 101", "二〇二〇"))  # fmt: skip
    return digits.translate(stories.WIDE) if dice.random() < 0.05 else digits
