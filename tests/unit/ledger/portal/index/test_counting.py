import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.fields import EntryKind, Header
from ledger.portal.index.counting import HOURS_OFF_MAX, count_log, offset_hours, values_of
from ledger.portal.index.filling import Filling
from ledger.portal.index.headline import KIND_CODES, WORDS, Headline, time_text
from ledger.portal.index.index import Index
from ledger.portal.index.model import By, Counted, Each, Tally
from ledger.portal.index.schema import TABLES, reading
from tests.unit.ledger.portal.made_log import made_log
from tests.unit.ledger.small_log import START_MS, decision_header

HOUR_MS = 3_600_000
LENGTH = {Each.DAY: 10, Each.MONTH: 7, Each.ALL: 0}
DECISION = EntryKind.DECISION
OUTCOME: Header = {"session": "s0", "rows_count": 4, "released_bytes": 0}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory):
    """Refused at 00:00, passed at 15:59 and 16:00 of 2026-01-01 UTC, and rows released then."""
    root: Path = tmp_path_factory.mktemp("counting")
    log = made_log(root / "log", [(DECISION, decision_header() | {"verdict": "refuse"})])
    passed = (DECISION, decision_header() | {"verdict": "pass"})
    log.append([passed], START_MS + 16 * HOUR_MS - 60_000)
    log.append([passed, (EntryKind.OUTCOME, OUTCOME)], START_MS + 16 * HOUR_MS)
    index = Index.open(root / "index", ["公安"])
    index.refresh(log.source())
    path = index._files.path("公安")
    assert path is not None
    with reading(path) as opened:
        yield opened
    index.close()


def counts(connection, by: By, each: Each, tally: Tally | None = None, hours: int = 8):
    return count_log(connection, "公安", by, each, tally or Tally(), hours)


def test_days_begin_at_midnight_of_the_clock_that_is_asked_for(connection):
    only = Tally(kinds=frozenset({DECISION}))
    assert counts(connection, By.VERDICT, Each.DAY, only) == [
        Counted("2026-01-01", "pass", 1, 0),
        Counted("2026-01-01", "refuse", 1, 0),
        Counted("2026-01-02", "pass", 1, 0),
    ]
    assert counts(connection, By.VERDICT, Each.DAY, only, 0) == [
        Counted("2026-01-01", "pass", 2, 0),
        Counted("2026-01-01", "refuse", 1, 0),
    ]


def test_stretches_are_as_long_as_asked_for(connection):
    only = Tally(kinds=frozenset({DECISION, EntryKind.OUTCOME}))
    hours = counts(connection, By.LOG, Each.HOUR, only)
    assert hours == [
        Counted("2026-01-01T08", "公安", 1, 0),
        Counted("2026-01-01T23", "公安", 1, 0),
        Counted("2026-01-02T00", "公安", 2, 4),
    ]
    assert counts(connection, By.LOG, Each.MONTH, only) == [Counted("2026-01", "公安", 4, 4)]
    assert counts(connection, By.LOG, Each.ALL, only) == [Counted("", "公安", 4, 4)]


@given(
    hours=st.lists(st.integers(0, 24 * 40), min_size=1, max_size=30),
    ends=st.tuples(st.integers(-2, 42), st.integers(-2, 42)),
    each=st.sampled_from([Each.DAY, Each.MONTH, Each.ALL]),
    by=st.sampled_from([By.VERDICT, By.KIND, By.LOG]),
)
def test_what_was_counted_by_the_day_is_what_was_counted_by_the_hour(hours, ends, each, by):
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        for number, hour in enumerate(hours):
            verdict = ("pass", "refuse")[number % 2]
            Filling(connection).add([decided(number, START_MS + hour * HOUR_MS, verdict)])
        since, until = (midnight(day) for day in sorted(ends))
        whole = counts(connection, by, each, Tally(since=since, until=until))
        by_hour = counts(connection, by, Each.HOUR, Tally(since=since, until=until))
        sums = Counter[tuple[str, str]]()
        for one in by_hour:
            sums[one.when[: LENGTH[each]], one.value] += one.entries_count
        assert {(one.when, one.value): one.entries_count for one in whole} == sums


def midnight(day: int) -> str:
    """Of China, so many days after that of 2026-01-01."""
    return time_text(START_MS + (24 * day - 8) * HOUR_MS)


def decided(number: int, time_ms: int, verdict: str) -> Headline:
    words = tuple(verdict if name == "verdict" else None for name in WORDS)
    return Headline(number, time_ms, KIND_CODES[DECISION], words=words)


def test_events_are_counted(tmp_path: Path):
    log = made_log(tmp_path / "log", [
        (EntryKind.PERMIT, {"permit": "P1", "event": "received"}),
        (EntryKind.PERMIT, {"permit": "P1", "event": "granted"}),
        (EntryKind.PERMIT, {"permit": "P2", "event": "received"}),
        (EntryKind.CERTIFICATE, {"certificate": "C1", "event": "issued"}),
    ])  # fmt: skip
    index = Index.open(tmp_path / "index", ["公安"])
    index.refresh(log.source())
    permits = Tally(kinds=frozenset({EntryKind.PERMIT}))
    assert index.count_by(By.EVENT, Each.ALL, permits) == [
        Counted("", "granted", 1, 0),
        Counted("", "received", 2, 0),
    ]
    assert index.values(By.EVENT) == ["granted", "issued", "received"]
    index.close()


def test_what_has_no_such_field_is_counted_under_nothing(connection):
    found = {each.value: each.entries_count for each in counts(connection, By.RULE, Each.ALL)}
    assert found == {"sealed-rows": 3, "": 2}


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (Tally(verdict="pass"), 2),
        (Tally(verdict="none"), 0),
        (Tally(verdict="sealed-rows"), 0),
        (Tally(since="2026-01-01T16:00:00.000Z"), 2),
        (Tally(until="2026-01-01T16:00:00.000Z"), 3),
        (Tally(since="2026-01-01T15:00:00.000Z", until="2026-01-01T16:00:00.000Z"), 1),
        (Tally(kinds=frozenset({EntryKind.PERMIT})), 0),
        (Tally(kinds=frozenset({DECISION}), rule="sealed-rows", verdict="refuse"), 1),
    ],
)
def test_only_what_is_asked_for_is_counted(connection, tally: Tally, expected: int):
    found = counts(connection, By.LOG, Each.ALL, tally)
    assert sum(each.entries_count for each in found) == expected


def test_words_in_use_are_those_of_that_field(connection):
    assert set(values_of(connection, By.VERDICT)) == {"refuse", "pass"}
    assert set(values_of(connection, By.KIND)) == {"genesis", "decision", "outcome"}


@pytest.mark.parametrize("minutes", [30, -30, 60 * (HOURS_OFF_MAX + 1), 345])
def test_a_clock_that_is_not_whole_hours_off_is_refused(minutes: int):
    with pytest.raises(FormatError):
        offset_hours(minutes)
    assert offset_hours(480) == 8
    assert offset_hours(-300) == -5


def test_the_last_day_there_is_has_a_name(tmp_path: Path):
    end_ms = 253_402_300_799_000  # 9999-12-31T23:59:59Z
    log = made_log(tmp_path / "log").append([(DECISION, decision_header())], end_ms)
    index = Index.open(tmp_path / "index", ["公安"])
    index.refresh(log.source())
    found = index.count_by(By.KIND, Each.DAY, Tally(kinds=frozenset({DECISION})))
    assert [each.when for each in found] == ["9999-12-31"]
    index.close()
