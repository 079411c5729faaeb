"""Where in a statement about a query the query itself stands: ``DECLARE c CURSOR FOR query``.

Only the second parser needs to know: it does not read what stands around, nor the options of a
COPY or EXPLAIN. A wrong answer makes it disagree or silent, and costs an answer.
"""

from __future__ import annotations

from bisect import bisect_left

from proxy.names import Span
from proxy.statement.grammar import RawStatement, Token

_LAST_WORD = {"DeclareCursorStmt": "FOR", "PrepareStmt": "AS", "CreateTableAsStmt": "AS"}
"""The reserved word that the query follows; nothing before it outside parentheses is one."""

_EXPLAIN_WORDS = frozenset(("ANALYZE", "ANALYSE", "VERBOSE"))


def query_span(raw: RawStatement, tokens: tuple[Token, ...]) -> Span:
    """The bytes of the query in the statement, all of it where it is one itself."""
    inside = _inside(raw.span, tokens)
    if raw.kind == "CopyStmt":
        return _copied(raw, inside)
    if raw.kind == "ExplainStmt":
        return Span(_explained(raw, inside), raw.span.end)
    if raw.kind not in _LAST_WORD:
        return raw.span
    depth = 0
    for token in inside:
        depth += (token.word == "(") - (token.word == ")")
        if depth == 0 and token.word == _LAST_WORD[raw.kind]:
            return Span(token.end, _end(raw, inside))
    return raw.span


def _end(raw: RawStatement, inside: tuple[Token, ...]) -> int:
    """``CREATE TABLE ... AS query WITH NO DATA`` says something behind its query."""
    words = [token.word for token in inside[-3:]]
    if raw.kind == "CreateTableAsStmt" and words[-1:] == ["DATA"]:
        return inside[-3 if words == ["WITH", "NO", "DATA"] else -2].start
    return raw.span.end


def _copied(raw: RawStatement, inside: tuple[Token, ...]) -> Span:
    """``COPY (query) TO STDOUT options``, or what stands before the options of ``COPY t``."""
    end = "STDIN" if raw.body.get("is_from") else "STDOUT"
    out = next((n for n in reversed(range(len(inside))) if inside[n].word == end), None)
    if out is None:
        return raw.span
    if raw.body.get("query") and inside[1].word == "(" and inside[out - 2].word == ")":
        return Span(inside[1].end, inside[out - 2].start)
    return Span(raw.span.start, inside[out].end)


def _explained(raw: RawStatement, inside: tuple[Token, ...]) -> int:
    """The byte after ``EXPLAIN (options)``, or after ``EXPLAIN ANALYZE VERBOSE``."""
    listed = bool(raw.body.get("options")) and inside[1].word == "("
    last, depth = inside[0], 0
    for token in inside[1:]:
        depth += (token.word == "(") - (token.word == ")")
        if not listed and token.word not in _EXPLAIN_WORDS:
            break
        last = token
        if listed and depth == 0:
            break
    return last.end


def _inside(span: Span, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    first = bisect_left(tokens, span.start, key=lambda token: token.start)
    past = bisect_left(tokens, span.end, lo=first, key=lambda token: token.start)
    return tokens[first:past]
