"""What graphical tools and drivers ask of the catalogues: answered as without the proxy, but for
how much there is; or refused, by the rule that the file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.ordinary.answers import NOTHING, Answer, ask
from tests.scenarios.service import Site

pytestmark = pytest.mark.database

USER = "agency_app"
SERVED = "served"
STARTED = "SET search_path = shop, base, public"
_HEAD = re.compile(r"-- query: (?P<name>.+) \| (?P<outcome>[a-z-]+)")


@dataclass(frozen=True, slots=True)
class Query:
    tool: str
    name: str
    outcome: str
    text: str

    def __str__(self) -> str:
        return f"{self.tool}: {self.name}"


def read_queries() -> Iterator[Query]:
    for file in sorted((Path(__file__).parent / "tools").glob("*.sql")):
        _, *parts = re.split("^(?=-- query:)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for part in parts:
            head, _, text = part.partition("\n")
            found = _HEAD.fullmatch(head)
            assert found is not None, f"{file.name}: {head}"
            yield Query(file.stem, found["name"], found["outcome"], text.strip())


QUERIES = list(read_queries())


@pytest.fixture(scope="module")
def sessions(shop: Site) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    """Through the proxy, and without it to the same database."""
    with shop.connect(USER) as ours, shop.database.connect(USER) as theirs:
        for connection in (ours, theirs):
            connection.execute(STARTED)
        yield ours, theirs


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.requirement("H1", "Q44")
def test_a_tool_is_answered_as_without_the_proxy(sessions, query: Query):
    ours, theirs = (ask(connection, query.text) for connection in sessions)
    if query.outcome != SERVED:
        assert ours == Answer(rule=query.outcome)
        return
    assert not theirs.error
    assert ours.counts() <= NOTHING
    assert ours.without_counts() == theirs.without_counts()


def test_every_query_finds_something(sessions):
    """A query about nothing compares nothing."""
    served = [query for query in QUERIES if query.outcome == SERVED]
    asked = {query: ask(sessions[1], query.text) for query in served}
    assert not [str(query) for query, said in asked.items() if said.columns and not said.rows]


def test_the_refusals_are_few():
    counts = Counter((query.tool, query.outcome == SERVED) for query in QUERIES)
    assert counts == {
        ("dbeaver", True): 35, ("dbeaver", False): 4,
        ("jdbc", True): 26, ("pgadmin", True): 27, ("pgadmin", False): 10,
    }  # fmt: skip
