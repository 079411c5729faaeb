"""All rows of a time are looked at, or it is said from where on they were not."""

import pytest

from ledger.fields import EntryKind
from ledger.portal.index.model import Page, Position, Query, Row
from ledger.portal.leads.gather import gather
from ledger.portal.leads.model import Limits, Rule

LOGS = frozenset({"police"})
TIME = "2026-03-04T04:00:00.000Z"


class Shelf:
    """Rows in pages of three, with a page in between that is empty, as an index may give."""

    def __init__(self, rows_count: int) -> None:
        self.rows = [
            Row("police", number, TIME, EntryKind.DECISION, verdict="refuse")
            for number in reversed(range(rows_count))
        ]
        self.asked: list[Query] = []
        self._empty_given = False

    def search(self, query: Query, after: Position | None, limit: int) -> Page:
        self.asked.append(query)
        start = 0 if after is None else dict(after.numbers)["police"]
        if start == 3 and not self._empty_given:
            self._empty_given = True
            return Page((), after)
        end = start + min(3, limit)
        following = Position.of({"police": end}) if end < len(self.rows) else None
        return Page(tuple(self.rows[start:end]), following)


@pytest.mark.parametrize(
    ("rows_count", "looked_at", "cut"),
    [(0, 0, False), (9, 9, False), (10, 10, False), (11, 10, True)],
)
def test_to_the_last_row_or_to_the_limit(rows_count, looked_at, cut):
    shelf = Shelf(rows_count)
    found = gather(shelf, LOGS, TIME, None, Limits(refused_count=9), rows_max=10)
    assert (found.rows_count, found.back_to) == (looked_at, TIME if cut else None)
    assert [lead.count for lead in found.leads] == ([looked_at] if looked_at else [])
    assert {lead.rule for lead in found.leads} <= {Rule.REFUSED}
    assert {(q.logs, q.since, q.until) for q in shelf.asked} == {(LOGS, TIME, None)}
    assert shelf.asked[0].kinds == {EntryKind.DECISION, EntryKind.CERTIFICATE}
