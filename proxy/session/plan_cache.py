"""Plans seen before: first by exact text, then by shape, the text without its literals.

Legacy applications write their values into the text, so the text is new each time and the shape is
not. A shape's plan may be used for other literals because nothing in analysing, deciding and
rewriting looks at a literal's value, only at its kind; and only plain literals are left out of the
shape: decimal integers, and quoted strings without a quote or backslash inside, about which no two
lexers disagree. Everything else stays in the shape as it is written.

Applications also write who asks into a comment, which is new each time, too. Plain comments are
left out like literals, and stay where they are in the text that is sent; of statements whose
literals mean something (SET, a declared statistic, what is one but for its constants, several in
one text) nothing but the comments is left out.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import postgast
from postgast.pg_query_pb2 import Token as TokenCode

from proxy.names import PrincipalName, SearchPath, Span
from proxy.policy.permit import Permit
from proxy.rewrite.edit import Edit
from proxy.session.named import rewritten
from proxy.session.plan import Plan, Scene
from proxy.session.planner import Planned
from proxy.statement.facts import Facts, Verb
from proxy.statement.tags import tags_around

_PLAIN_STRING = re.compile(rb"'[^'\\\0]*'")
# No hint, and nothing that could begin or end a comment for another reader.
_PLAIN_COMMENT = re.compile(rb"/\*(?:[^*/+!\\\0\x01](?:[^*\\\0\x01]*[^*/\\\0\x01])?)?\*/")
_PLAIN_INTEGER = re.compile(rb"[0-9]{1,10}")
_SHAPED_VERBS = frozenset(
    (
        Verb.SELECT, Verb.INSERT, Verb.UPDATE, Verb.DELETE,
        Verb.DECLARE, Verb.FETCH, Verb.PREPARE, Verb.EXECUTE, Verb.EXPLAIN, Verb.MERGE,
        Verb.TEMPORARY,
    )
)  # fmt: skip

_COMMENT_MARK = b"\x01c\x01"
_OMITTED = {
    TokenCode.SCONST: (_PLAIN_STRING, b"\x01s\x01"),
    TokenCode.ICONST: (_PLAIN_INTEGER, b"\x01i\x01"),
    TokenCode.C_COMMENT: (_PLAIN_COMMENT, _COMMENT_MARK),
}
_BETWEEN_STATEMENTS = frozenset((TokenCode.ASCII_59, TokenCode.C_COMMENT, TokenCode.SQL_COMMENT))

_Value = TypeVar("_Value")
_Key = tuple[PrincipalName, SearchPath, bool, frozenset[str], tuple[Permit, ...], str | bytes]


@dataclass(frozen=True, slots=True)
class Shape:
    """A text with marks in the place of what is left out, and where that stands. ``tokens``: from
    the first token to the last, but for comments and semicolons."""

    key: bytes
    omitted: tuple[Span, ...]
    tokens: Span


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The text to send; a number is that part of the text that was left out, counted from 0.
    ``numbers``: likewise, by where it stood in the text that was planned."""

    plan: Plan
    pieces: tuple[bytes | int, ...]
    omitted_count: int
    numbers: Mapping[int, int]


def shapes_of(encoded: bytes, text: str) -> tuple[Shape | None, Shape | None]:
    """The shape of a text, and that in which nothing but comments is left out; None where the
    lexer refuses the text or there is nothing to leave out."""
    try:
        tokens = postgast.scan(text).tokens
    except (postgast.PgQueryError, ValueError):
        return None, None
    omitted = []
    first, last = len(encoded), 0
    for token in tokens:
        start, end = token.start, token.end
        if token.token not in _BETWEEN_STATEMENTS:
            first, last = min(first, start), end
        plain, mark = _OMITTED.get(token.token, (None, b""))
        if plain is not None and plain.fullmatch(encoded, start, end) is not None:
            omitted.append((Span(start, end), mark))
    if not omitted or b"\x01" in encoded:
        return None, None
    comments = [each for each in omitted if each[1] == _COMMENT_MARK]
    between = Span(min(first, last), last)
    return _shape(encoded, omitted, between), _shape(encoded, comments, between)


def _shape(encoded: bytes, omitted: list[tuple[Span, bytes]], tokens: Span) -> Shape | None:
    if not omitted:
        return None
    pieces, position = [], 0
    for span, mark in omitted:
        pieces += [encoded[position : span.start], mark]
        position = span.end
    key = b"".join([*pieces, encoded[position:]])
    return Shape(key, tuple(span for span, _ in omitted), tokens)


class PlanCache:
    """For one `Planner`; a new planner gets a new cache.

    ``text_bytes_max``: longer texts are neither looked up nor kept, so that a lookup stays short
    enough for the event loop and the memory held is bounded.
    """

    def __init__(self, *, entries_max: int = 8192, text_bytes_max: int = 8192) -> None:
        self._exact: OrderedDict[_Key, Plan] = OrderedDict()
        self._shapes: OrderedDict[_Key, _Pattern] = OrderedDict()
        self._entries_max = entries_max
        self._text_bytes_max = text_bytes_max
        self.exact_count = self.shape_count = self.miss_count = 0

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        """The plan for a text seen before, or one of its shape."""
        key = _key(scene, text)
        plan = self._exact.get(key)
        if plan is not None:
            self._exact.move_to_end(key)
            self.exact_count += 1
            return plan
        if len(text) <= self._text_bytes_max and self._shapes:
            plan = self._by_shape(text, scene)
        if plan is None:
            self.miss_count += 1
        else:
            self.shape_count += 1
        return plan

    def remember(self, text: str, scene: Scene, planned: Planned) -> None:
        """Keep what the planner made of a text."""
        if len(text) > self._text_bytes_max:
            return
        pattern = _pattern(planned)
        if pattern is None:
            self._keep(self._exact, _key(scene, text), planned.plan)
        else:
            self._keep(self._shapes, _key(scene, pattern[0]), pattern[1])

    def _by_shape(self, text: str, scene: Scene) -> Plan | None:
        encoded = text.encode("utf-8")
        for shape in shapes_of(encoded, text):
            if shape is None:
                continue
            key = _key(scene, shape.key)
            pattern = self._shapes.get(key)
            if pattern is not None and pattern.omitted_count == len(shape.omitted):
                self._shapes.move_to_end(key)
                return _filled(pattern, shape, encoded)
        return None

    def _keep(self, entries: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
        entries[key] = value
        if len(entries) > self._entries_max:
            entries.popitem(last=False)


def _key(scene: Scene, text: str | bytes) -> _Key:
    return (
        scene.principal.name, scene.search_path, scene.in_transaction, scene.temporaries,
        scene.permits, text,
    )  # fmt: skip


def _filled(pattern: _Pattern, shape: Shape, encoded: bytes) -> Plan:
    """The plan for a text of that shape."""
    plan = pattern.plan
    if b"/*" in encoded:
        plan = replace(plan, tags=tags_around(encoded, shape.tokens.start, shape.tokens.end))
    if plan.text is None:
        return plan
    plan = rewritten(plan, pattern.numbers, shape.omitted, encoded)
    omitted = [encoded[span.start : span.end] for span in shape.omitted]
    parts = [p if isinstance(p, bytes) else omitted[p] for p in pattern.pieces]
    return replace(plan, text=b"".join(parts).decode("utf-8"))


def _pattern(planned: Planned) -> tuple[bytes, _Pattern] | None:
    """The shape and pattern of a plan, where its kind of statement has one."""
    analysis = planned.analysis
    if analysis is None:
        return None
    full, comments_only = shapes_of(analysis.encoded, analysis.text)
    shaped = len(analysis.statements) == 1 and _is_shaped(analysis.statements[0])
    shaped = shaped and not planned.literal
    shape = full if shaped else comments_only
    if shape is None:
        return None
    pieces = _cut(analysis.encoded, planned.edits, shape.omitted, constants=not shaped)
    if pieces is None:
        return None
    numbers = {span.start: number for number, span in enumerate(shape.omitted)}
    return shape.key, _Pattern(planned.plan, pieces, len(shape.omitted), numbers)


def _is_shaped(facts: Facts) -> bool:
    """The name given to set_config is the one literal whose value is looked at."""
    return facts.verb in _SHAPED_VERBS and not facts.settings


def _cut(
    encoded: bytes, edits: tuple[Edit, ...], omitted: tuple[Span, ...], *, constants: bool
) -> tuple[bytes | int, ...] | None:
    """The edited text with numbers in the place of what is left out; None where an edit covers
    such a place, or holds a copy of something else. ``constants``: literals are not left out."""
    numbers = {span: number for number, span in enumerate(omitted)}
    out: list[bytes | int] = []
    position = 0
    marks: list[tuple[Span, Edit | None]] = [(edit.span, edit) for edit in edits]
    marks += [(each, None) for each in omitted]
    for span, edit in sorted(marks, key=_start):
        if span.start < position:
            return None
        out.append(encoded[position : span.start])
        if edit is None:
            out.append(numbers[span])
        else:
            inserted = _around_copies(edit, numbers, constants=constants)
            if inserted is None:
                return None
            out += inserted
        position = span.end
    return (*out, encoded[position:])


def _around_copies(
    edit: Edit, numbers: Mapping[Span, int], *, constants: bool
) -> list[bytes | int] | None:
    text = edit.text.encode("utf-8")
    out: list[bytes | int] = []
    position = 0
    for one in edit.copied:
        if one.literal is not None and constants:
            continue
        if one.literal is None or one.literal not in numbers:
            return None
        out += [text[position : one.start], numbers[one.literal]]
        position = one.end
    return [*out, text[position:]]


def _start(mark: tuple[Span, Edit | None]) -> tuple[int, int]:
    return mark[0].start, mark[0].end
