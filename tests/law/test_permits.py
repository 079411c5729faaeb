"""What the shipped policy shows under a permit, of every table, for every person of the seed and a
few more: what everybody sees, and the rows of that person as the law has it, and nothing else. The
reference (tests/law/permits.sql) was written apart from the policy. All people are synthetic."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.names import PrincipalName
from proxy.policy.identity import normalise_identity
from proxy.policy.law import Principal, PrincipalKind
from proxy.policy.permit import Permit, Scope
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from tests.conftest import AGENCY
from tests.law.asking import TABLES
from tests.noninterference.planned import planner_of
from tests.world import SQL, Database, PostgresWorld

pytestmark = pytest.mark.database

COURT = Principal(PrincipalName("court"), PrincipalKind.JUDICIAL, ())
DESK = Principal(PrincipalName("desk"), PrincipalKind.COUNTER, ())
PLATFORM = Principal(PrincipalName("bgcheck"), PrincipalKind.PLATFORM, ())
JUDGMENTS = ("person", "case_person", "charge", "sentence")
SHOWN = "penalty_shown(a.act_date, p.birth_date, p.id_no)"
OR_THEIRS = " OR a.person_id IS NOT DISTINCT FROM opened.whom()"
NOT_THEIRS = "({}.person_id IS DISTINCT FROM opened.whom())"
KNOWN = "WHERE known.shown IS NULL OR known.shown;"
CHILD = """p.person_id IN (
  SELECT person_id FROM opened.bystander JOIN base.person q USING (person_id)
  JOIN base.victim v ON opened.digits(v.id_no) = opened.digits(q.id_no)
  WHERE stays AND v.victim_id = opened.child());"""
OPENED = (
    ("j.by_law AS sealed", f"j.by_law AND {NOT_THEIRS.format('j')} AS sealed"),
    ("  b.file_there AND (", f"  NOT {NOT_THEIRS.format('b')} OR b.file_there AND ("),
    ("  b.file_there AND b.grown", f"  NOT {NOT_THEIRS.format('b')} OR b.file_there AND b.grown"),
    (KNOWN, f"{KNOWN[:-1]} OR {CHILD}"),
    (
        f"SELECT opened.{SHOWN}\n",
        f"SELECT opened.{SHOWN}{OR_THEIRS}\n",
    ),
    (
        f"WHERE opened.{SHOWN};",
        f"WHERE opened.{SHOWN}{OR_THEIRS};",
    ),
    (
        "CASE WHEN x.masked THEN",
        "CASE WHEN x.masked AND v.victim_id IS DISTINCT FROM opened.child() THEN",
    ),
)
Rows = list[tuple[Any, ...]]


def opened_sql() -> str:
    """The reference world once more, as it is where somebody is asked for by a permit."""
    oracle = re.sub(r"\bsealed\.(?=\w)", "opened.", (SQL / "oracle.sql").read_text("utf-8"))
    oracle = oracle.replace("CREATE SCHEMA sealed;", "")
    for plain, opened in OPENED:
        assert plain in oracle
        oracle = oracle.replace(plain, opened)
    return oracle


@pytest.fixture(scope="module")
def world(postgres: PostgresWorld) -> Iterator[Database]:
    database = postgres.create_database(AGENCY)
    database.run(Path(__file__).with_name("permits.sql").read_text("utf-8"))
    database.run(opened_sql())
    yield database
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def planner(world: Database) -> Planner:
    return planner_of(world)[0]


def permit(principal: Principal, scope: Scope, *subjects: str) -> Permit:
    return Permit("q1", principal.name, scope, subjects, 0.0, time.time() + 3600)


def scene(principal: Principal, *permits: Permit) -> Scene:
    return Scene(principal, ("pg_catalog", "base"), permits=permits)


def people(world: Database) -> list[tuple[int, str]]:
    """Everybody who has a number, as an application would write it."""
    rows = world.run("SELECT person_id, id_no FROM base.person WHERE id_no IS NOT NULL ORDER BY 1")
    return [(person, normalise_identity(number)) for person, number in rows]


def differences(
    world: Database, planner: Planner, asking: Scene, table: str, view: str, *settings: str
) -> Rows:
    """Rows of one world that the other has not."""
    plan = planner.plan(f"SELECT * FROM base.{table}", asking)
    assert plan.text is not None, plan.decision.reason
    ours, theirs = f"SELECT v::text FROM ({plan.text}) AS v", f"SELECT v::text FROM {view} AS v"
    both = f"(({ours}) EXCEPT ALL ({theirs})) UNION ALL (({theirs}) EXCEPT ALL ({ours}))"
    return world.run(";".join(("SET jit = off", *settings, both)))


@pytest.mark.requirement("D5", "A14", "Q15", "Q34")
def test_the_whole_record_of_one_person_shows_and_of_nobody_else(world, planner):
    for person, number in people(world):
        asking = scene(COURT, permit(COURT, Scope.FULL, number))
        for table in TABLES:
            found = differences(
                world, planner, asking, table, f"opened.{table}", f"SET test.whom = {person}"
            )
            assert found == [], (person, table)


@pytest.mark.requirement("F5")
def test_a_court_reads_the_old_record_beside_an_adults_new_one_and_it_stays_sealed(world, planner):
    """第18条: who offends again as an adult has the old record written of, by the court alone."""
    number = dict(people(world))[19]
    permits = {
        "a court, by permit": (COURT, permit(COURT, Scope.FULL, number)),
        "a court, without": (COURT,),
        "a desk, by a permit of its own": (DESK, permit(DESK, Scope.CONVICTION, number)),
        "a desk, by the court's": (DESK, permit(COURT, Scope.FULL, number)),
    }
    text = "SELECT cp_id, offence_first FROM base.case_person WHERE person_id = 19"
    found = {}
    for who, asking in permits.items():
        plan = planner.plan(text, scene(*asking))
        assert plan.text is not None
        rows = world.run(plan.text)
        found[who] = {cp_id: offence is not None for cp_id, offence in rows}
    assert found == {
        "a court, by permit": {19: True, 20: True},
        "a court, without": {20: True},
        # that there was a conviction, and no more (第16条)
        "a desk, by a permit of its own": {19: False, 20: True},
        "a desk, by the court's": {20: True},
    }


@pytest.mark.requirement("D6", "D7", "Q35")
def test_a_conviction_shows_its_few_columns_and_nothing_of_who_was_not_convicted(world, planner):
    for person, number in people(world):
        asking = scene(DESK, permit(DESK, Scope.CONVICTION, number))
        for table in TABLES:
            schema = "convicted" if table in JUDGMENTS else "sealed"
            found = differences(
                world, planner, asking, table, f"{schema}.{table}", f"SET test.whom = {person}"
            )
            assert found == [], (person, table)


@pytest.mark.requirement("B3")
def test_a_missing_child_is_named_and_no_other(world, planner):
    children = world.run("SELECT victim_id, id_no FROM base.victim WHERE id_no IS NOT NULL")
    assert len(children) > 1
    for victim, number in children:
        asking = scene(COURT, permit(COURT, Scope.MISSING_CHILD, normalise_identity(number)))
        for table in TABLES:
            found = differences(
                world, planner, asking, table, f"opened.{table}", f"SET test.child = {victim}"
            )
            assert found == [], (victim, table)


def test_the_reference_shows_more_for_a_permit(world):
    """Or the tests above compare nothing."""
    counted = {
        view: [
            world.run(f"SET test.whom = {who}; SELECT count(*) FROM {view}")[0][0] for who in (0, 1)
        ]
        for view in ("opened.case_person", "opened.non_prosecution", "opened.document",
                     "opened.admin_penalty", "convicted.sentence", "convicted.charge")
    }  # fmt: skip
    assert all(none < one for none, one in counted.values()), counted
    shown = "SELECT count(*) FROM opened.victim WHERE name LIKE '被害童%'"
    assert world.run(f"SET test.child = 1; {shown}") == [(1,)]
    shown = "SELECT person_id FROM opened.person WHERE person_id IN (41, 49)"
    assert world.run(f"SET test.child = 1; {shown}") == [(41,)]
    assert world.run(f"SET test.child = 4; {shown}") == []
    papers = "SELECT doc_id FROM opened.document WHERE doc_id = 41"
    assert world.run(f"SET test.child = 4; {papers}") == []
    assert world.run(f"SET test.child = 1; {papers}") == [(41,)]


@pytest.mark.parametrize(
    ("principal", "of"),
    [
        (PLATFORM, Scope.FULL), (PLATFORM, Scope.CONVICTION), (DESK, Scope.FULL),
        (DESK, Scope.MISSING_CHILD), (COURT, Scope.BATCH),
    ],
)  # fmt: skip
@pytest.mark.requirement("C4")
def test_nobody_sees_more_by_a_scope_that_their_kind_cannot_have(planner, principal, of):
    everything = "SELECT * FROM base.case_person; SELECT * FROM base.victim"
    handed_in = scene(principal, permit(principal, of, "P00000004"))
    assert planner.plan(everything, handed_in) == planner.plan(everything, scene(principal))


def test_a_permit_of_another_principal_or_for_nobody_is_none(planner):
    text, number = "SELECT * FROM base.case_person", "P00000004"
    plain = planner.plan(text, scene(COURT))
    others = replace(permit(COURT, Scope.FULL, number), principal=DESK.name)
    for one in (others, permit(COURT, Scope.FULL)):
        assert planner.plan(text, scene(COURT, one)) == plain
    assert planner.plan(text, scene(COURT, permit(COURT, Scope.FULL, number))) != plain


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TEMP TABLE kept AS SELECT * FROM base.case_person",
        "INSERT INTO base.query_application (app_id) SELECT cp_id FROM base.case_person",
        "UPDATE base.case_person SET role = role",
        "DELETE FROM base.charge",
        "SELECT * FROM base.case_person WHERE cp_id = 1 FOR UPDATE",
        "WITH gone AS (DELETE FROM base.charge RETURNING *) SELECT * FROM base.case_person",
        "SELECT * FROM base.charge; DELETE FROM base.charge",
        "PREPARE p AS DELETE FROM base.charge",
    ],
)
def test_what_changes_or_keeps_rows_sees_what_it_sees_without(planner, text):
    asking = scene(COURT, permit(COURT, Scope.FULL, "P00000004"))
    assert planner.plan(text, asking) == planner.plan(text, scene(COURT))


@pytest.mark.requirement("D5")
def test_a_decision_names_the_permit_only_where_it_counts(planner):
    asking = scene(COURT, permit(COURT, Scope.FULL, "P00000004"))
    decided = planner.plan("SELECT * FROM base.document", asking).decision
    assert (decided.rule, decided.article) == ("permitted-rows", "实施办法第16条")
    assert decided.permits == ("q1",)
    for text in ("SELECT 1", "SELECT * FROM base.seal_notice"):
        assert planner.plan(text, asking).decision.permits == ()
    child = scene(COURT, permit(COURT, Scope.MISSING_CHILD, "P00000004"))
    assert planner.plan("SELECT * FROM base.victim", child).decision.permits == ("q1",)
    assert planner.plan("SELECT * FROM base.person", child).decision.permits == ("q1",)
    for text in ("SELECT * FROM base.sentence", "SELECT * FROM base.case_person"):
        assert planner.plan(text, child) == planner.plan(text, scene(COURT))


def test_a_condition_on_a_column_that_is_not_shown_meets_nothing(world, planner):
    """The rows are chosen by what shows of them, and not by what is behind it."""
    ((person, number),) = [one for one in people(world) if one[0] == 1]
    asking = scene(DESK, permit(DESK, Scope.CONVICTION, number))
    for condition in ("case_id = 1", "offence_first = '2021-11-01'", "case_id > 0"):
        text = f"SELECT cp_id FROM base.case_person WHERE person_id = {person} AND {condition}"
        plan = planner.plan(text, asking)
        assert plan.text is not None
        assert world.run(plan.text) == []
    plan = planner.plan(f"SELECT cp_id FROM base.case_person WHERE person_id = {person}", asking)
    assert plan.text is not None
    assert world.run(plan.text) == [(1,)]
