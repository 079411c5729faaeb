import time
from pathlib import Path

import pytest

from ledger.fields import EntryKind
from ledger.portal.index import walking
from ledger.portal.index.index import Index
from ledger.portal.index.model import Query, Role
from ledger.portal.index.schema import reading
from ledger.portal.index.walking import Walk, one_row, rows_of
from tests.unit.ledger.portal.made_log import heartbeats, made_log
from tests.unit.ledger.small_log import decision_header


@pytest.fixture
def connection(tmp_path: Path, monkeypatch):
    """Of an index of 102 entries, looked through ten at a time; number 1 and 101 are decisions."""
    monkeypatch.setattr(walking, "STRETCH_ENTRIES", 10)
    monkeypatch.setattr(walking, "_QUICK_SECONDS", -1.0)
    decision = (EntryKind.DECISION, decision_header() | {"case": "c" * 32, "operator": "d" * 32})
    log = made_log(tmp_path / "log", [decision, *heartbeats(99), decision])
    index = Index.open(tmp_path / "index", ["公安"])
    index.refresh(log.source())
    path = index._files.path("公安")
    assert path is not None
    with reading(path) as opened:
        yield opened
    index.close()


DECISIONS = Query(kinds=frozenset({EntryKind.DECISION}))


def test_a_walk_goes_on_while_there_is_time(connection):
    walk = Walk(connection, DECISIONS, 102, time.monotonic() + 60)
    found = []
    while (raw := walk.next()) is not None:
        found.append(raw[0])
    assert (found, walk.reached, walk.ended) == ([101, 1], 0, True)
    walk.close()


def test_a_walk_without_time_gets_a_stretch_further_each_time(connection):
    reached, found = 102, []
    for turn in range(11):
        walk = Walk(connection, DECISIONS, reached, 0.0)
        while (raw := walk.next()) is not None:
            found.append(raw[0])
        assert walk.ended == (turn == 10)
        assert walk.reached == max(0, reached - 10)
        reached = walk.reached
    assert found == [101, 1]


def test_nothing_that_fits_is_the_end_at_once(connection):
    walk = Walk(connection, Query(rule="none"), 102, 0.0)
    assert walk.next() is None
    assert (walk.reached, walk.ended) == (0, True)


def test_a_row_has_words_for_numbers(connection):
    row = one_row(connection, "公安", "number = ?", 1)
    assert row is not None
    assert (row.rule, row.article, row.kind) == (
        "sealed-rows",
        "刑事诉讼法 286",
        EntryKind.DECISION,
    )
    assert row.named == {Role.CASE: ("c" * 32,), Role.OPERATOR: ("d" * 32,)}
    assert one_row(connection, "公安", "number = ?", 102) is None


def test_many_rows_have_theirs(connection, monkeypatch):
    monkeypatch.setattr(walking, "_WORDS_AT_ONCE", 1)
    walk = Walk(connection, Query(), 102, time.monotonic() + 60)
    raws = [raw for _ in range(102) if (raw := walk.next()) is not None]
    walk.close()
    rows = rows_of(connection, "公安", raws)
    assert [row.number for row in rows] == list(range(102))[::-1]
    assert {row.event for row in rows[1:100]} == {"alive"}
