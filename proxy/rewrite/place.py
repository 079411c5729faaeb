"""Where in the bytes of a statement a clause and a relation's name stand.

The parse tree has no ends of clauses, so they are found among the tokens: keywords that PostgreSQL
reserves, at the clause's own depth of parentheses. A wrong answer does no harm: `verify` compares
the tree of the edited text with the tree that was wanted.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from proxy.names import Span
from proxy.statement.facts import Access, Reference
from proxy.statement.grammar import Token

_AFTER_FROM = frozenset(
    (
        "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET",
        "FETCH", "FOR", "RETURNING", ";",
    )
)  # fmt: skip
_OPEN, _CLOSE = frozenset("(["), frozenset(")]")


class NotFound(Exception):
    """The tokens are not where they were expected; the statement is refused."""


@dataclass(frozen=True, slots=True)
class WherePlace:
    """``condition`` is the span of the existing WHERE's expression, None where there is none;
    ``end`` the byte after the last token before what follows the WHERE clause."""

    condition: Span | None
    end: int


@dataclass(frozen=True, slots=True)
class NamePlace:
    """``span`` covers ONLY, the qualified name and a ``*``, not the alias. ``table_keyword`` is
    the TABLE of the ``TABLE name`` command."""

    span: Span
    only: bool
    table_keyword: Span | None


def name_place(tokens: tuple[Token, ...], reference: Reference) -> NamePlace:
    """The bytes that name the relation. Raises `NotFound`."""
    first = index_at(tokens, reference.location)
    last = first + (2 if reference.written.schema is not None else 0)
    only = not reference.node.get("inh", False)
    if only and _word(tokens, first - 1) == "(":
        first, last = first - 1, last + 1
    if only:
        first -= 1
        if _word(tokens, first) != "ONLY":
            raise NotFound
    elif _word(tokens, last + 1) == "*":
        last += 1
    if last >= len(tokens):
        raise NotFound
    before = tokens[first - 1] if first > 0 else None
    table = Span(before.start, before.end) if before and before.word == "TABLE" else None
    return NamePlace(Span(tokens[first].start, tokens[last].end), only, table)


def parenthesised_after(tokens: tuple[Token, ...], end: int) -> Span:
    """The parentheses that open right after byte ``end``, with all in them. Raises `NotFound`."""
    first = bisect_left(tokens, end, key=lambda token: token.start)
    if _word(tokens, first) != "(":
        raise NotFound
    depth = 0
    for token in tokens[first:]:
        depth += (token.word in _OPEN) - (token.word in _CLOSE)
        if depth == 0:
            return Span(tokens[first].start, token.end)
    raise NotFound


def call_place(tokens: tuple[Token, ...], location: int, parts: int) -> Span:
    """The call of a function whose name, of so many parts, begins at byte ``location``.

    Raises `NotFound`.
    """
    last = index_at(tokens, location) + 2 * (parts - 1)
    if last >= len(tokens):
        raise NotFound
    return Span(location, parenthesised_after(tokens, tokens[last].end).end)


def schema_place(tokens: tuple[Token, ...], column: int) -> Span:
    """The schema and the dot of a column written ``schema.relation.column`` at byte ``column``.

    Raises `NotFound`.
    """
    first = index_at(tokens, column)
    if _word(tokens, first + 1) != "." or first + 2 >= len(tokens):
        raise NotFound
    return Span(tokens[first].start, tokens[first + 2].start)


def where_place(tokens: tuple[Token, ...], reference: Reference) -> WherePlace:
    """The WHERE clause on the reference's level. Raises `NotFound`."""
    start = index_at(tokens, reference.location)
    if reference.access is Access.READ:
        start = _from_keyword(tokens, start)
    return _where_after(tokens, start)


def _from_keyword(tokens: tuple[Token, ...], index: int) -> int:
    """The FROM (or USING of a DELETE) in whose list the token stands; TABLE for ``TABLE t``."""
    depth = 0
    current = index - 1
    while current >= 0:
        word = tokens[current].word
        if word in _CLOSE:
            depth += 1
        elif word in _OPEN:
            depth = max(depth - 1, 0)
        elif depth == 0 and _opens_list(tokens, current):
            return current
        current -= 1
    raise NotFound


def _where_after(tokens: tuple[Token, ...], start: int) -> WherePlace:
    depth = 0
    where: int | None = None
    current = start + 1
    while current < len(tokens):
        word = tokens[current].word
        if word in _OPEN:
            depth += 1
        elif word in _CLOSE:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and _is_keyword(tokens, current):
            if word == "WHERE" and where is None:
                where = current
            elif _ends_where(tokens, current):
                break
        current += 1
    end = tokens[current - 1].end
    if where is None:
        return WherePlace(None, end)
    if where + 1 >= current:
        raise NotFound
    return WherePlace(Span(tokens[where].end, end), end)


def _is_keyword(tokens: tuple[Token, ...], index: int) -> bool:
    """After a dot even a reserved word is a name."""
    return _word(tokens, index - 1) != "."


def _opens_list(tokens: tuple[Token, ...], index: int) -> bool:
    if not _is_keyword(tokens, index):
        return False
    match tokens[index].word:
        case "FROM":
            return _word(tokens, index - 1) != "DISTINCT"
        case "USING":
            return _word(tokens, index + 1) != "("
        case word:
            return word == "TABLE"


def _ends_where(tokens: tuple[Token, ...], index: int) -> bool:
    match tokens[index].word:
        case "GROUP":
            return _word(tokens, index - 1) != "WITHIN"
        case "WITH":
            return _word(tokens, index + 1) in ("NO", "DATA")
        case "ON":
            return _word(tokens, index + 1) == "CONFLICT"
        case word:
            return word in _AFTER_FROM


def _word(tokens: tuple[Token, ...], index: int) -> str:
    return tokens[index].word if 0 <= index < len(tokens) else ""


def index_at(tokens: tuple[Token, ...], location: int) -> int:
    """Which token begins at byte ``location``. Raises `NotFound`."""
    index = bisect_left(tokens, location, key=lambda token: token.start)
    if index == len(tokens) or tokens[index].start != location:
        raise NotFound
    return index
