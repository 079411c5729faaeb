"""Whoever runs a name answers for what it stands for, and a name nobody judged is not run."""

from dataclasses import replace

import pytest

from proxy.names import QualifiedName
from proxy.policy.decision import StatementClass, Verdict
from proxy.policy.permit import Permit, Scope
from proxy.session import refusals
from proxy.session.plan import (
    Namespace,
    OpenCursor,
    Plan,
    PrepareStatement,
    Timing,
    Use,
)
from proxy.statement.commands import TransactionControl
from tests.unit.proxy.session.playbook import (
    BOUND,
    DONE,
    FLUSH,
    IN_TRANSACTION,
    PARSED,
    POISON,
    PRINCIPAL,
    READY,
    SYNC,
    Plans,
    Play,
    bind,
    decision,
    error,
    execute,
    parse,
    query,
)

CASES = (QualifiedName("base", "cases"),)


def judged(kind, text, **more):
    verdict = more.pop("verdict", Verdict.PASS)
    relations = more.pop("relations", ())
    made = decision(verdict, kind)
    made = type(made)(
        made.verdict, made.rule, made.article, made.reason, made.statement_class, relations
    )
    return Plan(made, text, **more)


ROWS = judged(StatementClass.CURSOR, "", verdict=Verdict.STRIP, relations=CASES, guarded=True)
WRITE = judged(StatementClass.EXECUTE, "", relations=CASES, guarded=True, timing=Timing.FIRST)
PLANS = {
    "DECLARE": judged(StatementClass.CURSOR, "DECLARE", defines=(OpenCursor("c", ROWS, False),)),
    "DECLARE HOLD": judged(
        StatementClass.CURSOR, "DECLARE HOLD", defines=(OpenCursor("c", ROWS, True),)
    ),
    "FETCH": judged(StatementClass.CURSOR, "FETCH", uses=(Use(Namespace.PORTAL, "c"),)),
    "FETCH AFTER": judged(
        StatementClass.MULTIPLE, "FETCH AFTER", uses=(Use(Namespace.PORTAL, "c", True),)
    ),
    "PREPARE": judged(StatementClass.PREPARE, "PREPARE", defines=(PrepareStatement("p", WRITE),)),
    "EXECUTE": judged(
        StatementClass.EXECUTE, "EXECUTE", uses=(Use(Namespace.STATEMENT, "p"),), late=True
    ),
    "COMMIT": judged(StatementClass.TRANSACTION, "COMMIT", effects=(TransactionControl("COMMIT"),)),
}


@pytest.fixture
def play():
    return Play(Plans(known=dict(PLANS)))


def done(play, text, ready=IN_TRANSACTION):
    play.client(query(text)).durable()
    return play.server(DONE, ready)


def rule(play):
    return play.records[-1].decision.rule


@pytest.mark.parametrize(
    ("text", "expected"), [("FETCH", "unknown-portal"), ("EXECUTE", "unknown-statement")]
)
def test_a_name_nobody_judged_is_refused(play, text, expected):
    play.client(query(text))
    assert rule(play) == expected
    assert POISON in play.upstream


def test_a_fetch_is_recorded_with_what_its_cursor_reads(play):
    done(play, "DECLARE")
    (record,) = play.client(query("FETCH")).records
    assert record.decision.relations == CASES
    assert record.decision.verdict is Verdict.STRIP
    assert record.decision.statement_class is StatementClass.CURSOR
    assert play.upstream == query("FETCH")


def test_a_prepared_write_is_recorded_before_it_runs(play):
    done(play, "PREPARE")
    play.client(query("EXECUTE"))
    assert play.records
    assert not play.upstream
    assert play.durable().upstream == query("EXECUTE")


def test_a_declaration_that_failed_defines_nothing(play):
    play.client(query("DECLARE"))
    play.server(error(), READY)
    assert rule(play.client(query("FETCH"))) == "unknown-portal"


def test_a_cursor_ends_with_its_transaction_unless_held(play):
    done(play, "DECLARE")
    done(play, "COMMIT", READY)
    assert rule(play.client(query("FETCH"))) == "unknown-portal"


def test_a_held_cursor_does_not_outlive_the_policy_it_was_judged_by(play):
    done(play, "DECLARE HOLD")
    done(play, "COMMIT", READY)
    done(play, "FETCH", READY)
    play.plans.generation += 1
    assert rule(play.client(query("FETCH"))) == "stale-cursor"


def test_a_name_that_ended_in_the_same_text_is_not_the_one_before(play):
    done(play, "DECLARE")
    assert rule(play.client(query("FETCH AFTER"))) == "unknown-portal"


def test_behind_what_may_end_a_cursor_its_name_waits(play):
    done(play, "DECLARE")
    play.client(parse("COMMIT"), bind(), execute(), parse("FETCH"), bind(b"", b"f"), execute(b"f"))
    assert play.upstream.endswith(FLUSH)
    assert len(play.records) == 1
    play.durable().server(PARSED, BOUND, DONE)
    assert rule(play) == "unknown-portal"


def test_a_portal_waits_as_well(play):
    play.client(parse("SELECT 1"), bind(b"", b"n"), parse("COMMIT"), bind(), execute())
    count = len(play.records)
    play.client(execute(b"n"), SYNC)
    assert not play.records
    assert play.upstream == FLUSH
    play.durable().server(PARSED, BOUND, PARSED, BOUND, DONE)
    assert rule(play) == "unknown-portal"
    assert count == 2


def test_a_statement_of_another_kind_is_not_run_by_name():
    plans = dict(PLANS)
    other = judged(StatementClass.EXECUTE, "", uses=(Use(Namespace.PORTAL, "c"),))
    plans["PREPARE"] = judged(
        StatementClass.PREPARE, "PREPARE", defines=(PrepareStatement("p", other),)
    )
    play = Play(Plans(known=plans))
    done(play, "PREPARE")
    assert rule(play.client(query("EXECUTE"))) == "other-kind-of-name"


@pytest.mark.parametrize("hold", [False, True])
def test_a_cursor_is_not_read_on_once_its_permit_has_ended(play, hold):
    permit = Permit("q-1", PRINCIPAL.name, Scope.CONVICTION, ("P0001",), 0.0, 1.0)
    rows = replace(ROWS, decision=replace(ROWS.decision, permits=("q-1",)))
    text = "DECLARE HOLD" if hold else "DECLARE"
    opening = replace(PLANS[text], defines=(OpenCursor("c", rows, hold),))
    play.plans.known[text] = opening
    play.plans.granted = (permit,)
    play.client(query(text)).server(DONE, IN_TRANSACTION).durable()
    play.client(query("FETCH"))
    assert play.records[0].decision.permits == ("q-1",)
    play.server(DONE, IN_TRANSACTION).durable()
    if hold:
        play.client(query("COMMIT")).server(DONE, READY).durable()
    play.plans.granted = ()
    play.client(query("FETCH"))
    assert play.records[0].decision is refusals.PERMIT_ENDED
    assert POISON in play.upstream
