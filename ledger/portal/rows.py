"""A row of the index in a few words. Pure."""

from __future__ import annotations

from typing import Final

from ledger.portal.index.model import Flaw, Row
from ledger.portal.words import EVENTS, VERDICTS, Words

_FLAWS: Final = {
    Flaw.MALFORMED: Words("此条记录无法读取", "this entry cannot be read"),
    Flaw.MISPLACED: Words("此处是另一条记录", "another entry stands here"),
    Flaw.MISSING: Words("此条记录缺失", "this entry is missing"),
}


def gist_of(row: Row) -> Words:
    """What happened, for whom, under which rule and article; for a result, how much came back."""
    if row.flaw is not None:
        return _FLAWS[row.flaw]
    chinese, english = [], []
    for word, known in ((row.verdict, VERDICTS), (row.event, EVENTS)):
        if word is not None:
            words = known.get(word, Words(word, word))
            chinese.append(words.chinese)
            english.append(words.english)
    if row.rows_count is not None:
        chinese.append(f"返回 {row.rows_count:,} 行")
        english.append(f"{row.rows_count:,} rows returned")
    if row.cut:
        chinese.append("因超过上限而截断")
        english.append("cut at a limit")
    for plain in (row.principal, row.article, *row.permits, row.certificate, row.error):
        if plain:
            chinese.append(plain)
            english.append(plain)
    return Words("，".join(chinese) or "—", ", ".join(english) or "—")


def row_json(row: Row) -> dict[str, object]:
    """A row for programs: what its public header says, pseudonyms among it."""
    return {
        "log": row.log,
        "number": row.number,
        "time": row.time,
        "kind": row.kind,
        "flaw": row.flaw,
        "verdict": row.verdict,
        "event": row.event,
        "principal": row.principal,
        "rule": row.rule,
        "article": row.article,
        "rows_count": row.rows_count,
        "cut": row.cut,
        "named": {role.value: list(pseudonyms) for role, pseudonyms in row.named.items()},
    }
