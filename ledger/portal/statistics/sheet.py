"""A report for a spreadsheet: CSV (RFC 4180) in UTF-8, marked as such for Excel. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Final

from ledger.portal.statistics.figure import SMALL, Figure, Section
from ledger.portal.words import Language, Words

TITLES: Final = {
    Section.ACCESS: Words("访问", "Access"),
    Section.MONTHS: Words("各月访问请求", "Statements by month"),
    Section.RULES: Words("各规则拒绝次数", "Refusals by rule"),
    Section.PERMITS: Words("查询许可", "Permits"),
    Section.CERTIFICATES: Words("无犯罪记录证明", "Certificates of no record"),
    Section.OPINIONS: Words("纠正意见", "Opinions"),
    Section.PERMITS_BY_MONTH: Words("查询申请按期办结（按月）", "Applications in time, by month"),
    Section.PERMITS_BY_LOG: Words("查询申请按期办结（按机关）", "Applications in time, by agency"),
    Section.OPINIONS_BY_MONTH: Words("纠正意见按期答复（按月）", "Opinions in time, by month"),
    Section.OPINIONS_BY_LOG: Words("纠正意见按期答复（按机关）", "Opinions in time, by agency"),
}
WITHHELD: Final = Words(
    f"不足{SMALL}或者须一并略去", f"below {SMALL}, or withheld with one that is"
)
_MARK: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def sheet_of(report: Iterable[Figure], since: str, until: str, language: Language) -> bytes:
    """One line a figure: section, what, number. The first line says of which time."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([Words("期间", "Time").to(language), f"{since} – {until}", ""])
    for each in report:
        number = WITHHELD.to(language) if each.number is None else str(each.number)
        writer.writerow(
            [TITLES[each.section].to(language), _plain(each.words.to(language)), number]
        )
    return (_MARK + out.getvalue()).encode()


def _plain(text: str) -> str:
    """Nothing that a spreadsheet would take for a formula: rules are words of the log's writer."""
    return f"'{text}" if text.startswith(_FORMULA) else text
