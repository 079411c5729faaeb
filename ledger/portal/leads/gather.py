"""Leads from an index: asks for the rows of a time, page by page, up to a number of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from ledger.fields import EntryKind
from ledger.portal.index.model import LIMIT_MAX, Page, Position, Query, Row
from ledger.portal.leads.model import Lead, Limits
from ledger.portal.leads.rules import leads

ROWS_MAX: Final = 100_000
"""That are looked at for one list: three or four seconds of a core."""


class Searching(Protocol):
    """What is needed of the index. Blocks."""

    def search(self, query: Query, after: Position | None, limit: int) -> Page: ...


@dataclass(frozen=True, slots=True)
class Found:
    """``rows_count`` rows were looked at; those before ``back_to`` were not, where there were more
    than fit."""

    leads: tuple[Lead, ...]
    rows_count: int
    back_to: str | None


def gather(
    index: Searching,
    logs: frozenset[str],
    since: str | None,
    until: str | None,
    limits: Limits,
    *,
    rows_max: int = ROWS_MAX,
) -> Found:
    """Of the decisions and certificates between two times (as entries have them), the newest
    first. Blocks, and raises what `search` does."""
    kinds = frozenset({EntryKind.DECISION, EntryKind.CERTIFICATE})
    rows = _Rows(index, Query(logs=logs, kinds=kinds, since=since, until=until), rows_max)
    found = leads(rows, limits)
    return Found(tuple(found), rows.count, rows.back_to)


class _Rows:
    """The rows, and when they are all taken how many they were, and whether that was all."""

    def __init__(self, index: Searching, query: Query, rows_max: int) -> None:
        self._index, self._query, self._rows_max = index, query, rows_max
        self.count = 0
        self.back_to: str | None = None

    def __iter__(self) -> Iterator[Row]:
        after: Position | None = None
        while True:
            limit = min(LIMIT_MAX, self._rows_max - self.count + 1)
            page = self._index.search(self._query, after, limit)
            for row in page.rows:
                if self.count == self._rows_max:
                    self.back_to = row.time
                    return
                self.count += 1
                yield row
            if page.after is None:
                return
            after = page.after
