"""Where the index has entries that change keys, so that a log is not read for them."""

from __future__ import annotations

from typing import Final, Protocol

from ledger.errors import LedgerError
from ledger.evidence.proven import KeyHint
from ledger.fields import EntryKind
from ledger.portal.index.model import LIMIT_MAX, LogState, Page, Position, Query
from ledger.rotation import Purpose

_CHANGING: Final = tuple(purpose for purpose in Purpose if purpose is not Purpose.EPOCH)


class Searching(Protocol):
    """What is needed of the index. Blocks."""

    def search(self, query: Query, after: Position | None, limit: int) -> Page: ...

    def states(self) -> list[LogState]: ...


def key_hint(index: Searching, log: str) -> KeyHint | None:
    """None where the index does not know, or could not read some entry of the log."""
    try:
        state = next((each for each in index.states() if each.log == log), None)
        if state is None or state.flawed_count:
            return None
        numbers = [number for purpose in _CHANGING for number in _numbers(index, log, purpose)]
    except LedgerError:
        return None
    return KeyHint(tuple(sorted(numbers)), state.size)


def _numbers(index: Searching, log: str, purpose: Purpose) -> list[int]:
    query = Query(logs=frozenset({log}), kinds=frozenset({EntryKind.KEY}), event=purpose.value)
    found, after = list[int](), None
    while True:
        page = index.search(query, after, LIMIT_MAX)
        found += [row.number for row in page.rows]
        if page.after is None:
            return found
        after = page.after
