"""The whole of it, beside a model that reads everything with the parser that verifies."""

import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.fields import EntryKind
from ledger.portal.index import walking
from ledger.portal.index.index import Index
from ledger.portal.index.model import By, Each, Row, Tally
from tests.unit.ledger.portal.index.drawn import TIMES_MS, WORDS, drafts, queries
from tests.unit.ledger.portal.index.naive import merged
from tests.unit.ledger.portal.index.searched import NAMES, World
from tests.unit.ledger.portal.made_log import bundle_of, heartbeats, rewrite_bundle

DECISION = EntryKind.DECISION

FRAMES = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(TIMES_MS),
        st.lists(drafts(), min_size=1, max_size=8),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)
"""Of which log, when, what, and whether the index is refreshed after it."""


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    FRAMES,
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from((b"", b"rubbish", None))), max_size=4),
    st.lists(st.tuples(queries(NAMES), st.integers(1, 9), st.booleans()), min_size=5, max_size=12),
)
def test_it_finds_what_reading_everything_finds(frames, long: bool, damage, asked):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(walking, "STRETCH_ENTRIES", 5)
        world = World(Path(name))
        if long:
            world.log(NAMES[0]).append(heartbeats(250), TIMES_MS[1])
        for log, now_ms, drawn, refreshed in frames:
            world.log(log).append(drawn, now_ms)
            if refreshed:
                world.refresh()
        if damage:
            _damage(world, damage)
        world.refresh()
        rows = world.rows()
        for query, limit, hurried in asked:
            found = world.every(query, limit, 0.0 if hurried else 10.0)
            assert found == merged(rows, query), query
        for log, of_it in rows.items():
            assert [world.index.row(log, number) for number in range(len(of_it))] == of_it
        _check_counts(world.index, rows)
        world.index.close()


def _damage(world: World, damage) -> None:
    """To the last bundle of the first log: entries that are none, or another log's, or one twice.

    Before the index has seen them, for what it saw it does not read again.
    """
    world.index.close()
    log = next(iter(world.logs.values()))
    number, width = (log.size - 1) // 256, (log.size - 1) % 256 + 1
    entries = bundle_of(log.root, number, width)
    for at, data in damage:
        entries[at % width] = entries[0] if data is None else data
    rewrite_bundle(log.root, number, entries, width)
    world.index = Index.open(world.root / "index2", NAMES)


def _check_counts(index: Index, rows: dict[str, list[Row]]) -> None:
    whole = [row for of_it in rows.values() for row in of_it if row.kind is not None]
    for by in By:
        expected: Counter[tuple[str, str]] = Counter()
        released: Counter[tuple[str, str]] = Counter()
        for row in whole:
            china = datetime.fromisoformat(row.time) + timedelta(hours=8)
            key = china.strftime("%Y-%m-%d"), str(getattr(row, by.value) or "")
            expected[key] += 1
            released[key] += row.rows_count or 0
        counted = index.count_by(by, Each.DAY)
        assert {(each.when, each.value): each.entries_count for each in counted} == expected
        assert all(each.rows_count == released[each.when, each.value] for each in counted)
        assert [each.when for each in counted] == sorted(each.when for each in counted)
        if by is not By.LOG:
            found = {str(getattr(row, by.value)) for row in whole if getattr(row, by.value)}
            assert index.values(by) == sorted(found)
    refused = Tally(kinds=frozenset({DECISION}), verdict="refuse", rule=WORDS[0])
    expected_count = sum(
        (row.kind, row.verdict, row.rule) == (DECISION, "refuse", WORDS[0]) for row in whole
    )
    counts = index.count_by(By.LOG, Each.ALL, refused)
    assert sum(each.entries_count for each in counts) == expected_count
