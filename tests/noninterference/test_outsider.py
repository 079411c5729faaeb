"""Who is not to be told that something is sealed sees no label, no mark and no file that was split:
for a unit, D' is D without all that says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.noninterference.client import Client
from tests.noninterference.oracle import Verdict
from tests.noninterference.run import run
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER, Worlds, worlds
from tests.world import SQL, PostgresWorld

SEED = 11
STATEMENTS = 240
DESK = 'name = "query-desk"\nkind = "counter"'


def as_unit(policy: str) -> str:
    assert policy.count(DESK) == 1
    return policy.replace(DESK, DESK.replace("counter", "unit"))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    home: Path = tmp_path_factory.mktemp("outsider")
    outside = (SQL / "outside.sql").read_text(encoding="utf-8")
    with (
        PostgresWorld() as own,
        worlds(own, home, before=outside, policy=as_unit) as made,
    ):
        yield made


@pytest.mark.requirement("B4", "B5", "B7")
def test_every_table_is_what_the_law_leaves_of_it_for_outsiders(both: Worlds):
    pair = both.pairs.read
    through = Client(both.service.site.port, pair.full.name, USER)
    directly = Client(pair.pruned.port, pair.pruned.name, USER)
    for table in both.pairs.tables.readable:
        everything = Instance(f"SELECT * FROM base.{table.name}")
        seen, left = (
            client.ask(everything)[0].seen(ordered=False) for client in (through, directly)
        )
        assert seen == left, table.name


def test_no_answer_tells_an_outsider_of_a_row_that_is_sealed(both: Worlds):
    report = run(both.oracle, both.pairs.tables, SEED, STATEMENTS)
    assert not report.leaks, report.leaks[0]
    assert report.verdicts[Verdict.EQUAL] > STATEMENTS / 2
    assert report.broken_count == 0
