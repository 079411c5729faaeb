"""Who asks and for which case, as an application may say in a comment around its statement. Pure.

    /* operator=021377 case=（2026）京0105刑初12号 */ SELECT ...
    SELECT ... /*operator='021377',case='%EF%BC%882026%EF%BC%89'*/

The second form is sqlcommenter's: between quotes a backslash takes the next character, then
percent signs are decoded. Only comments before the first and behind the last token of a text are
looked at, by the places that the server's own lexer gives these tokens: what looks like a comment
in a string, in dollar quotes or in the middle of a statement is none. A comment that is not wholly
a list of pairs says nothing, and so does one that holds another. Whoever can write into the middle
of a statement can put a second tag behind it: two that differ are for the reader to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

UNREADABLE: Final = "\0"
"""Stands for a value that was given and cannot be read; it is no valid one."""

_TAG_CHARACTERS_MAX: Final = 2_048
_PAIR: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9_.%-]{0,63})=(?:'((?:[^'\\]|\\.)*)'|([^\s,']+))(?:\s*,\s*|\s+|\Z)",
    re.DOTALL,
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tags:
    """Everything that the comments around one text say, as said."""

    operators: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


NO_TAGS: Final = Tags()


def tags_around(encoded: bytes, first: int, last: int) -> Tags:
    """The tags of a text in UTF-8 whose first token begins at byte ``first``, and whose last, but
    for semicolons, ends at byte ``last``."""
    operators: list[str] = []
    cases: list[str] = []
    for part in (encoded[:first], encoded[last:]):
        if b"/*" not in part:
            continue
        for comment in _comments(part.decode("utf-8")):
            for key, value in _pairs(comment):
                if key == "operator":
                    operators.append(value)
                elif key == "case":
                    cases.append(value)
    return Tags(tuple(operators), tuple(cases)) if operators or cases else NO_TAGS


def _comments(between: str) -> Iterator[str]:
    """What stands in the comments of a text that holds no tokens but semicolons."""
    position = 0
    while position < len(between):
        if between.startswith("--", position):
            ends = [end for mark in "\r\n" if (end := between.find(mark, position)) >= 0]
            position = min(ends, default=len(between))
        elif between.startswith("/*", position):
            end = between.find("*/", position + 2)
            if end < 0 or "/*" in between[position + 2 : end]:
                return  # one in another; where it ends is not worth counting
            yield between[position + 2 : end]
            position = end + 2
        else:
            position += 1


def _pairs(comment: str) -> list[tuple[str, str]]:
    body = comment.strip()
    pairs: list[tuple[str, str]] = []
    position = 0
    while position < len(body) <= _TAG_CHARACTERS_MAX:
        pair = _PAIR.match(body, position)
        if pair is None:
            return []
        pairs.append((pair[1], pair[3] if pair[2] is None else _unquoted(pair[2])))
        position = pair.end()
    return pairs


def _unquoted(value: str) -> str:
    try:
        return unquote_to_bytes(_ESCAPED.sub(r"\1", value)).decode("utf-8")
    except UnicodeError:
        return UNREADABLE
