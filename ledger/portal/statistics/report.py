"""The figures of a time: what was asked, permitted, refused, certified, and what was objected to.

Counted is what the logs say, by an index that proves nothing; the entries behind a figure are on
the page of entries. What may leave the building: see `figure`. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from ledger.portal.index.model import Counted
from ledger.portal.opinions.model import Opinion, Result
from ledger.portal.statistics.figure import Figure, Section
from ledger.portal.words import Words

PLATFORM_RULE: Final = "platform-protected"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a report is made of, all of one time. ``months`` by verdict, ``rules`` of decisions that
    refused, ``permits`` and ``certificates`` by event."""

    months: Sequence[Counted]
    rules: Sequence[Counted]
    permits: Sequence[Counted]
    certificates: Sequence[Counted]
    opinions: Iterable[Opinion]
    timely: Sequence[Figure] = ()
    """Whether days were kept, as tables: see `timeliness`."""
    without_day_count: int = 0
    """Applications received of which no entry says until when to decide."""


_ACCESS: Final = (
    ("", Words("访问请求", "Statements")),
    ("strip", Words("其中已隐去封存内容", "of which sealed rows were withheld")),
    ("refuse", Words("其中拒绝", "of which refused")),
)
_PERMITS: Final = (
    ("received", Words("受理查询申请", "Applications received")),
    ("granted", Words("许可", "Granted")),
    ("refused", Words("不许可", "Refused")),
    ("revoked", Words("撤销", "Revoked")),
    ("used", Words("使用", "Used")),
)
_WITHOUT_DAY: Final = Words("受理而未记载办理期限", "Received without a day to decide by")
_CERTIFICATES: Final = (
    ("issued", Words("出具证明", "Certificates issued")),
    ("refused", Words("不予出具", "Refused")),
    ("revoked", Words("撤销", "Revoked")),
)


def figures(counts: Counts) -> list[Figure]:
    """All of them, in the order of a report."""
    verdicts = Counter[str]()
    months = Counter[str]()
    for each in counts.months:
        verdicts[each.value] += each.entries_count
        months[each.when] += each.entries_count
    verdicts[""] = sum(months.values())
    rules = {each.value: each.entries_count for each in counts.rules}
    found = [_figure(Section.ACCESS, words, verdicts[verdict]) for verdict, words in _ACCESS]
    blocked = Words("其中阻止平台访问", "of which platforms kept out")
    found.append(_figure(Section.ACCESS, blocked, rules.get(PLATFORM_RULE, 0)))
    found += [_figure(Section.MONTHS, Words(when, when), months[when]) for when in sorted(months)]
    found += [_figure(Section.RULES, Words(rule, rule), rules[rule]) for rule in sorted(rules)]
    for section, counted, names in (
        (Section.PERMITS, counts.permits, _PERMITS),
        (Section.CERTIFICATES, counts.certificates, _CERTIFICATES),
    ):
        events = Counter({each.value: each.entries_count for each in counted})
        found += [_figure(section, words, events[event]) for event, words in names]
        if section is Section.PERMITS and counts.without_day_count:
            found.append(_figure(section, _WITHOUT_DAY, counts.without_day_count))
    return [*found, *_opinions(list(counts.opinions)), *counts.timely]


def _opinions(opinions: Sequence[Opinion]) -> list[Figure]:
    results = Counter(each.result for each in opinions)
    days = [each.feedback_days for each in opinions if each.feedback_days is not None]
    served = sum(each.issued_on is not None for each in opinions)
    adopted = results[Result.ACCEPTED] + results[Result.CORRECTED]
    found = [
        _figure(Section.OPINIONS, Words("送达纠正意见", "Opinions served"), served),
        _figure(Section.OPINIONS, Words("采纳或者纠正", "Accepted or corrected"), adopted),
        _figure(Section.OPINIONS, Words("提出异议", "Contested"), results[Result.CONTESTED]),
    ]
    if days:
        words = Words("反馈用时中位数（日）", "Days until the reply, median")
        found.append(Figure(Section.OPINIONS, words, round(median(days)), days=True))
    return found


def _figure(section: Section, words: Words, number: int) -> Figure:
    return Figure(section, words, number)
