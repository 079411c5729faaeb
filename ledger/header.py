"""The public header of an entry: one line of JSON with one spelling. Pure.

A header is seen by witnesses and mirrors, so it holds no free text and nothing that can be guessed
back into a person: names, identity numbers and statements appear as keyed pseudonyms only.
The fields, their order and their shapes are in `fields`. An absent field and None are the same.
"""

from __future__ import annotations

import json
import re
from typing import Final

from ledger.errors import FormatError, InvalidDraft
from ledger.fields import FIELDS, NOTARY_KINDS, EntryKind, Header, HeaderValue

__all__ = [
    "FIELDS",
    "HEADER_BYTES_MAX",
    "LINE_GRAMMARS",
    "NOTARY_KINDS",
    "EntryKind",
    "Header",
    "HeaderValue",
    "decode_header",
    "encode_header",
    "judge_header",
]

HEADER_BYTES_MAX: Final = 32_768

_OPENING: Final = {kind: f'{{"kind":"{kind}"' for kind in EntryKind}
_KIND: Final = re.compile(rb'\{"kind":"([a-z]+)"')
# The whole grammar of a kind's header line: fields in the order of the table, each at most once.
LINE_GRAMMARS: Final = {
    kind.value.encode(): (
        kind,
        re.compile(
            re.escape(_OPENING[kind]) + "".join(field.pattern for field in fields.values()) + r"\}"
        ),
    )
    for kind, fields in FIELDS.items()
}


def encode_header(kind: EntryKind, header: Header) -> bytes:
    """One line of UTF-8 JSON without spaces, `kind` first. Raises `InvalidDraft`."""
    parts = [_OPENING[kind]]
    absent_count = 0
    for name, field in FIELDS[kind].items():
        value = header.get(name)
        if value is not None:
            parts.append(field.spell(value))
        elif field.required:
            raise InvalidDraft(f"a {kind} entry needs the field {name!r}")
        elif name in header:
            absent_count += 1
    if len(parts) - 1 + absent_count != len(header):
        unknown = min(header.keys() - FIELDS[kind].keys())
        raise InvalidDraft(f"a {kind} entry has no field {unknown[:40]!r}")
    parts.append("}")
    line = "".join(parts).encode()
    if len(line) > HEADER_BYTES_MAX:
        raise InvalidDraft(f"the header of a {kind} entry is over {HEADER_BYTES_MAX} bytes")
    return line


def judge_header(line: bytes) -> EntryKind:
    """The kind of a line that `encode_header` could have written. Raises `FormatError`.

    Anything else is refused, also what a JSON parser would take for the same thing: two verifiers
    could read a second spelling (duplicate keys, spaces, escapes) differently.
    """
    opening = _KIND.match(line)
    grammar = LINE_GRAMMARS.get(opening[1]) if opening else None
    if grammar is None or len(line) > HEADER_BYTES_MAX:
        raise FormatError("the header is of no known kind, or too long")
    kind, pattern = grammar
    try:
        matched = pattern.fullmatch(line.decode()) is not None
    except UnicodeDecodeError as error:
        raise FormatError("the header is not UTF-8") from error
    if not matched:
        raise FormatError(f"the header is not that of a {kind} entry")
    return kind


def decode_header(line: bytes) -> tuple[EntryKind, dict[str, HeaderValue]]:
    """The inverse of `encode_header`, for bytes nobody vouches for. Raises `FormatError`."""
    kind = judge_header(line)
    fields: dict[str, HeaderValue] = json.loads(line)
    del fields["kind"]
    return kind, fields
