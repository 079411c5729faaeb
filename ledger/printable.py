"""Someone else's text, made safe to show: it must not steer a terminal or reorder a line. Pure.

Statements come from whoever could reach the proxy. Control characters move a terminal's cursor,
and Unicode's direction marks let a line be read in another order than it was sent.
"""

from __future__ import annotations

import json

_REPLACEMENT = "\ufffd"


def one_line(text: str) -> str:
    """Each character that is not printable replaced, line ends too."""
    return "".join(c if c.isprintable() else _REPLACEMENT for c in text)


def many_lines(text: str) -> str:
    """The same; line feeds and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else _REPLACEMENT for c in text)


def as_json_line(value: object) -> str:
    """One line of JSON whose every unprintable character is escaped; the value is unchanged."""
    text = json.dumps(value, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def pretty(payload: bytes) -> str:
    """A payload as people read it: JSON indented where it is JSON, else the text itself."""
    text = payload.decode(errors="replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return many_lines(text)
    return many_lines(json.dumps(value, ensure_ascii=False, indent=2))
