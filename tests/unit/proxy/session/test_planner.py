from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.decision import Verdict
from proxy.policy.law import PrincipalKind
from proxy.session.plan import (
    DropPortal,
    DropPortals,
    DropStatement,
    ResetClaims,
    ResetSearchPath,
    Scene,
    SetSearchPath,
    Timing,
)
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.statement.claims import Claim
from proxy.statement.commands import TransactionControl
from proxy.statement.temporary import DropTemporaries, MakeTemporary
from tests.unit.proxy.small_world import (
    CATALOGUE,
    LAW,
    PATH,
    PLANNER,
    SCENE,
    UNIT,
    base,
    plan,
)

CASES = base("cases")

PIECES = st.sampled_from(
    ["SELECT", "*", "FROM", "cases", "c", "WHERE", "(", ")", "'", '"', "id", "=", "1", ";", "--",
     "/*", "*/", "JOIN", "ON", ",", "UNION", "UPDATE", "SET", "$1", "\\", "E'", "$$", "中", "\x01"]
)  # fmt: skip


@given(st.text(max_size=60) | st.lists(PIECES, max_size=14).map(" ".join))
def test_any_text_gets_a_plan_and_what_is_refused_is_not_sent(text):
    made = PLANNER.plan(text, SCENE)
    assert (made.text is None) is (made.decision.verdict is Verdict.REFUSE)
    if made.decision.verdict is Verdict.PASS:
        assert made.text == text


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "  SELECT '中' -- x\n", "", ";", "BEGIN", "SHOW x", "select * FROM Courts"]
)
def test_what_touches_nothing_protected_is_sent_as_it_is(sql):
    assert plan(sql).text == sql
    assert not plan(sql).guarded


@pytest.mark.parametrize(
    ("sql", "timing"),
    [
        ("SELECT * FROM cases", Timing.WITH),
        ("SELECT * FROM cases FOR UPDATE", Timing.FIRST),
        ("SELECT nextval('s')", Timing.FIRST),
        ("INSERT INTO courts VALUES ('a')", Timing.FIRST),
        ("WITH d AS (DELETE FROM sentences RETURNING id) SELECT * FROM d", Timing.FIRST),
        ("SELECT 1; UPDATE courts SET name = 'x'", Timing.FIRST),
        ("BEGIN", Timing.WITH),
        ("COPY courts FROM STDIN", Timing.FIRST),
        ("COPY courts TO STDOUT", Timing.WITH),
    ],
)
def test_what_may_change_something_is_recorded_before_it_is_sent(sql, timing):
    assert plan(sql).timing is timing


def test_protected_relations_named_without_end_are_refused_before_they_are_rewritten(monkeypatch):
    """Every one costs milliseconds, wherever in the text it stands."""
    monkeypatch.setattr("proxy.session.planner._OBLIGATIONS_MAX", 3)
    for unit in ("SELECT id FROM base.cases; ", "SELECT (SELECT count(*) FROM base.cases); "):
        assert plan(unit * 3).text is not None
        refused = plan(unit * 4).decision
        assert (refused.verdict, refused.rule) == (Verdict.REFUSE, "cannot-narrow")


def test_one_refused_statement_refuses_the_whole_text():
    made = plan("SELECT 1; SELECT peek(); SELECT * FROM cases")
    assert made.text is None
    assert made.decision.rule == "unvetted-function"


@pytest.mark.parametrize(
    ("sql", "effects"),
    [
        ("SET search_path TO base", (SetSearchPath(("base",)),)),
        ("RESET search_path", (ResetSearchPath(),)),
        (
            "DISCARD ALL",
            (
                ResetSearchPath(),
                ResetClaims(),
                DropStatement(None),
                DropPortals(),
                DropTemporaries(None),
            ),
        ),
        ("RESET ALL", (ResetSearchPath(), ResetClaims())),
        ("SET fengcun.operator = 'a'", (Claim("fengcun.operator", "a"),)),
        ("SET LOCAL Fengcun.Case_No TO DEFAULT", (Claim("fengcun.case_no", None, local=True),)),
        (
            "SELECT set_config('fengcun.operator', $1, true)",
            (Claim("fengcun.operator", None, local=True, parameter=1),),
        ),
        ("DISCARD TEMP", (DropTemporaries(None),)),
        ("CREATE TEMP TABLE t (n int)", (MakeTemporary("t", dropped_at_end=False),)),
        ("SELECT 1 AS n INTO TEMP t", (MakeTemporary("t", dropped_at_end=False),)),
        ("DROP TABLE IF EXISTS t, pg_temp.u", (DropTemporaries(("t", "u")),)),
        ("DEALLOCATE a", (DropStatement("a"),)),
        ("CLOSE ALL", (DropPortals(),)),
        ("CLOSE c", (DropPortal("c"),)),
        ("SAVEPOINT s", (TransactionControl("SAVEPOINT", "s"),)),
        ("RELEASE s", (TransactionControl("RELEASE", "s"),)),
        ("ROLLBACK TO s", (TransactionControl("ROLLBACK_TO", "s"),)),
        ("COMMIT; BEGIN", (TransactionControl("COMMIT"),)),
        ("ABORT", (TransactionControl("ROLLBACK"),)),
        ("SELECT 1", ()),
    ],
)
def test_what_a_text_does_to_the_session_is_known(sql, effects):
    assert plan(sql).effects == effects
    settling = (SetSearchPath, ResetSearchPath, DropStatement, DropTemporaries, MakeTemporary)
    assert plan(sql).settle is any(isinstance(effect, settling) for effect in effects)


def test_each_unit_has_plans_of_its_own():
    rule = LAW.relations[CASES]
    law = replace(
        LAW,
        handled={
            (unit,): {**LAW.relations, CASES: replace(rule, visible_when=f"self.name = '{unit}'")}
            for unit in ("u1", "u2")
        },
    )
    planner, cache = Planner(law, CATALOGUE), PlanCache()
    text = "SELECT id FROM cases WHERE id = {}"
    sent = {}
    for name, units in (("nobody", ()), ("one", ("u1",)), ("two", ("u2",))):
        principal = replace(UNIT, name=name, kind=PrincipalKind.HANDLER, units=units)
        scene = Scene(principal, PATH)
        assert cache.lookup(text.format(1), scene) is None
        cache.remember(text.format(1), scene, planner.work_out(text.format(1), scene))
        found = cache.lookup(text.format(2), scene)
        assert found == planner.plan(text.format(2), scene)
        sent[name] = found.text
    assert "flag" in sent["nobody"]
    assert "'u1'" in sent["one"]
    assert "'u2'" in sent["two"]


def test_outsiders_have_plans_of_their_own():
    law = replace(
        LAW, outside={CASES: replace(LAW.relations[CASES], visible_when="self.name = 'outside'")}
    )
    planner = Planner(law, CATALOGUE)
    for kind in PrincipalKind:
        principal = replace(UNIT, kind=kind)
        plan = planner.plan("SELECT id FROM cases", Scene(principal, PATH))
        told = "'outside'" in (plan.text or "")
        assert told is (kind in (PrincipalKind.UNIT, PrincipalKind.ADMINISTRATOR)), kind


@pytest.mark.parametrize(
    ("sql", "turns"),
    [
        ("SET client_encoding TO GBK", True),
        ("SET NAMES 'UTF8'", True),
        ("RESET client_encoding", True),
        ("SET search_path TO base", True),
        ("SET search_path TO DEFAULT", True),
        ("SELECT 1; RESET ALL", True),
        ("DISCARD ALL", True),
        ("DISCARD TEMP", False),
        ("SET statement_timeout TO 0", False),
        ("BEGIN", False),
        ("SELECT 1", False),
    ],
)
def test_what_changes_the_reading_of_later_texts_is_known(sql, turns):
    assert plan(sql).turns is turns


@pytest.mark.parametrize(
    ("sql", "copies_in", "guarded"),
    [
        ("COPY courts FROM STDIN", True, False),
        ("COPY cases (id) FROM STDIN (FORMAT csv)", True, True),
        ("COPY cases TO STDOUT", False, True),
        ("INSERT INTO courts VALUES ('a')", False, False),
    ],
)
def test_what_takes_rows_of_the_client_is_known(sql, copies_in, guarded):
    made = plan(sql)
    assert (made.copies_in, made.guarded) == (copies_in, guarded)
    assert (made.text == sql) is not (sql == "COPY cases TO STDOUT")


@pytest.mark.parametrize(
    ("sql", "late"),
    [
        ("COPY courts TO STDOUT", True),
        ("COPY courts FROM STDIN", True),
        ("COPY (SELECT 1) TO STDOUT", True),
        ("EXECUTE p", True),
        ("PREPARE p AS SELECT 1", True),
        ("DECLARE c CURSOR FOR SELECT 1", False),
        ("SELECT * FROM courts", False),
    ],
)
def test_what_the_server_looks_up_only_when_it_runs_the_text_is_known(sql, late):
    assert plan(sql).late is late


@pytest.mark.parametrize(
    "sql",
    [
        "COPY cases TO '/secret'",
        "SELECT 'SECRET' FROM nowhere",
        "SELECT peek('SECRET')",
        "SELECT 'SECRET",
        "UPDATE victims SET id = 1 WHERE name = 'SECRET'",
    ],
)
def test_a_refusal_repeats_no_literal(sql):
    assert plan(sql).text is None
    assert "secret" not in plan(sql).decision.reason.lower()
