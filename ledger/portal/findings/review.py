"""An unsealing with its arithmetic: what is known, from where, and what does not add up. Pure.

The law: 实施办法第18条 names three grounds, of which two want one term of more than five years for
offences before the eighteenth birthday, and the third a retrial that ends with five years or more;
刑法第69条 keeps a combined term within the sum of the single ones. What no entry holds is said to
be missing, and nothing is made of it. A doubt is for a person to look at and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from ledger.fields import Header
from ledger.portal.words import Words

FIVE_YEARS_MONTHS: Final = 60
ADULT_YEARS: Final = 18
ABSENT: Final = "—"
"""What a payload's key that holds nothing is shown as."""
GROUNDS: Final = {
    "18-1": Words(
        "第18条第1项：未成年时又犯新罪，数罪并罚超过五年",
        "Art. 18 (1): a new offence before 18, one term of more than five years",
    ),
    "18-2": Words(
        "第18条第2项：发现未成年时的漏罪，数罪并罚超过五年",
        "Art. 18 (2): an earlier offence before 18 found later, one term of more than five years",
    ),
    "18-3": Words("第18条第3项：再审改判", "Art. 18 (3): changed by a retrial"),
}
_COMBINED: Final = ("18-1", "18-2")
_RETRIAL: Final = "18-3"
_LONGER: Final = ("LIFE", "DEATH")
_ARTICLE_18: Final = re.compile(r"(?<![0-9])18(?![0-9])|第十八条")
_DIGITS_MAX: Final = 6
_EVENTS: Final = ("ordered", "executed", "ended")


class Origin(StrEnum):
    """Where a value was read."""

    HEADER = "header"
    PAYLOAD = "payload"
    RECKONED = "reckoned"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a review; ``value`` None: not recorded."""

    words: Words
    value: Words | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Review:
    """``name`` is the notice's or the order's own number, ``doubts`` what does not add up."""

    name: str
    facts: tuple[Fact, ...]
    doubts: tuple[Words, ...]


_COLUMNS: Final = {
    "sealed_on": Words("封存通知书日期", "Notice of sealing"),
    "sealed_months": Words("被封存裁判的刑期（月）", "Term of the sealed judgment, months"),
    "decided_on": Words("封存后有罪裁判生效日", "Later judgment in force since"),
    "decided_penalty": Words("该裁判的刑种", "Its penalty"),
    "decided_months": Words("该裁判决定执行的刑期（月）", "Its term, months"),
    "terms_months": Words("两案各罪刑期之和（月）", "Sum of the terms of both cases, months"),
    "offence_age": Words("该案末次行为时的周岁", "Age at the last act of that case, years"),
    "unsealed_on": Words("登记的解封日期", "Unsealed on, as registered"),
}
"""Columns of the finding ``unsealed`` that are reckoned with, in the order they are shown."""
_GROUND: Final = Words("登记的解封理由", "Ground, as registered")
_AUTHORITY: Final = Words("决定解封的机关", "Authority that decided")


def review_of_key(columns: Sequence[str], key: Sequence[str], scanned_on: date) -> Review:
    """Of one row that a scan listed: the columns of the rule ``unsealed`` by their names.

    A scan of an older rule has fewer columns; what it lacks is said to be missing."""
    said = dict(zip(columns, key, strict=False))
    value = {name: text for name, text in said.items() if text not in (ABSENT, "")}
    ground = value.get("unseal_ground")
    facts = [_fact(_GROUND, None if ground is None else _ground(ground))]
    facts += [
        _fact(words, None if (text := value.get(name)) is None else _as_is(text))
        for name, words in _COLUMNS.items()
    ]
    facts.append(_fact(_AUTHORITY, None))
    facts += _reckoned(value)
    doubts = (*_of_ground(ground), *_of_days(value, scanned_on), *_of_terms(value, ground))
    return Review(value.get("notice_id", ABSENT), tuple(facts), doubts)


def review_of_order(header: Header, recorded_on: date) -> Review:
    """Of an entry of kind ``unseal``, by its public header."""
    given = {
        name: str(header[name])
        for name in ("order", "event", "authority", "article", "person", "case", "document_hmac")
        if header.get(name) is not None
    }
    shown = (
        ("event", Words("步骤", "Step")),
        ("authority", _AUTHORITY),
        ("article", Words("所依据的条文", "Article relied on")),
        ("person", Words("当事人（假名）", "Person, a pseudonym")),
        ("case", Words("案件（假名）", "Case, a pseudonym")),
        ("document_hmac", Words("所附文书（假名）", "Document, its pseudonym")),
    )
    facts = [Fact(Words("记录日期", "Recorded on"), _as_is(str(recorded_on)), Origin.HEADER)]
    facts += [
        Fact(words, _as_is(given[name]), Origin.HEADER)
        if name in given
        else Fact(words, None, Origin.NOWHERE)
        for name, words in shown
    ]
    facts += [_fact(_COLUMNS[name], None) for name in ("decided_on", "decided_months")]
    return Review(given.get("order", ABSENT), tuple(facts), tuple(_of_order(given)))


def _of_order(given: Mapping[str, str]) -> Iterator[Words]:
    if "authority" not in given:
        yield Words("未载明决定机关", "No authority is named")
    article = given.get("article", "")
    if not article:
        yield Words("未载明所依据的条文", "No article is named")
    elif _ARTICLE_18.search(article) is None:
        yield Words(
            "所依据的不是实施办法第18条，而解封只有该条所列情形",
            "The article is not Art. 18 of the Measures, and there are no other grounds",
        )
    if "person" not in given and "case" not in given:
        yield Words("未载明当事人和案件", "Neither a person nor a case is named")
    if "document_hmac" not in given:
        yield Words("未绑定决定文书", "No document is bound to it")
    if (event := given.get("event")) is not None and event not in _EVENTS:
        yield Words("步骤不是本系统所知的词", "The step is no word that is known here")


def _reckoned(value: Mapping[str, str]) -> Iterator[Fact]:
    """What follows from days and months alone."""
    sealed, decided, unsealed = (
        _day(value.get(name)) for name in ("sealed_on", "decided_on", "unsealed_on")
    )
    if sealed and unsealed:
        yield _days(Words("封存至解封", "From sealing to unsealing"), sealed, unsealed)
    if decided and unsealed:
        yield _days(Words("裁判生效至解封", "From the judgment to unsealing"), decided, unsealed)
    months, total = _number(value.get("decided_months")), _number(value.get("terms_months"))
    if months is not None:
        over = months - FIVE_YEARS_MONTHS
        more = Words("超过五年", "over five years") if over > 0 else _NOT_OVER
        yield Fact(
            Words("与五年（60个月）相比", "Against five years (60 months)"),
            Words(
                f"{months} − {FIVE_YEARS_MONTHS} = {over} 个月，{more.chinese}",
                f"{months} − {FIVE_YEARS_MONTHS} = {over} months, {more.english}",
            ),
            Origin.RECKONED,
        )
    if months is not None and total is not None:
        within = Words("不超过", "within") if months <= total else Words("超过", "more than")
        yield Fact(
            Words("与各罪刑期之和相比", "Against the sum of the terms"),
            Words(
                f"{months} 个月，{within.chinese}总和 {total} 个月",
                f"{months} months, {within.english} the sum of {total} months",
            ),
            Origin.RECKONED,
        )


_NOT_OVER: Final = Words("不超过五年", "not over five years")


def _of_ground(ground: str | None) -> Iterator[Words]:
    if ground is None:
        yield Words("没有登记解封理由", "No ground is registered")
    elif ground not in GROUNDS:
        yield Words(
            "登记的理由不是实施办法第18条所列情形",
            "The ground is none that Art. 18 of the Measures knows",
        )


def _of_days(value: Mapping[str, str], scanned_on: date) -> Iterator[Words]:
    sealed, decided, unsealed = (
        _day(value.get(name)) for name in ("sealed_on", "decided_on", "unsealed_on")
    )
    if unsealed is None:
        yield Words("没有登记可用的解封日期", "No usable day of unsealing is registered")
        return
    if unsealed > scanned_on:
        yield Words("解封日期在扫描之后", "The day of unsealing is after the scan")
    if sealed and unsealed < sealed:
        yield Words("解封早于封存", "Unsealed before it was sealed")
    if decided and unsealed < decided:
        yield Words(
            "解封早于该裁判生效：解封之日尚无所依据的裁判",
            "Unsealed before the deciding judgment was in force",
        )


def _of_terms(value: Mapping[str, str], ground: str | None) -> Iterator[Words]:
    """Silent about a judgment that the scan did not look for."""
    if "decided_on" not in value:
        if value.get("sealed_on") is not None:
            yield Words(
                "封存之后没有查到本人生效的有罪裁判，理由无从核对",
                "No judgment in force after the sealing was found: nothing supports the ground",
            )
        return
    yield from _of_length(value, ground)
    if ground not in _COMBINED:
        return
    months, total = _number(value.get("decided_months")), _number(value.get("terms_months"))
    if total is not None and months is not None and months > total:
        yield Words(
            "决定执行的刑期超过各罪刑期之和（刑法第69条）",
            "The term is longer than the sum of the single ones (Criminal Law, Art. 69)",
        )
    if total is not None and total <= FIVE_YEARS_MONTHS:
        yield Words(
            "各罪刑期之和不超过五年，并罚不可能超过五年",
            "The single terms together are not over five years, so no combined one can be",
        )
    age = _number(value.get("offence_age"))
    if age is not None and age >= ADULT_YEARS:
        yield Words(
            "该案末次行为时已满十八周岁：成年后再犯不是解封的情形",
            "Aged 18 at the last act of that case: a new offence as an adult is no ground",
        )


def _of_length(value: Mapping[str, str], ground: str | None) -> Iterator[Words]:
    """A retrial unseals from five years on, what is combined only beyond them."""
    penalty, months = value.get("decided_penalty"), _number(value.get("decided_months"))
    if penalty in _LONGER:
        return
    if penalty is not None and penalty != "FIXED":
        yield Words(
            "该裁判的刑种不是有期徒刑以上", "The penalty is less than imprisonment for a term"
        )
    elif months is None:
        yield Words(
            "没有登记可用的刑期，不能与五年比较",
            "No usable term is registered, so it cannot be compared with five years",
        )
    elif months == FIVE_YEARS_MONTHS and ground != _RETRIAL:
        yield Words(
            "恰为五年，五年不超过五年：应维持封存，是否解封由人工决定（检察规则第485条另作“五年以上”）",
            "Five years exactly, which does not exceed five years: it stays sealed until a person"
            " decides (检察规则 485 says five years or more)",
        )
    elif months < FIVE_YEARS_MONTHS:
        yield Words("该裁判不满五年", "The term is less than five years")


def _ground(text: str) -> Words:
    known = GROUNDS.get(text)
    return _as_is(text) if known is None else known


def _fact(words: Words, value: Words | None) -> Fact:
    return Fact(words, value, Origin.NOWHERE if value is None else Origin.PAYLOAD)


def _days(words: Words, since: date, until: date) -> Fact:
    count = (until - since).days
    return Fact(words, Words(f"{count} 日", f"{count} days"), Origin.RECKONED)


def _as_is(text: str) -> Words:
    return Words(text, text)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    """Months or years as a database has them, which may be anything."""
    usable = text is not None and len(text) <= _DIGITS_MAX and text.isascii() and text.isdigit()
    return int(text or "") if usable else None


ORIGINS: Final = {
    Origin.HEADER: Words("记录的公开部分", "the entry's public header"),
    Origin.PAYLOAD: Words("解密后的内容", "the decrypted payload"),
    Origin.RECKONED: Words("由以上推算", "reckoned from the above"),
    Origin.NOWHERE: Words("记录中没有", "no entry holds it"),
}
