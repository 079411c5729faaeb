"""The conditions that a barrier lets through: said again, inside it, by the row's name there."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Set
from dataclasses import dataclass

from proxy.names import Span, quote_identifier
from proxy.rewrite.edit import Copied
from proxy.statement.analyse import Analysis
from proxy.statement.facts import Reference

_LITERAL = re.compile(rb"'[^'\\\0]*'|[0-9]{1,10}")
"""Those about which no two lexers disagree."""
_PARAMETER = re.compile(rb"\$[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Keys:
    """``sql`` is empty or ends in AND; ``copied`` counts from its beginning."""

    sql: str = ""
    copied: tuple[Copied, ...] = ()

    def moved(self, by: int) -> tuple[Copied, ...]:
        """``copied`` where ``sql`` stands that many bytes further on."""
        return tuple(Copied(c.start + by, c.end + by, c.literal) for c in self.copied)


def keys_inside(analysis: Analysis, reference: Reference, row: str, masked: Set[str]) -> Keys:
    """The reference's keys over a row called ``row``.

    Not those on masked columns, which the statement compares with the mask. A parameter is only
    said twice if it was said once: its type follows from where it is said first.
    """
    sql, copied = b"", []
    for key in reference.keys:
        constant = _constant(analysis, key.constant)
        if constant is None or key.column in masked:
            continue
        words = analysis.encoded[constant.start : constant.end]
        sql += f"{row}.{quote_identifier(key.column)} {key.sign} ".encode()
        if _LITERAL.fullmatch(words):
            copied.append(Copied(len(sql), len(sql) + len(words), constant))
        sql += words + b" AND "
    return Keys(sql.decode(), tuple(copied))


def _constant(analysis: Analysis, start: int) -> Span | None:
    tokens, encoded = analysis.tokens, analysis.encoded
    index = bisect_left(tokens, start, key=lambda token: token.start)
    if index == len(tokens) or tokens[index].start != start:
        return None
    span = Span(start, tokens[index].end)
    words = encoded[span.start : span.end]
    if _PARAMETER.fullmatch(words):
        times_count = sum(encoded[token.start : token.end] == words for token in tokens)
        return span if times_count == 1 else None
    return span if _LITERAL.fullmatch(words) else None
