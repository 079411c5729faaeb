"""Text to tokens and parse trees, by the server's own lexer and grammar (libpg_query).

Two bindings, each for what it does best: ``postgast`` gives tokens with their byte spans,
``pgparse`` the tree. The lexer runs first: it does not recurse, so it can count what the parser,
whose stack is finite, will be given.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pgparse
import postgast
from postgast.pg_query_pb2 import Token as TokenCode

from proxy.names import Span
from proxy.statement.tree import Body, Json, typed


class NotUnderstood(Exception):
    """The text cannot be judged. ``kind`` is from a closed set, fit for a metric label."""

    def __init__(self, kind: str, explanation: str) -> None:
        super().__init__(explanation)
        self.kind = kind
        self.explanation = explanation


@dataclass(frozen=True, slots=True)
class TextLimits:
    """What a text may be before a parser sees it.

    ``nesting_max`` counts parentheses and brackets, the comments in a comment, and the subscripts
    in a row (``a[1][1]``). ``comments_max`` counts every ``/*``, in strings, too. On comments in
    comments the server's lexer, and on subscripts sqlglot, takes the square of the text's time.
    """

    text_bytes_max: int = 1 << 20
    tokens_max: int = 20_000
    nesting_max: int = 200
    comments_max: int = 1_000


@dataclass(frozen=True, slots=True)
class Token:
    """One token; ``word`` is the text of a keyword in upper case or of an operator character,
    empty for names, constants and parameters."""

    start: int
    end: int
    code: int
    word: str


@dataclass(frozen=True, slots=True)
class RawStatement:
    """One statement of a text: its root node, and its bytes without the semicolon."""

    kind: str
    body: Body
    span: Span


CONSTANT_CODES = frozenset(
    (
        TokenCode.ICONST,
        TokenCode.FCONST,
        TokenCode.SCONST,
        TokenCode.USCONST,
        TokenCode.BCONST,
        TokenCode.XCONST,
    )
)
_COMMENT_CODES = frozenset((TokenCode.SQL_COMMENT, TokenCode.C_COMMENT))
_IDENT_CODES = frozenset((TokenCode.IDENT, TokenCode.UIDENT, TokenCode.PARAM))
_OPEN, _CLOSE = frozenset("(["), frozenset(")]")


def scan(text: str, encoded: bytes, limits: TextLimits) -> tuple[Token, ...]:
    """The tokens of ``text`` in order, comments left out; ``encoded`` is its UTF-8.

    Raises `NotUnderstood` when a limit is passed or the lexer refuses the text.
    """
    if len(encoded) > limits.text_bytes_max:
        raise NotUnderstood("too-long", f"longer than {limits.text_bytes_max} bytes")
    if "\0" in text:
        raise NotUnderstood("nul", "the text holds a NUL character")
    if encoded.count(b"/*") > limits.comments_max:
        raise NotUnderstood("too-many-comments", f"more than {limits.comments_max} comments")
    try:
        scanned = postgast.scan(text).tokens
    except (postgast.PgQueryError, ValueError):
        raise NotUnderstood("syntax", "not a statement of PostgreSQL's grammar") from None
    if len(scanned) > limits.tokens_max:
        raise NotUnderstood("too-many-tokens", f"more than {limits.tokens_max} tokens")
    tokens = []
    depth = deepest = subscripts = 0
    previous = ""
    for token in scanned:
        code = token.token
        if code in _COMMENT_CODES:
            deepest = max(deepest, encoded.count(b"/*", token.start, token.end))
            continue
        word = ""
        if code not in CONSTANT_CODES and code not in _IDENT_CODES:
            word = encoded[token.start : token.end].decode("utf-8").upper()
            if word in _OPEN:
                depth += 1
                subscripts += word == "[" and previous == "]"
                deepest = max(deepest, depth, subscripts)
            elif word in _CLOSE:
                depth -= 1
        tokens.append(Token(token.start, token.end, code, word))
        previous = word
    if deepest > limits.nesting_max:
        raise NotUnderstood("too-deep", f"nested deeper than {limits.nesting_max}")
    return tuple(tokens)


def parse(text: str, encoded: bytes) -> tuple[RawStatement, ...]:
    """The statements of a text that `scan` has let pass, empty ones left out.

    Raises `NotUnderstood`.
    """
    statements = []
    for raw in parse_tree(text):
        if not isinstance(raw, dict):
            raise NotUnderstood("syntax", "not a statement of PostgreSQL's grammar")
        root = typed(raw.get("stmt"))
        if root is None:
            continue
        start = raw.get("stmt_location", 0)
        length = raw.get("stmt_len", 0)
        if not isinstance(start, int) or not isinstance(length, int):
            raise NotUnderstood("syntax", "not a statement of PostgreSQL's grammar")
        end = start + length if length else len(encoded)
        statements.append(RawStatement(root[0], root[1], Span(start, end)))
    return tuple(statements)


def parse_tree(text: str) -> list[Json]:
    """What the grammar makes of ``text``, one ``RawStmt`` body per statement.

    Raises `NotUnderstood`, also where the tree is deeper than Python can hold.
    """
    try:
        tree: list[Json] = pgparse.parse(text)
    except pgparse.PGQueryError:
        raise NotUnderstood("syntax", "not a statement of PostgreSQL's grammar") from None
    except (RecursionError, json.JSONDecodeError, ValueError, MemoryError):
        raise NotUnderstood("too-deep", "nested deeper than can be judged") from None
    return tree
