"""A decrypted payload as a prosecutor reads it: the statement, its values, its sender. Pure.

The payload is what the agency's host wrote. It is signed for, so nobody changed it since; whether
it is well formed is that host's word, so anything may stand in it, and nothing of it is trusted.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ledger.printable import many_lines, pretty

TEXT_CHARACTERS_MAX: Final = 20_000
VALUES_MAX: Final = 200
_VALUE_CHARACTERS_MAX: Final = 1_000
_WHO: Final = ("operator", "case", "user", "database", "source", "application_name", "certificate")

# White space, quoted text, comments: what stands between quotes is never broken.
_PIECES: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<quoted>[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
          | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | --[^\n]* | /\*.*?\*/)
      | (?P<word>\w+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_BEGINS_A_LINE: Final = frozenset(
    {
        *("from", "where", "group", "having", "order", "limit", "offset", "fetch", "window"),
        *("union", "except", "intersect", "values", "set", "returning"),
        *("join", "left", "right", "full", "inner", "cross"),
    }
)
_JOINS: Final = frozenset({"left", "right", "full", "inner", "cross", "outer"})


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter; `shown` is text, or says that there is none that could be read."""

    number: int
    shown: str


@dataclass(frozen=True, slots=True)
class Statement:
    """`lines` is the text as sent with breaks put in, `text` without. `raw` and `who`, by field of
    the payload, are as they stand there: not fit to be shown. `other` is all of a payload that is
    not understood as a statement's."""

    lines: str = ""
    text: str = ""
    raw: str | None = None
    sent: str = ""  # to the database, where that was another
    cut: bool = False  # only its beginning was recorded
    values: tuple[Value, ...] = ()
    who: Mapping[str, str] = field(default_factory=dict)
    other: str = ""


def read_statement(payload: bytes) -> Statement:
    """Of a decision's payload; never raises."""
    try:
        row = json.loads(payload)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return Statement(other=_cut(many_lines(payload.decode(errors="replace"))))
    text, cut = _text(row, "text")
    sent, _ = _text(row, "sent")
    if text is None:
        return Statement(who=_who(row), other=_cut(pretty(payload)))
    return Statement(
        lines=_cut(many_lines(in_lines(text))),
        text=_cut(many_lines(text)),
        raw=None if cut else text,
        sent="" if sent is None or sent == text else _cut(many_lines(in_lines(sent))),
        cut=cut or len(text) > TEXT_CHARACTERS_MAX,
        values=tuple(_values(row.get("parameters"))),
        who=_who(row),
    )


def in_lines(text: str) -> str:
    """The same words, with line breaks for some of the blanks before the words of a clause.

    Only white space outside of quotes and comments becomes another: what is read is what was sent.
    """
    out: list[str] = []
    before = ""
    for match in _PIECES.finditer(text):
        word = (match["word"] or "").lower()
        joined = word == "join" and before in _JOINS
        if out and out[-1].isspace() and "\n" not in out[-1] and word in _BEGINS_A_LINE:
            out[-1] = out[-1] if joined else "\n"
        out.append(match[0])
        before = word or (before if match["space"] else "")
    return "".join(out)


def _text(row: Mapping[str, object], name: str) -> tuple[str | None, bool]:
    """The text under that name in one of its three spellings, and whether it is cut."""
    if isinstance(text := row.get(name), str):
        return text, False
    if isinstance(start := row.get(f"{name}_start"), str):
        return start, True
    if isinstance(encoded := row.get(f"{name}_base64"), str):
        try:
            return b64decode(encoded, validate=True).decode(errors="replace"), False
        except ValueError:
            return None, False
    return None, False


def _who(row: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name in _WHO if isinstance(value := row.get(name), str) and value}


def _values(parameters: object) -> Iterator[Value]:
    if not isinstance(parameters, dict) or not isinstance(parameters.get("values"), list):
        return
    formats = parameters.get("formats")
    formats = formats if isinstance(formats, list) else []
    for at, value in enumerate(parameters["values"][:VALUES_MAX]):
        binary = (formats[0] if len(formats) == 1 else (formats[at : at + 1] or [0])[0]) == 1
        yield Value(at + 1, _shown(value, binary=binary))


def _shown(value: object, *, binary: bool) -> str:
    if value is None:
        return "NULL"
    try:
        raw = b64decode(value if isinstance(value, str) else "!", validate=True)
    except ValueError:
        return "\ufffd"
    if not binary:
        try:
            return many_lines(raw.decode())[:_VALUE_CHARACTERS_MAX]
        except UnicodeDecodeError:
            pass
    return f"0x{raw[:_VALUE_CHARACTERS_MAX].hex()}"


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS_MAX else text[:TEXT_CHARACTERS_MAX] + "…"
