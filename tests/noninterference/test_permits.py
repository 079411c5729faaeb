"""Who has a permit for one person sees that person's record, and learns nothing of anybody else who
is sealed: for them, D' is D without the rows that are sealed from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from proxy.names import PrincipalName
from proxy.policy.law import Principal, PrincipalKind
from proxy.policy.permit import Permit, Scope
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from tests.noninterference.client import Client
from tests.noninterference.oracle import Finding, Oracle, Verdict
from tests.noninterference.planned import Planned, planner_of
from tests.noninterference.run import is_leak, shapes
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER, Pairs, pairs, settled
from tests.world import SQL, PostgresWorld

pytestmark = pytest.mark.database

SEED = 11
SHAPES = 160
PERSON, NUMBER = 1, "P00000001"
SHOWN = "sealed.penalty_shown(a.act_date, p.birth_date, p.id_no)"
OPENED = (
    ("j.by_law AS sealed", f"j.by_law AND j.person_id <> {PERSON} AS sealed"),
    ("       b.file_there AND (", f"       b.person_id = {PERSON} OR b.file_there AND ("),
    (
        "       b.file_there AND b.grown",
        f"       b.person_id = {PERSON} OR b.file_there AND b.grown",
    ),
    (f"SELECT {SHOWN}\n", f"SELECT {SHOWN} OR a.person_id = {PERSON}\n"),
    (f"WHERE {SHOWN};", f"WHERE {SHOWN} OR a.person_id = {PERSON};"),
)
# What locks or writes sees no more with a permit than without: D' is another there.
LOCKS = re.compile(r"\bFOR\s+(NO\s+KEY\s+|KEY\s+)?(UPDATE|SHARE)\b", re.IGNORECASE)
COURT = Principal(PrincipalName("court"), PrincipalKind.JUDICIAL, ())
PERMIT = Permit("q-1", COURT.name, Scope.FULL, (NUMBER,), 0.0, 1e12)


def opened_sql() -> str:
    """The oracle as it is for who has a permit for `PERSON`."""
    oracle = (SQL / "oracle.sql").read_text(encoding="utf-8")
    views = re.sub(
        r"^CREATE (?=VIEW|FUNCTION)", "CREATE OR REPLACE ",
        oracle[oracle.index("CREATE VIEW sealed.cp_verdict") :], flags=re.MULTILINE,
    )  # fmt: skip
    for plain, opened in OPENED:
        assert plain in views
        views = views.replace(plain, opened)
    return f"UPDATE base.person SET id_no = '{NUMBER}' WHERE person_id = {PERSON};" + views


@pytest.fixture(scope="module")
def both() -> Iterator[Pairs]:
    with PostgresWorld() as own:
        yield pairs(own, before=opened_sql())


@pytest.fixture(scope="module")
def judged(both: Pairs) -> tuple[Planner, Scene]:
    planner, scene = planner_of(both.read.full)
    return planner, replace(scene, principal=COURT, permits=(PERMIT,))


def oracle(both: Pairs, planner: Planner, scene: Scene) -> Oracle:
    pair = both.read
    clients = (
        Planned(pair.full, planner, scene),
        Client(pair.pruned.port, pair.pruned.name, USER),
        Planned(pair.control, planner, scene),
    )
    return Oracle(*(settled(each, writes=False) for each in clients))


def asked(both: Pairs) -> Iterator[Instance]:
    for shape in islice(shapes(both.tables, SEED, 2), SHAPES):
        for instance in shape:
            if not instance.writes and not LOCKS.search(instance.text):
                yield instance


def findings(both: Pairs, planner: Planner, scene: Scene) -> list[Finding]:
    comparing = oracle(both, planner, scene)
    try:
        return [found for one in asked(both) for found in comparing.compare((one,))]
    finally:
        comparing.close()


@pytest.mark.requirement("D5")
def test_every_table_is_what_the_law_leaves_of_it_under_the_permit(both: Pairs, judged):
    through = Planned(both.read.full, *judged)
    directly = Client(both.read.pruned.port, both.read.pruned.name, USER)
    for table in both.tables.readable:
        everything = Instance(f"SELECT * FROM base.{table.name}")
        seen, left = (
            client.ask(everything)[0].seen(ordered=False) for client in (through, directly)
        )
        assert seen == left, table.name


@pytest.mark.requirement("D5", "Q34")
def test_no_answer_tells_of_anybody_else_who_is_sealed(both: Pairs, judged):
    found = findings(both, *judged)
    leaks = [each for each in found if is_leak(each)]
    assert not leaks, leaks[0]
    assert sum(each.verdict is Verdict.EQUAL for each in found) > len(found) / 2


def test_a_permit_for_somebody_else_too_would_be_found(both: Pairs, judged):
    planner, scene = judged
    more = replace(PERMIT, subjects=(NUMBER, "110105200301010018"))
    found = findings(both, planner, replace(scene, permits=(more,)))
    assert any(map(is_leak, found))
