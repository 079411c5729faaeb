"""The grammar of header lines for the browser's check, out of the one that Python judges by. Pure.

So a line that one of them refuses is refused by the other. After a change of fields:

    python -m ledger.portal.proof.grammar > ledger/portal/static/grammar.js
"""

from __future__ import annotations

import json
import re
import sys
from typing import Final

from ledger.header import HEADER_BYTES_MAX, LINE_GRAMMARS

# What Python's `\w` and `\d` mean for text, as JavaScript spells it with its flag `u`.
_LETTERS: Final = r"\p{L}\p{N}_"
_CLASSES: Final = re.compile(r"\[([^\]\\]*)(\\w)([^\]]*)\]|(\\w)|(\\d)")


def grammar_script() -> str:
    """A module of JavaScript: sources of regular expressions by kind of entry."""
    sources = {kind.decode(): _source(pattern) for kind, (_, pattern) in LINE_GRAMMARS.items()}
    table = json.dumps(sources, indent=1, ensure_ascii=True)
    return (
        "// Made from the table of fields; do not change it by hand.\n"
        f"export const HEADER_BYTES_MAX = {HEADER_BYTES_MAX};\n"
        f"export const LINE_GRAMMARS = {table};\n"
    )


def _source(pattern: re.Pattern[str]) -> str:
    return _CLASSES.sub(_translated, pattern.pattern)


def _translated(match: re.Match[str]) -> str:
    before, inside, after, word, _ = match.groups()
    if inside is not None:
        # A hyphen at the end of a class means itself in both.
        return f"[{before}{_LETTERS}{after}]"
    return f"[{_LETTERS}]" if word is not None else r"\p{Nd}"


if __name__ == "__main__":
    sys.stdout.write(grammar_script())
