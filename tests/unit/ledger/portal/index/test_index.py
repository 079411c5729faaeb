import sqlite3
import threading
from pathlib import Path

import pytest

from ledger.entry import format_time
from ledger.errors import ConfigurationError, FormatError
from ledger.fields import EntryKind, Header
from ledger.portal.index import walking
from ledger.portal.index.index import Index, IndexUnreadable
from ledger.portal.index.model import (
    By,
    Each,
    Flaw,
    Named,
    Page,
    Position,
    Query,
    Rebuilt,
    Role,
    Row,
    Tally,
)
from tests.unit.ledger.portal.index.drawn import PSEUDONYMS, TIMES_MS
from tests.unit.ledger.portal.index.searched import NAMES, World
from tests.unit.ledger.portal.made_log import (
    bundle_of,
    heartbeats,
    made_log,
    rewrite_bundle,
)
from tests.unit.ledger.small_log import START_MS, decision_header

DECISION, OUTCOME = EntryKind.DECISION, EntryKind.OUTCOME


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def decisions(*numbers: int):
    return [(DECISION, decision_header(number)) for number in numbers]


def test_a_tail_shows_what_came_since_and_each_entry_once(world: World):
    for name in NAMES:
        world.log(name).append(decisions(1, 2))
    world.refresh()
    position = world.index.end()
    assert world.index.tail(position).rows == ()
    for name, now_ms in zip(NAMES, (START_MS + 2000, START_MS + 1000), strict=True):
        world.log(name).append(decisions(3), now_ms).append(decisions(4), now_ms - 5000)
    world.refresh()
    seen: list[Row] = []
    for _ in range(4):
        page = world.index.tail(position, 1)
        seen += page.rows
        assert page.after is not None
        position = page.after
    assert world.index.tail(position).rows == ()
    # The other log's entry is older; and within a log the order is that of the log.
    assert [(row.log, row.number) for row in seen] == [
        *((NAMES[1], 3), (NAMES[1], 4), (NAMES[0], 3), (NAMES[0], 4))
    ]


def test_a_tail_begins_at_the_end_of_a_log_that_it_does_not_know(world: World):
    world.log(NAMES[0]).append(decisions(1, 2))
    before = world.index.end()
    world.refresh()
    page = world.index.tail(before)
    assert page == Page((), Position.of({NAMES[0]: 3}))


def test_pages_stay_as_they_are_while_entries_come(world: World):
    log = world.log(NAMES[0]).append(decisions(*range(10)))
    world.refresh()
    first = world.index.search(Query(), None, 4)
    log.append(decisions(11, 12))
    world.refresh()
    second = world.index.search(Query(), first.after, 4)
    assert [row.number for row in (*first.rows, *second.rows)] == [10, 9, 8, 7, 6, 5, 4, 3]


def test_a_log_that_is_slow_to_search_keeps_its_place(world: World, monkeypatch):
    """Where time is over before one log's next entry is found, the other's must wait for it."""
    monkeypatch.setattr(walking, "STRETCH_ENTRIES", 5)
    monkeypatch.setattr(walking, "_QUICK_SECONDS", -1.0)
    far, near = NAMES
    world.log(far).append(decisions(1), START_MS + 2000).append(heartbeats(40), START_MS + 3000)
    world.log(near).append(decisions(2), START_MS + 1000)
    world.refresh()
    query = Query(kinds=frozenset({DECISION}))
    assert world.index.search(query, seconds=0.0).rows == ()
    found = [(row.log, row.number) for row in world.every(query, 5, 0.0)]
    assert found == [(far, 1), (near, 1)]


def test_neighbours_are_the_outcome_the_decision_and_the_session(world: World):
    outcome: Header = {"decision": 1, "session": "s1", "rows_count": 3, "released_bytes": 9}
    drawn = [*decisions(1, 2, 1), (OUTCOME, outcome)]
    world.log(NAMES[0]).append(drawn)
    world.refresh()
    found = world.index.neighbours(NAMES[0], 1)
    assert found is not None
    assert (found.decision, found.before) == (None, None)
    assert found.outcome is not None
    assert found.outcome.number == 4
    assert found.after is not None
    assert found.after.number == 3
    back = world.index.neighbours(NAMES[0], 4)
    assert back is not None
    assert back.decision is not None
    assert back.decision.number == 1
    assert back.before is not None
    assert back.before.number == 3
    assert world.index.neighbours(NAMES[0], 99) is None
    assert world.index.neighbours(NAMES[1], 1) is None
    assert world.index.row("none", 1) is None


def test_an_outcome_that_points_at_no_decision_has_none(world: World):
    """What a log says of itself may be wrong; it is not taken for more than it is."""
    outcome: Header = {"decision": 0, "session": "s1", "rows_count": 3, "released_bytes": 9}
    world.log(NAMES[0]).append([(OUTCOME, outcome)])
    world.refresh()
    found = world.index.neighbours(NAMES[0], 1)
    assert found is not None
    assert found.decision is None


@pytest.mark.parametrize(
    "text",
    [
        "x' OR '1'='1",
        '"; DROP TABLE entry; --',
        "' UNION SELECT value FROM word --",
        ":low",
        "%",
        "*",
        "\0",
        "\ud800",
        "a" * 100_000,
    ],
)
def test_what_is_asked_for_is_never_sql(world: World, text: str):
    world.log(NAMES[0]).append(decisions(1, 2))
    world.refresh()
    words = ("principal", "verdict", "rule", "statement_class", "attribution", "event")
    documents = ("permit", "certificate", "opinion", "order", "session", "error")
    for name in (*words, *documents):
        conditions = {name: text}
        assert world.index.search(Query(**conditions)).rows == ()  # type: ignore[arg-type]
    for name in ("principal", "verdict", "rule"):
        tally = Tally(**{name: text})  # type: ignore[arg-type]
        assert world.index.count_by(By.RULE, Each.DAY, tally) == []
    assert world.index.search(Query(logs=frozenset({text}))).rows == ()
    assert world.index.row(text, 1) is None
    with pytest.raises(FormatError):
        Query(since=text)
    with pytest.raises(FormatError):
        Named(Role.PERSON, (text,))
    assert len(world.index.search(Query()).rows) == 3


def test_a_log_says_nothing_in_sql_either(world: World):
    """Words of a header hold no quotes; what does is no entry."""
    log = world.log(NAMES[0]).append(decisions(1, 2))
    entries = bundle_of(log.root, 0, 3)
    entries[1] = entries[1].replace(b"sealed-rows", b"x'); DROP TABLE word;--")
    rewrite_bundle(log.root, 0, entries, 3)
    world.refresh()
    flawed = world.index.search(Query(flawed=True)).rows
    assert [(row.number, row.flaw, row.kind) for row in flawed] == [(1, Flaw.MALFORMED, None)]
    assert world.index.states()[0].flawed_count == 1


def test_readers_see_whole_batches_while_a_log_is_indexed(world: World):
    """Each page is of one state of the index, and none fails while files are replaced."""
    log = world.log(NAMES[0]).append(decisions(*range(20)))
    world.refresh()
    stop, wrong = threading.Event(), list[object]()

    def ask() -> None:
        while not stop.is_set():
            try:
                numbers = [row.number for row in world.index.search(Query(), None, 1000).rows]
                total = sum(each.entries_count for each in world.index.count_by(By.LOG, Each.ALL))
            except Exception as error:  # noqa: BLE001
                wrong.append(error)
                return
            if numbers != list(range(len(numbers)))[::-1] or total < len(numbers):
                wrong.append((numbers, total))
                return

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for again in range(20):
            log.append(decisions(*range(30)), START_MS + again)
            if again % 5 == 4:
                world.index._damaged.add(NAMES[0])
            done = world.index.refresh(log.source(NAMES[0]))
            assert (done.rebuilt is not None) == (again % 5 == 4)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong
    assert len(world.every(Query(), 100)) == log.size


def test_a_damaged_file_is_said_to_be_so_and_made_anew(world: World):
    log = world.log(NAMES[0]).append(heartbeats(300))
    world.log(NAMES[1]).append(decisions(1))
    world.refresh()
    path = world.index._files.path(NAMES[0])
    assert path is not None
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xa5" * (len(data) - 4096 * 3)
    path.write_bytes(data)
    with pytest.raises(IndexUnreadable, match=NAMES[0]):
        world.every(Query(), 1000)
    assert len(world.index.search(Query(logs=frozenset({NAMES[1]}))).rows) == 2
    assert world.index.refresh(log.source(NAMES[0])).rebuilt is Rebuilt.UNREADABLE
    assert len(world.every(Query(), 1000)) == 303


@pytest.mark.parametrize("content", [b"", b"rubbish", b"SQLite format 3\0" + b"\0" * 4096, None])
def test_a_file_that_is_no_index_is_made_anew(world: World, content: bytes | None):
    log = world.log(NAMES[0]).append(decisions(1))
    world.refresh()
    path = world.index._files.path(NAMES[0])
    assert path is not None
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(IndexUnreadable):
        world.index.states()
    assert world.index.refresh(log.source(NAMES[0])).rebuilt is Rebuilt.UNREADABLE
    assert len(world.index.search(Query()).rows) == 2


def test_another_process_is_kept_out(world: World):
    with pytest.raises(ConfigurationError, match="another portal"):
        Index.open(world.root / "index", NAMES)
    world.index.close()
    Index.open(world.root / "index", NAMES).close()


def test_states_tell_what_is_indexed(world: World):
    world.log(NAMES[0]).append(decisions(1), START_MS + 5)
    assert world.index.states() == []
    world.refresh()
    (state,) = world.index.states()
    assert (state.log, state.origin, state.size) == (NAMES[0], "ledger.example/0", 2)
    assert state.first_time == format_time(TIMES_MS[1]).decode()
    assert state.last_time == format_time(START_MS + 5).decode()
    assert (state.rebuilt, state.flawed_count) == (Rebuilt.FIRST, 0)


def test_a_query_for_one_person_names_a_pseudonym_of_each_log(world: World):
    for at, name in enumerate(NAMES):
        header = {"certificate": "C1", "event": "issued", "person": PSEUDONYMS[at]}
        world.log(name).append([(EntryKind.CERTIFICATE, header)])
    world.refresh()
    both = Query(named=(Named(Role.PERSON, PSEUDONYMS[:2]),))
    assert {row.log for row in world.index.search(both).rows} == set(NAMES)
    one = Query(named=(Named(Role.PERSON, PSEUDONYMS[:1]),))
    assert {row.log for row in world.index.search(one).rows} == {NAMES[0]}
    other_role = Query(named=(Named(Role.HANDLER, PSEUDONYMS[:2]),))
    assert world.index.search(other_role).rows == ()


def test_nothing_can_be_written_by_who_asks(world: World):
    world.log(NAMES[0]).append(decisions(1))
    world.refresh()
    with (
        pytest.raises(IndexUnreadable),
        world.index._reading(NAMES[0]) as connection,
    ):
        connection.execute("DELETE FROM entry")
    assert len(world.index.search(Query()).rows) == 2
    with world.index._reading(NAMES[0]) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DROP TABLE entry")


def test_days_are_those_of_the_clock_that_is_asked_for(tmp_path: Path):
    world = World(tmp_path)
    late_ms = START_MS + 17 * 3600 * 1000  # 2026-01-01T17:00Z, in China the next day
    world.log(NAMES[0]).append(decisions(1), late_ms)
    world.refresh()
    only = Tally(kinds=frozenset({DECISION}))
    assert [each.when for each in world.index.count_by(By.KIND, Each.DAY, only)] == ["2026-01-02"]
    utc = world.index.count_by(By.KIND, Each.DAY, only, offset_minutes=0)
    assert [each.when for each in utc] == ["2026-01-01"]
    with pytest.raises(FormatError, match="by the hour"):
        world.index.count_by(By.KIND, Each.DAY, only, offset_minutes=330)


def test_made_log_is_a_log_as_any_other(tmp_path: Path):
    log = made_log(tmp_path / "log", heartbeats(300))
    assert log.source().checkpoint().size == 301
