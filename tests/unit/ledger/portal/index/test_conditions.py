from pathlib import Path

import pytest

from ledger.errors import FormatError
from ledger.fields import EntryKind, Header
from ledger.portal.index.conditions import Condition, NothingFits
from ledger.portal.index.index import Index
from ledger.portal.index.model import Named, Query, Role
from ledger.portal.index.schema import reading
from tests.unit.ledger.portal.made_log import heartbeats, made_log
from tests.unit.ledger.small_log import START_MS, decision_header

PERSON, OPERATOR = "a" * 32, "b" * 32
DECISION: Header = decision_header() | {
    "operator": OPERATOR,
    "subjects": [PERSON],
    "permit": "P1",
    "verdict": "refuse",
    "account": "c" * 32,
    "source": "d" * 32,
}
OUTCOME: Header = {"session": "s0", "rows_count": 0, "released_bytes": 0, "error": "42501"}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory):
    """Of an index of 259 entries: a year lies between the first bundle and the second."""
    root: Path = tmp_path_factory.mktemp("conditions")
    log = made_log(root / "log", heartbeats(255))
    drawn = [(EntryKind.DECISION, DECISION), (EntryKind.OUTCOME, OUTCOME)]
    log.append(drawn, START_MS + 365 * 86_400_000)
    index = Index.open(root / "index", ["公安"])
    index.refresh(log.source())
    path = index._files.path("公安")
    assert path is not None
    with reading(path) as opened:
        yield opened
    index.close()


def plan(connection, query: Query) -> str:
    condition = Condition(connection, query)
    values = condition.values | {"low": 0, "high": 1000}
    steps = connection.execute(f"EXPLAIN QUERY PLAN {condition.statement}", values).fetchall()
    return "; ".join(step[3] for step in steps)


@pytest.mark.parametrize(
    ("query", "along"),
    [
        (Query(session="s0", principal="background-check-platform"), "entry_session"),
        (Query(rule="sealed-rows", principal="background-check-platform"), "entry_rule"),
        (Query(verdict="refuse"), "entry_refused"),
        (Query(kinds=frozenset({EntryKind.HEARTBEAT})), "entry_rare"),
        (Query(named=(Named(Role.OPERATOR, (OPERATOR,)),)), "entry_operator"),
        (Query(error="42501", cut=True), "entry_cut"),
        (Query(without_case=True), "entry_caseless"),
        (Query(flawed=True), "entry_flaw"),
    ],
)
def test_a_search_goes_along_the_index_that_leaves_the_fewest(connection, query, along: str):
    steps = plan(connection, query)
    assert f"USING INDEX {along} " in steps
    assert "SCAN" not in steps


@pytest.mark.parametrize(
    "query",
    [
        Query(named=(Named(Role.PERSON, (PERSON,)),), principal="background-check-platform"),
        Query(permit="P1", session="s0"),
    ],
)
def test_a_search_for_few_begins_with_them(connection, query: Query):
    steps = plan(connection, query)
    assert "USING PRIMARY KEY (pseudonym=? AND number>? AND number<?)" in steps or (
        "USING PRIMARY KEY (word=? AND number>? AND number<?)" in steps
    )
    assert "SEARCH entry USING INTEGER PRIMARY KEY (rowid=?)" in steps


def test_what_has_no_index_is_read_from_the_end(connection):
    steps = plan(connection, Query(statement_class="select"))
    assert steps == "SEARCH entry USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"


@pytest.mark.parametrize(
    "query",
    [
        Query(rule="no-such-rule"),
        Query(named=(Named(Role.OPERATOR, (PERSON,)),)),
        Query(named=(Named(Role.OPERATOR, ()),)),
        Query(named=(Named(Role.OPERATOR, (OPERATOR,)), Named(Role.OPERATOR, (PERSON,)))),
        Query(permit="P1", kinds=frozenset({EntryKind.OUTCOME})),
        Query(permit="P1", certificate="P1"),
        Query(since="2027-06-01T00:00:00.000Z"),
        Query(until="2026-01-01T00:00:00.000Z"),
    ],
)
def test_what_cannot_be_is_not_searched_for(connection, query: Query):
    with pytest.raises(NothingFits):
        Condition(connection, query)


def test_times_lead_to_the_bundles_that_have_them(connection):
    late = Condition(connection, Query(since="2026-06-01T00:00:00.000Z"))
    assert (late.low, late.high) == (256, None)
    early = Condition(connection, Query(until="2026-06-01T00:00:00.000Z"))
    assert (early.low, early.high) == (0, 256)


def test_a_date_that_there_is_not_is_refused(connection):
    with pytest.raises(FormatError):
        Condition(connection, Query(since="2026-02-30T00:00:00.000Z"))
