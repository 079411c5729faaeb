"""The values by which a statement names people: from its text, by way of the plan caches, and from
what is bound. Pure.

A value that is not read here names nobody, and the statement counts as one that asks for anybody.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from proxy.names import Span
from proxy.policy.asked import PERSON, Asked, Value
from proxy.policy.identity import normalise_identity
from proxy.rewrite.views import Expansion
from proxy.session.plan import Definition, OpenCursor, Plan, PrepareStatement
from proxy.statement.analyse import Analysis
from proxy.wire.postgres.encoding import decode_exactly
from proxy.wire.postgres.frontend import Parameters, decode_parameters

_PLAIN_LITERAL: Final = re.compile(rb"'[^'\\\0]*'|[0-9]{1,10}")
"""As the plan cache leaves them out: what is written otherwise is not read."""
_WHOLE: Final = re.compile(r"\s*[+-]?[0-9]+\s*")
_ARRAY_ELEMENT: Final = re.compile(r'\s*(?:"([^"\\]*)"|([^\s",{}\\][^",{}\\]*))\s*')
_INTEGERS: Final = {21: 2, 23: 4, 20: 8}
_TEXTS: Final = frozenset((18, 19, 25, 1042, 1043))
_KEY_CHARACTERS_MAX: Final = 200


# -- places in a text ---------------------------------------------------------------------------


def written(plan: Plan, original: Analysis, expansion: Expansion) -> Plan:
    """``plan`` with what its literals say, and where they stand in the text of the client.

    In ``expansion`` views may have been put in place: a literal of theirs is not the client's.
    """
    if plan.asked is None and not plan.defines:
        return plan
    return replace(
        plan,
        asked=_each(plan.asked, lambda value: _from_text(value, original, expansion)),
        defines=tuple(
            _with(each, _each(each.plan.asked, lambda v: _from_text(v, original, expansion)))
            for each in plan.defines
        ),
    )


def rewritten(
    plan: Plan, numbers: Mapping[int, int], omitted: Sequence[Span], encoded: bytes
) -> Plan:
    """The plan of a text of the same shape: what was left out at ``numbers`` reads ``omitted``."""
    if plan.asked is None and not plan.defines:
        return plan

    def here(value: Value) -> Value:
        number = numbers.get(-1 if value.place.literal is None else value.place.literal)
        if number is None:
            return value
        span = omitted[number]
        return replace(
            value,
            place=replace(value.place, literal=span.start),
            written=_unquoted(encoded[span.start : span.end]),
        )

    return replace(
        plan,
        asked=_each(plan.asked, here),
        defines=tuple(_with(each, _each(each.plan.asked, here)) for each in plan.defines),
    )


def _each(asked: Asked | None, change: Callable[[Value], Value | None]) -> Asked | None:
    if asked is None or not asked.values:
        return asked
    changed = [change(value) for value in asked.values]
    values = tuple(value for value in changed if value is not None)
    if len(values) < len(changed):
        return replace(asked, values=(), weight=max(asked.weight, 1))
    return replace(asked, values=values)


def _with(definition: Definition, asked: Asked | None) -> Definition:
    match definition:
        case OpenCursor(plan=plan) | PrepareStatement(plan=plan):
            return replace(definition, plan=replace(plan, asked=asked))


def _from_text(value: Value, original: Analysis, expansion: Expansion) -> Value | None:
    start = value.place.literal
    if start is None:
        return value
    shift = 0
    for edit in expansion.edits:
        size_bytes = len(edit.text.encode("utf-8"))
        begin = edit.span.start + shift
        if start < begin:
            break
        if start < begin + size_bytes:
            return None
        shift += size_bytes - (edit.span.end - edit.span.start)
    start -= shift
    tokens = original.tokens
    index = bisect_left(tokens, start, key=lambda token: token.start)
    if index == len(tokens) or tokens[index].start != start:
        return None
    words = original.encoded[start : tokens[index].end]
    if not _PLAIN_LITERAL.fullmatch(words):
        return None
    return replace(value, place=replace(value.place, literal=start), written=_unquoted(words))


def _unquoted(words: bytes) -> str:
    return words.decode("utf-8").strip("'")


# -- values ---------------------------------------------------------------------------------------


def people(asked: Asked, bound: bytes | None, codec: str) -> tuple[tuple[str, str], ...] | None:
    """Domain and value of each that a keyed statement names, each once; None where one of the
    values is not to be read. ``bound`` is the tail of the Bind, in ``codec``."""
    parameters = decode_parameters(bound) if bound is not None else None
    found: dict[tuple[str, str], None] = {}
    for value in asked.values:
        for one in _read(value, parameters, codec):
            named = None if one is None else _normalised(value.domain, one)
            if named is None:
                return None
            found[value.domain, named] = None
    return tuple(found)


def _read(value: Value, parameters: Parameters | None, codec: str) -> Iterator[str | None]:
    """What is compared with, NULL left out: it equals nothing."""
    number = value.place.parameter
    if number is None:
        if value.place.array:
            yield from _array_text(value.written or "")
        else:
            yield value.written
        return
    if parameters is None or not 0 < number <= len(parameters.values):
        yield None
        return
    raw = parameters.values[number - 1]
    if raw is None:
        return
    formats = parameters.formats
    binary = bool(formats) and formats[0 if len(formats) == 1 else number - 1] == 1
    if value.place.array:
        if binary:
            yield from _array_binary(raw, value.type_oid, codec)
        else:
            text = decode_exactly(raw, codec)
            yield from (None,) if text is None else _array_text(text)
    else:
        yield _scalar(raw, value.type_oid, codec) if binary else decode_exactly(raw, codec)


def _scalar(raw: bytes, type_oid: int, codec: str) -> str | None:
    """A value in the binary format of its column's type, of which integers come in three sizes."""
    if type_oid in _TEXTS:
        return decode_exactly(raw, codec)
    if type_oid in _INTEGERS and len(raw) in _INTEGERS.values():
        return str(int.from_bytes(raw, "big", signed=True))
    return None


def _array_text(text: str) -> Iterator[str | None]:
    inner = text.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        yield None
        return
    inner, position = inner[1:-1], 0
    if not inner.strip():
        return
    while True:
        element = _ARRAY_ELEMENT.match(inner, position)
        if element is None:
            yield None
            return
        plain = element[2]
        if plain is None or plain.strip().upper() != "NULL":
            yield element[1] if plain is None else plain.strip()
        position = element.end()
        if position == len(inner):
            return
        if inner[position] != ",":
            yield None
            return
        position += 1


def _array_binary(raw: bytes, type_oid: int, codec: str) -> Iterator[str | None]:
    """PostgreSQL's ``array_recv``: dimensions, flags, type; of each dimension size and bound."""
    try:
        dimensions_count, _, _ = struct.unpack_from(">iiI", raw)
        if dimensions_count == 0:
            return
        if dimensions_count != 1:
            yield None
            return
        (count,) = struct.unpack_from(">i", raw, 12)
        position = 20
        for _ in range(count):
            (length_bytes,) = struct.unpack_from(">i", raw, position)
            position += 4
            if length_bytes >= 0:
                end = position + length_bytes
                yield _scalar(raw[position:end], type_oid, codec) if end <= len(raw) else None
                position = end
    except struct.error:
        yield None


def _normalised(domain: str, value: str) -> str | None:
    if domain == PERSON:
        try:
            return normalise_identity(value)
        except ValueError:
            return None
    if len(value) > _KEY_CHARACTERS_MAX:
        return None
    return str(int(value)) if _WHOLE.fullmatch(value) else value
