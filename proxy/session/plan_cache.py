"""Plans seen before: first by exact text, then by shape, the text without its literals.

Legacy applications write their values into the text, so the text is new each time and the shape is
not. A shape's plan may be used for other literals because nothing in analysing, deciding and
rewriting looks at a literal's value, only at its kind; and only plain literals are left out of the
shape: decimal integers, and quoted strings without a quote or backslash inside, about which no two
lexers disagree. Everything else stays in the shape as it is written.
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
from proxy.rewrite.edit import Edit
from proxy.session.plan import Plan, Scene
from proxy.session.planner import Planned
from proxy.statement.facts import Verb

_PLAIN_STRING = re.compile(rb"'[^'\\\0]*'")
_PLAIN_INTEGER = re.compile(rb"[0-9]{1,10}")
_SHAPED_VERBS = frozenset(
    (
        Verb.SELECT, Verb.INSERT, Verb.UPDATE, Verb.DELETE,
        Verb.DECLARE, Verb.FETCH, Verb.PREPARE, Verb.EXECUTE, Verb.EXPLAIN, Verb.MERGE,
        Verb.TEMPORARY,
    )
)  # fmt: skip
_MARKS = {b"'": b"\x01s\x01"}
_INTEGER_MARK = b"\x01i\x01"

_Value = TypeVar("_Value")
_Key = tuple[PrincipalName, SearchPath, bool, frozenset[str], str | bytes]


@dataclass(frozen=True, slots=True)
class Shape:
    """A text with marks in its literals' place, and where those literals stand."""

    key: bytes
    literals: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """The text to send; a number is that literal of the text, counted from 0."""

    plan: Plan
    pieces: tuple[bytes | int, ...]
    literals_count: int


def shape_of(encoded: bytes, text: str) -> Shape | None:
    """The shape of a text; None where the lexer refuses it or it has nothing to leave out."""
    try:
        tokens = postgast.scan(text).tokens
    except (postgast.PgQueryError, ValueError):
        return None
    literals = []
    pieces, position = [], 0
    for token in tokens:
        if token.token == TokenCode.SCONST:
            plain, mark = _PLAIN_STRING, _MARKS[b"'"]
        elif token.token == TokenCode.ICONST:
            plain, mark = _PLAIN_INTEGER, _INTEGER_MARK
        else:
            continue
        start, end = token.start, token.end
        if plain.fullmatch(encoded, start, end) is None:
            continue
        literals.append(Span(start, end))
        pieces += [encoded[position:start], mark]
        position = end
    if not literals or b"\x01" in encoded:
        return None
    return Shape(b"".join([*pieces, encoded[position:]]), tuple(literals))


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
        shape = shape_of(encoded, text)
        pattern = self._shapes.get(_key(scene, shape.key)) if shape is not None else None
        if shape is None or pattern is None or pattern.literals_count != len(shape.literals):
            return None
        self._shapes.move_to_end(_key(scene, shape.key))
        if pattern.plan.text is None:
            return pattern.plan
        literals = [encoded[span.start : span.end] for span in shape.literals]
        parts = [p if isinstance(p, bytes) else literals[p] for p in pattern.pieces]
        return replace(pattern.plan, text=b"".join(parts).decode("utf-8"))

    def _keep(self, entries: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
        entries[key] = value
        if len(entries) > self._entries_max:
            entries.popitem(last=False)


def _key(scene: Scene, text: str | bytes) -> _Key:
    return (
        scene.principal.name, scene.search_path, scene.in_transaction, scene.temporaries, text
    )  # fmt: skip


def _pattern(planned: Planned) -> tuple[bytes, _Pattern] | None:
    """The shape and pattern of a plan, where its kind of statement has one."""
    analysis = planned.analysis
    if analysis is None or len(analysis.statements) != 1:
        return None
    facts = analysis.statements[0]
    if facts.verb not in _SHAPED_VERBS or facts.settings:
        # The name given to set_config is the one literal whose value is looked at.
        return None
    shape = shape_of(analysis.encoded, analysis.text)
    if shape is None:
        return None
    pieces = _cut(analysis.encoded, planned.edits, shape.literals)
    if pieces is None:
        return None
    return shape.key, _Pattern(planned.plan, pieces, len(shape.literals))


def _cut(
    encoded: bytes, edits: tuple[Edit, ...], literals: tuple[Span, ...]
) -> tuple[bytes | int, ...] | None:
    """The edited text with numbers in its literals' place; None where an edit covers one, or
    holds a copy of something that is not one of them."""
    numbers = {literal: number for number, literal in enumerate(literals)}
    out: list[bytes | int] = []
    position = 0
    marks: list[tuple[Span, Edit | None]] = [(edit.span, edit) for edit in edits]
    marks += [(literal, None) for literal in literals]
    for span, edit in sorted(marks, key=_start):
        if span.start < position:
            return None
        out.append(encoded[position : span.start])
        if edit is None:
            out.append(numbers[span])
        else:
            inserted = _around_copies(edit, numbers)
            if inserted is None:
                return None
            out += inserted
        position = span.end
    return (*out, encoded[position:])


def _around_copies(edit: Edit, numbers: Mapping[Span, int]) -> list[bytes | int] | None:
    text = edit.text.encode("utf-8")
    out: list[bytes | int] = []
    position = 0
    for one in edit.copied:
        if one.literal is None or one.literal not in numbers:
            return None
        out += [text[position : one.start], numbers[one.literal]]
        position = one.end
    return [*out, text[position:]]


def _start(mark: tuple[Span, Edit | None]) -> tuple[int, int]:
    return mark[0].start, mark[0].end
